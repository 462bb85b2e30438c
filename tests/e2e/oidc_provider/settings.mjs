// What a test may ask of the provider, and what it gets when it does not ask.
// Given as one JSON object: the first argument, or the environment variable OSTIARY_TEST_PROVIDER.

export const AUDIENCE = 'urn:ostiary:test-api';
export const OPAQUE_AUDIENCE = 'urn:ostiary:opaque-api';

const DEFAULTS = {
  port: 0, // 0: any free one; the ready line tells which
  issuer_host: '127.0.0.1', // or "localhost"; the socket is on 127.0.0.1 either way
  // RFC 7591 client metadata, and `access_token_format`: "jwt" (RFC 9068, with an audience) or "opaque".
  clients: [],
  users: [
    {
      login: 'quickstart-user',
      password: 'quickstart-user-pass',
      claims: {
        sub: 'quickstart-user',
        name: 'Quickstart User',
        preferred_username: 'quickstart-user',
        email: 'quickstart-user@example.com',
        email_verified: true,
      },
    },
  ],
  audience: AUDIENCE, // of the resource (RFC 8707) whose access tokens are JWTs
  opaque_audience: OPAQUE_AUDIENCE, // and of the one whose are opaque
  access_token_format: 'jwt', // for clients that do not say
  access_token_alg: 'RS256',
  scopes: ['openid', 'offline_access', 'profile', 'email', 'read', 'write'],
  require_pkce: false,
  issue_refresh_token: true, // without `offline_access`, to clients that have the grant
  rotate_refresh_tokens: true, // a rotated token that comes back revokes its whole grant
  conform_id_token_claims: true, // false: profile and email claims stand in the ID token too
  algs: ['RS256', 'PS256', 'ES256', 'EdDSA'], // one generated key each; the first of a kind signs
  jwks: null, // a private key set, in place of generated keys
  ttl: {}, // seconds by artifact: AccessToken, ClientCredentials, IdToken, RefreshToken, Session, …
  discovery: {}, // members to put into the discovery document, or (null) to leave out of it
  exit_on_stdin_end: false, // end with whoever started us, however that one ends
};

export function readSettings() {
  const given = JSON.parse(process.argv[2] ?? process.env.OSTIARY_TEST_PROVIDER ?? '{}');
  const unknown = Object.keys(given).filter((name) => !(name in DEFAULTS));
  if (unknown.length) throw new Error(`unknown settings: ${unknown.join(', ')}`);
  return { ...DEFAULTS, ...given };
}
