// The identity provider of the end-to-end tests: a certified implementation, on loopback only, for as long as a test.
// Prints one JSON line {"issuer", "port"} on standard output when it is ready. Settings: settings.mjs. A test steers it
// through /_test/ on the same port:
//
//   GET  /_test/counters   requests by endpoint          GET  /_test/keys     the private keys in use
//   GET  /_test/requests   what each endpoint was asked  POST /_test/rotate   {"keep_old": true}: new keys sign
//   POST /_test/faults     see faults.mjs                POST /_test/forget   every session, grant and token is gone
//   POST /_test/reset      counters, requests and faults
//   POST /_test/lifetimes  {"AccessToken": 1}: seconds, for what is issued from now on
//   POST /_test/outage     {"seconds": 5}: nobody can connect; afterwards it goes on with what it knows

import { createServer } from 'node:http';

import { createTraffic } from './faults.mjs';
import { generateKeySet } from './keys.mjs';
import { consentPage, loginPage } from './pages.mjs';
import { buildProvider } from './provider.mjs';
import { readSettings } from './settings.mjs';
import { createStore } from './store.mjs';

const settings = readSettings();
const store = createStore();
const traffic = createTraffic();
let keySet = settings.jwks ?? await generateKeySet(settings.algs);
let issuer;
let provider;
let answer;

function renew() {
  provider = buildProvider(issuer, settings, keySet, store, traffic);
  answer = provider.callback();
}

async function readBody(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function send(response, status, type, body) {
  response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
  response.end(body);
}

const sendJson = (response, value) => send(response, 200, 'application/json', JSON.stringify(value));

const CONTROLS = {
  'GET /_test/counters': () => traffic.counters(),
  'GET /_test/requests': () => traffic.requests(),
  'GET /_test/keys': () => keySet,
  'POST /_test/faults': (fault) => traffic.setFault(fault),
  'POST /_test/forget': () => store.forget(),
  'POST /_test/reset': () => traffic.reset(),
  'POST /_test/lifetimes': (lifetimes) => Object.assign(settings.ttl, lifetimes),
  'POST /_test/outage': ({ seconds }) => goAway(seconds * 1000),
  'POST /_test/rotate': async ({ keep_old: keepOld = true }) => {
    const { keys } = await generateKeySet(settings.algs);
    keySet = { keys: keepOld ? [...keys, ...keySet.keys] : keys };
    renew();
    return { kids: keySet.keys.map(({ kid }) => kid) };
  },
};

// The answer to whoever asked for it still goes out.
function goAway(milliseconds) {
  const { port } = server.address();
  setTimeout(() => {
    server.close();
    server.closeAllConnections();
    setTimeout(() => server.listen(port, '127.0.0.1'), milliseconds);
  }, 50);
}

async function control(request, response, path) {
  const act = CONTROLS[`${request.method} ${path}`];
  if (!act) return send(response, 404, 'text/plain', 'no such control');
  const body = await readBody(request);
  return sendJson(response, (await act(body ? JSON.parse(body) : {})) ?? {});
}

async function showInteraction(request, response, uid) {
  const { params, prompt } = await provider.interactionDetails(request, response);
  const page = prompt.name === 'login' ? loginPage(uid, params.client_id, false) : consentPage(uid, params.client_id);
  send(response, 200, 'text/html; charset=utf-8', page);
}

async function settleInteraction(request, response, uid) {
  const { params, prompt } = await provider.interactionDetails(request, response);
  const form = new URLSearchParams(await readBody(request));
  const finish = (result) => provider.interactionFinished(request, response, result);
  if (form.get('action') === 'cancel') {
    return finish({ error: 'access_denied', error_description: 'the person said no' });
  }
  if (prompt.name !== 'login') return finish({ consent: {} });
  const user = settings.users.find(({ login, password }) => (
    login === form.get('login') && password === form.get('password')
  ));
  if (!user) return send(response, 401, 'text/html; charset=utf-8', loginPage(uid, params.client_id, true));
  return finish({ login: { accountId: user.claims.sub } });
}

async function serve(request, response) {
  const { pathname } = new URL(request.url, 'http://127.0.0.1');
  if (pathname.startsWith('/_test/')) return control(request, response, pathname);
  if (await traffic.meet(pathname, response)) return undefined;
  const uid = /^\/interaction\/([\w-]+)$/.exec(pathname)?.[1];
  if (!uid) return answer(request, response);
  if (request.method === 'POST') return settleInteraction(request, response, uid);
  return showInteraction(request, response, uid);
}

const server = createServer((request, response) => {
  serve(request, response).catch((error) => {
    if (response.headersSent) return response.destroy();
    return send(response, 400, 'text/plain; charset=utf-8', `${error.name}: ${error.message}`);
  });
});

server.listen(settings.port, '127.0.0.1', () => {
  const { port } = server.address();
  issuer = `http://${settings.issuer_host}:${port}`;
  renew();
  process.stdout.write(`${JSON.stringify({ issuer, port })}\n`);
});

process.on('SIGTERM', () => process.exit(0));
process.on('SIGINT', () => process.exit(0));
if (settings.exit_on_stdin_end) process.stdin.on('end', () => process.exit(0)).resume();
