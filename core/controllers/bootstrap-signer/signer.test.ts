import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { detachedSignature } from './controller.ts';

test('the signature is a JWS whose middle is left out', () => {
  const jws = detachedSignature('content', 'abcdef', '0123456789abcdef'), [header, middle, signature] = jws.split('.') as [string, string, string];
  expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'HS256', kid: 'abcdef' });
  expect(middle).toBe('');
  expect(createHmac('sha256', '0123456789abcdef').update(`${header}.${Buffer.from('content').toString('base64url')}`).digest('base64url')).toBe(signature);
});
