import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redact } from './redact.ts';

test('secrets in URLs and headers are hidden, and nothing else', () => {
  const cases = [
    ['http://user:pass@host/v2/', 'http://(hidden)@host/v2/'],
    ['http://ghp_abc@host/', 'http://(hidden)@host/'],
    [
      '/v2/a/blobs/uploads/1?digest=sha256:ab&token=s3cret',
      '/v2/a/blobs/uploads/1?digest=sha256:ab&token=(hidden)',
    ],
    [
      'https://s3/b?X-Amz-Signature=ff&X-Amz-Date=1',
      'https://s3/b?X-Amz-Signature=(hidden)&X-Amz-Date=1',
    ],
    ['Authorization: Bearer eyJhbGciOi.J9.x_y-z', 'Authorization: Bearer (hidden)'],
    ['{"h":"Basic dXNlcjpwYXNz"}', '{"h":"Basic (hidden)"}'],
    ['team/app@sha256:0123', 'team/app@sha256:0123'],
    ['http://host/a@b', 'http://host/a@b'],
    ['/v2/_catalog?n=5&last=a', '/v2/_catalog?n=5&last=a'],
    ['a basic test of bearer', 'a basic test of bearer'],
  ] as const;
  for (const [text, expected] of cases) assert.equal(redact(text), expected);
});
