import assert from 'node:assert/strict';
import test from 'node:test';
import { FleetOptionError, parseOptions } from './options.ts';

test('without options it is 20 hosts on 100 Mbit/s, and docket alone', () => {
  const options = parseOptions([]);
  assert.equal(options.hosts, 20);
  assert.equal(options.rate, 12_500_000);
  assert.equal(options.between, options.rate);
  assert.equal(options.size, 256_000_000);
  assert.deepEqual(options.contenders, ['docket']);
});

test('libtorrent runs plain and super-seeding, or super-seeding alone', () => {
  const contenders = (list: string) => parseOptions(['--against', list]).contenders;
  assert.deepEqual(contenders('libtorrent,central'), [
    'docket',
    'central',
    'libtorrent',
    'libtorrent-super',
  ]);
  assert.deepEqual(contenders('libtorrent-super'), ['docket', 'libtorrent-super']);
});

test('what makes no sense is refused', () => {
  const wrong = [
    ['--hosts', '0'],
    ['--hosts', '2.5'],
    ['--against', 'rsync'],
    ['--zones', '3', '--hosts', '2'],
    ['--between', '50mbit'],
    ['--churn', '101'],
    ['--churn', '60', '--slow', '60'],
    ['--nonsense'],
    ['extra'],
  ];
  for (const args of wrong) {
    assert.throws(() => parseOptions(args), FleetOptionError, args.join(' '));
  }
});
