// What each endpoint was asked, and how a test makes it late, wrong or silent.

const ENDPOINTS = {
  '/.well-known/openid-configuration': 'discovery',
  '/jwks': 'jwks',
  '/auth': 'authorization',
  '/token': 'token',
  '/token/introspection': 'introspection',
  '/token/revocation': 'revocation',
  '/me': 'userinfo',
  '/session/end': 'end_session',
};

const RECORDED = 1000;

export function createTraffic() {
  let counters = {};
  let faults = {};
  let requests = [];

  return {
    reset() {
      counters = {};
      faults = {};
      requests = [];
    },

    counters: () => Object.fromEntries(
      Object.values(ENDPOINTS).map((endpoint) => [endpoint, counters[endpoint] ?? 0]),
    ),

    requests: () => requests,

    // {endpoint, delay_ms, status, body, content_type, hang, times}: `times` unset means until reset.
    setFault({ endpoint, ...fault }) {
      if (!Object.values(ENDPOINTS).includes(endpoint)) throw new Error(`no such endpoint: ${endpoint}`);
      faults[endpoint] = { times: Infinity, ...fault };
    },

    // Resolves to true when the request has been answered (or left to hang) here.
    async meet(path, response) {
      const endpoint = ENDPOINTS[path];
      if (!endpoint) return false;
      counters[endpoint] = (counters[endpoint] ?? 0) + 1;
      const fault = faults[endpoint];
      if (!fault || fault.times < 1) return false;
      fault.times -= 1;
      if (fault.delay_ms) await new Promise((resolve) => { setTimeout(resolve, fault.delay_ms); });
      if (fault.hang) return true;
      if (!fault.status) return false;
      const body = fault.body ?? '{"error":"server_error"}';
      response.writeHead(fault.status, { 'Content-Type': fault.content_type ?? 'application/json' });
      response.end(body);
      return true;
    },

    // A back-channel logout: which client was told, and what it answered (0: nothing).
    recordLogout(client_id, status) {
      requests.push({ endpoint: 'backchannel', client_id, status });
    },

    // What oidc-provider understood, for tests that ask what the client sent.
    recorder() {
      return async (ctx, next) => {
        try {
          await next();
        } finally {
          const endpoint = ENDPOINTS[ctx.path];
          if (endpoint && requests.length < RECORDED) {
            requests.push({
              endpoint,
              method: ctx.method,
              status: ctx.status,
              params: { ...ctx.oidc?.params },
              client_id: ctx.oidc?.entities?.Client?.clientId ?? null,
              authorization: ctx.get('authorization').split(' ')[0],
              type: ctx.type,
            });
          }
        }
      };
    },
  };
}
