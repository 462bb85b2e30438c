// Signing keys: generated at start, or anew when a test rotates them.

import { createPublicKey, generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

const generate = promisify(generateKeyPair);

const RSA = ['rsa', { modulusLength: 2048 }];
const SHAPES = {
  RS256: RSA, RS384: RSA, RS512: RSA, PS256: RSA, PS384: RSA, PS512: RSA,
  ES256: ['ec', { namedCurve: 'P-256' }],
  ES384: ['ec', { namedCurve: 'P-384' }],
  ES512: ['ec', { namedCurve: 'P-521' }],
  EdDSA: ['ed25519', {}],
};

export const SIGNING_ALGS = Object.keys(SHAPES);

async function generateKey(alg) {
  const [type, options] = SHAPES[alg];
  const { privateKey } = await generate(type, options);
  const kid = `${alg.toLowerCase()}-${randomBytes(6).toString('hex')}`;
  return { ...privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
}

export async function generateKeySet(algs) {
  return { keys: await Promise.all(algs.map(generateKey)) };
}

export function publicKeySet({ keys }) {
  return {
    keys: keys.map(({ kid, alg, use, ...key }) => (
      { ...createPublicKey({ key, format: 'jwk' }).export({ format: 'jwk' }), kid, alg, use }
    )),
  };
}
