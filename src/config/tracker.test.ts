import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTracker } from './tracker.ts';

test('a tracker is a host with a port, or the URL of one over HTTP or UDP', () => {
  for (const good of [
    '10.0.0.5:6969',
    'tracker.example:80',
    '[fd00::5]:6969',
    'udp://10.0.0.5:6969',
    'udp://[fd00::5]:6969/announce',
    'https://tracker.example/t/announce?key=1',
  ]) {
    assert.equal(parseTracker(good), good);
  }
  for (const bad of [
    'nonsense',
    'fd00::5',
    '[fd00::5]',
    'x:0',
    'x:65536',
    'udp://x',
    'http://user:secret@x:1',
    'ftp://x:1',
    'x:1/announce',
    '',
  ]) {
    assert.throws(() => parseTracker(bad), { code: 'USAGE' }, bad);
  }
});
