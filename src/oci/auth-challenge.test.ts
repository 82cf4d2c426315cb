import assert from 'node:assert/strict';
import test from 'node:test';
import { parseChallenges } from './auth-challenge.ts';

function plain(...headers: readonly string[]): unknown {
  return parseChallenges(headers).map(({ scheme, parameters }) => [scheme, { ...parameters }]);
}

test('a challenge is read in quotes or without, in any case and order', () => {
  const expected = [['bearer', { realm: 'https://a/token', service: 'a', scope: 'x:y:pull' }]];
  for (const header of [
    'Bearer realm="https://a/token",service="a",scope="x:y:pull"',
    'bearer scope="x:y:pull", Service=a ,  REALM = "https://a/token"',
    'BEARER realm=https://a/token, service="a", scope=x:y:pull',
  ]) {
    assert.deepEqual(plain(header), expected, header);
  }
});

test('several challenges stand in one header or in several', () => {
  const expected = [
    ['basic', { realm: 'a, b' }],
    ['negotiate', {}],
    ['bearer', { realm: 'https://a/t', scope: 'r:x:pull,push' }],
  ];
  const bearer = 'Bearer realm="https://a/t",scope="r:x:pull,push"';
  assert.deepEqual(plain(`Basic realm="a, b", Negotiate, ${bearer}`), expected);
  assert.deepEqual(plain('Basic realm="a, b"', `Negotiate, ${bearer}`), expected);
});

test('quotes are unescaped, the first of equal parameters counts, and nothing is inherited', () => {
  assert.deepEqual(plain('Basic realm="a\\"b", realm="c"'), [['basic', { realm: 'a"b' }]]);
  const [challenge] = parseChallenges(['Bearer __proto__="x"']);
  assert.equal(challenge?.parameters['toString'], undefined);
  assert.deepEqual(Object.keys(challenge?.parameters ?? {}), ['__proto__']);
});

test('what cannot be read is left out, and a very long header is not looked at', () => {
  assert.deepEqual(plain(''), []);
  assert.deepEqual(plain('realm="x"'), []);
  assert.deepEqual(plain('Bearer realm="never closed'), [['bearer', {}]].slice(0, 1));
  assert.deepEqual(plain(`Bearer realm="${'x'.repeat(20_000)}"`), []);
});
