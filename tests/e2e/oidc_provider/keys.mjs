// Signing keys: generated at start, or anew when a test rotates them.

import { createPublicKey, generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

const generate = promisify(generateKeyPair);

const SHAPES = {
  RS256: ['rsa', { modulusLength: 2048 }],
  PS256: ['rsa', { modulusLength: 2048 }],
  ES256: ['ec', { namedCurve: 'P-256' }],
  EdDSA: ['ed25519', {}],
};

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
