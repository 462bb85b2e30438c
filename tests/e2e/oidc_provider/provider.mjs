// oidc-provider, configured from the settings. A rotation of keys makes a new one over the same store.

import { createLocalJWKSet, jwtVerify } from 'jose';
import { errors, Provider } from 'oidc-provider';

import { publicKeySet, SIGNING_ALGS } from './keys.mjs';
import { logoutPage, signedOutPage } from './pages.mjs';

const CLAIMS = {
  openid: ['sub'],
  profile: ['name', 'preferred_username'],
  email: ['email', 'email_verified'],
};
const COOKIE_KEY = 'cookies of a provider that exists for one test';
const LIFETIMES_S = {
  AccessToken: 3600, ClientCredentials: 3600, IdToken: 3600, RefreshToken: 86_400, Session: 86_400, Grant: 86_400,
  Interaction: 3600, AuthorizationCode: 60,
};

export function buildProvider(issuer, settings, keySet, store, traffic) {
  const provider = new Provider(issuer, buildConfiguration(settings, keySet, store));
  provider.use(traffic.recorder());
  provider.on('backchannel.success', (_ctx, client) => traffic.recordLogout(client.clientId, 200));
  provider.on('backchannel.error', (_ctx, error, client) => (
    traffic.recordLogout(client.clientId, error.response?.status ?? 0)
  ));
  provider.registerGrantType('password', passwordGrant(provider, settings), ['username', 'password', 'scope']);
  provider.use(userinfoForJwt(provider, settings, keySet));
  provider.use(amendDiscovery(settings));
  return provider;
}

function buildConfiguration(settings, keySet, store) {
  return {
    adapter: store.Adapter,
    clients: settings.clients,
    extraClientMetadata: { properties: ['access_token_format'] },
    scopes: settings.scopes,
    claims: CLAIMS,
    conformIdTokenClaims: settings.conform_id_token_claims,
    cookies: { keys: [COOKIE_KEY] },
    jwks: keySet,
    enabledJWA: { idTokenSigningAlgValues: [...SIGNING_ALGS, 'HS256'], userinfoSigningAlgValues: SIGNING_ALGS },
    fetch: callTheGateway,
    pkce: { required: () => settings.require_pkce },
    responseTypes: ['code'],
    ttl: lifetimes(settings),
    findAccount: (_ctx, sub) => findAccount(settings, sub),
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    loadExistingGrant: grantWhatIsAsked,
    issueRefreshToken: (_ctx, client, source) => client.grantTypeAllowed('refresh_token')
      && (settings.issue_refresh_token || source.scopes.has('offline_access')),
    rotateRefreshToken: settings.rotate_refresh_tokens,
    features: buildFeatures(settings),
  };
}

// Back-channel logout calls a gateway on loopback, which the guard against such calls (`dispatcher`) would not let it.
const callTheGateway = (url, { dispatcher, ...options }) => fetch(url, options);

// Functions, because a test may change a lifetime while the provider runs.
const lifetimes = (settings) => Object.fromEntries(
  Object.keys({ ...LIFETIMES_S, ...settings.ttl }).map((kind) => [kind, () => settings.ttl[kind] ?? LIFETIMES_S[kind]]),
);

function buildFeatures(settings) {
  return {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    jwtUserinfo: { enabled: true },
    backchannelLogout: { enabled: true },
    revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => { ctx.body = logoutPage(form); },
      postLogoutSuccessSource: (ctx) => { ctx.body = signedOutPage(); },
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_ctx, client, oneOf) => oneOf?.[0]
        ?? (wantsJwt(settings, client) ? settings.audience : undefined),
      useGrantedResource: () => true,
      getResourceServerInfo: (_ctx, indicator) => resourceServer(settings, indicator),
    },
  };
}

const wantsJwt = (settings, client) => (
  (client.access_token_format ?? settings.access_token_format) === 'jwt'
);

function resourceServer(settings, indicator) {
  const scope = settings.scopes.join(' ');
  if (indicator === settings.opaque_audience) return { audience: indicator, scope, accessTokenFormat: 'opaque' };
  if (indicator !== settings.audience) throw new errors.InvalidTarget();
  return { audience: indicator, scope, accessTokenFormat: 'jwt', jwt: { sign: { alg: settings.access_token_alg } } };
}

function findAccount(settings, sub) {
  const user = settings.users.find(({ claims }) => claims.sub === sub);
  return user && { accountId: sub, claims: () => user.claims };
}

// Consent is given beforehand: whatever the client asks for, it is granted.
async function grantWhatIsAsked(ctx) {
  const { client, params, provider, requestParamScopes, resourceServers, result, session } = ctx.oidc;
  const grantId = result?.consent?.grantId ?? session.grantIdFor(client.clientId);
  const known = grantId && await provider.Grant.find(grantId);
  const grant = known || new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope(params.scope ?? '');
  for (const resource of Object.keys(resourceServers ?? {})) {
    grant.addResourceScope(resource, [...requestParamScopes].join(' '));
  }
  await grant.save();
  return grant;
}

// RFC 6749 §4.3, as a custom grant: oidc-provider has left it out.
function passwordGrant(provider, settings) {
  return async function settle(ctx) {
    const { client, params } = ctx.oidc;
    const user = settings.users.find(({ login, password }) => (
      login === params.username && password === params.password
    ));
    if (!user) throw new errors.InvalidGrant('unknown username or wrong password');
    const accountId = user.claims.sub;
    const scope = params.scope || 'openid';
    const grant = new provider.Grant({ accountId, clientId: client.clientId });
    grant.addOIDCScope(scope);
    grant.addResourceScope(settings.audience, scope);
    const grantId = await grant.save();
    const token = new provider.AccessToken({ accountId, client, grantId, gty: 'password', scope });
    if (wantsJwt(settings, client)) {
      token.resourceServer = new provider.ResourceServer(settings.audience, resourceServer(settings, settings.audience));
    }
    ctx.body = {
      access_token: await token.save(), expires_in: token.expiration, scope, token_type: 'Bearer',
    };
  };
}

// oidc-provider gives user claims only for opaque tokens without an audience. Most providers also give them for the JWT
// access tokens that they issue; so does this one.
function userinfoForJwt(provider, settings, keySet) {
  const keys = createLocalJWKSet(publicKeySet(keySet));
  return async function answer(ctx, next) {
    const token = /^Bearer (\S+\.\S+\.\S+)$/i.exec(ctx.get('authorization'))?.[1];
    if (ctx.path !== provider.pathFor('userinfo') || !token) return next();
    try {
      const { payload } = await jwtVerify(token, keys, { issuer: provider.issuer, typ: 'at+jwt' });
      const account = findAccount(settings, payload.sub);
      const names = (payload.scope ?? '').split(' ').flatMap((scope) => CLAIMS[scope] ?? []);
      ctx.body = Object.fromEntries(names.map((name) => [name, account.claims()[name]]));
      ctx.set('Cache-Control', 'no-store');
    } catch {
      ctx.status = 401;
      ctx.set('WWW-Authenticate', 'Bearer error="invalid_token"');
      ctx.body = { error: 'invalid_token' };
    }
    return undefined;
  };
}

function amendDiscovery(settings) {
  return async function amend(ctx, next) {
    await next();
    if (ctx.path !== '/.well-known/openid-configuration' || ctx.status !== 200) return;
    const members = Object.entries({ ...ctx.body, ...settings.discovery });
    ctx.body = Object.fromEntries(members.filter(([, value]) => value !== null));
  };
}
