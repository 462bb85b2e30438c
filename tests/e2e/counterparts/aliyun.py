"""Alibaba Cloud's RAM OAuth as its documentation shows it, on loopback and over TLS: a stand-in, not the service.

    with start_aliyun(authority, folder, ["https://foo.bar.com/oauth2/callback"]) as aliyun:
        aliyun.port                      # both hosts answer there: signin.aliyun.com and oauth.aliyun.com

Two hosts share the work: people meet `signin.aliyun.com`, programs `oauth.aliyun.com`. The metadata name no userinfo
endpoint and no way for clients to authenticate, though there are both. A secret counts in the body only. Without
`access_type=offline` there is no refresh token; a refresh brings an access token and nothing else. ID tokens have no
`nonce`, unless `echoes_nonce`; without `signs_with_published_key` they are forged. Access tokens are opaque to
everybody but the service.
"""

import contextlib
import json
import secrets
import ssl
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.fakes.certificates import Authority

ISSUER = "https://oauth.aliyun.com"
SIGN_IN_HOST = "signin.aliyun.com"
SERVICE_HOST = "oauth.aliyun.com"
CLIENT_ID = "4567890123456789"
CLIENT_SECRET = "a-secret-of-the-ram-console"
LOGIN_NAME = "alice@example.onaliyun.com"
PASSWORD = "a-password-of-a-ram-user"
CODE_LIFETIME_S = 600
TOKEN_LIFETIME_S = 3600

METADATA: Mapping[str, Any] = {
    "code_challenge_methods_supported": ["plain", "S256"],
    "subject_types_supported": ["public"],
    "response_types_supported": ["code"],
    "issuer": ISSUER,
    "jwks_uri": f"{ISSUER}/v1/keys",
    "revocation_endpoint": f"{ISSUER}/v1/revoke",
    "token_endpoint": f"{ISSUER}/v1/token",
    "id_token_signing_alg_values_supported": ["RS256"],
    "scopes_supported": ["openid", "aliuid", "profile"],
    "authorization_endpoint": f"https://{SIGN_IN_HOST}/oauth2/v1/auth",
}


@dataclass
class Answer:
    """What is sent back."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Grant:
    """What a person allowed: an authorization code, or the refresh token that it became, stands for it."""

    redirect_uri: str
    scopes: frozenset[str]
    is_offline: bool
    challenge: str
    nonce: str
    granted_at: float


@dataclass
class Aliyun:
    """The service. `calls` are the requests it got: method, host, path and parameters."""

    redirect_uris: Sequence[str]
    echoes_nonce: bool = False
    signs_with_published_key: bool = True
    token_lifetime_s: int = TOKEN_LIFETIME_S
    port: int = 0
    calls: list[tuple[str, str, str, dict[str, str]]] = field(default_factory=list)
    codes: dict[str, Grant] = field(default_factory=dict)
    refreshes: dict[str, Grant] = field(default_factory=dict)
    tokens: dict[str, Grant] = field(default_factory=dict)
    key: RSAKey = field(
        default_factory=lambda: RSAKey.generate_key(2048, {"kid": "JC9wxzrhqJ0gtaCEt2QLUfevEUIwltFhui4O1bh67tU"})
    )

    def answer(self, method: str, host: str, path: str, parameters: dict[str, str], bearer: str) -> Answer:
        """Answer a request, whatever it asks for."""
        self.calls.append((method, host, path, parameters))
        if host == SIGN_IN_HOST and path == "/oauth2/v1/auth":
            return self._sign_in(method, parameters)
        if host != SERVICE_HOST:
            return Answer(404)
        if method == "GET" and path in {"/.well-known/openid-configuration", "/v1/keys"}:
            return _write(200, METADATA if path != "/v1/keys" else {"keys": [self.key.as_dict(private=False)]})
        if path == "/v1/userinfo":
            grant = self.tokens.get(bearer)
            return _refuse(401, "invalid_token") if grant is None else _write(200, describe_person(grant.scopes))
        if method == "POST" and path in {"/v1/token", "/v1/revoke"}:
            if parameters.get("client_id") != CLIENT_ID or parameters.get("client_secret") != CLIENT_SECRET:
                return _refuse(401, "invalid_client")
            return self._redeem(parameters) if path == "/v1/token" else self._revoke(parameters)
        return Answer(404)

    def read_id_token(self, token: str) -> dict[str, Any]:
        """Return the claims of an ID token that this service signed. Raises joserfc's errors."""
        return jwt.decode(token, self.key, algorithms=["RS256"]).claims

    def paths(self) -> list[str]:
        """Return what programs asked for, in order."""
        return [path for _, host, path, _ in self.calls if host == SERVICE_HOST]

    def _sign_in(self, method: str, asked: dict[str, str]) -> Answer:
        if asked.get("client_id") != CLIENT_ID or asked.get("response_type") != "code":
            return _refuse(400, "invalid_request")
        if asked.get("redirect_uri") not in self.redirect_uris:
            return _refuse(400, "redirect_uri_mismatch")
        if method != "POST":
            return _show_form(asked)
        if asked.get("login_name") != LOGIN_NAME or asked.get("password") != PASSWORD:
            return _show_form(asked)
        scopes = frozenset(asked.get("scope", "openid aliuid profile").split())
        code = secrets.token_urlsafe(24)
        self.codes[code] = Grant(
            asked["redirect_uri"], scopes, asked.get("access_type") == "offline", asked.get("code_challenge", ""),
            asked.get("nonce", ""), time.time(),
        )  # fmt: skip
        query = f"code={code}&state={quote(asked.get('state', ''), safe='')}"
        return Answer(302, headers=(("Location", f"{asked['redirect_uri']}?{query}"),))

    def _redeem(self, asked: dict[str, str]) -> Answer:
        if asked.get("grant_type") == "refresh_token":
            grant = self.refreshes.get(asked.get("refresh_token", ""))
            return _refuse(400, "invalid_grant") if grant is None else _write(200, self._issue(grant))
        if asked.get("grant_type") != "authorization_code":
            return _refuse(400, "unsupported_grant_type")
        grant = self.codes.pop(asked.get("code", ""), None)
        if grant is None or time.time() - grant.granted_at > CODE_LIFETIME_S:
            return _refuse(400, "invalid_grant")
        if asked.get("redirect_uri") != grant.redirect_uri or not _proves(asked.get("code_verifier", ""), grant):
            return _refuse(400, "invalid_grant")
        answer = {**self._issue(grant), "id_token": self._sign(grant)}
        if grant.is_offline:
            answer["refresh_token"] = secrets.token_urlsafe(24)
            self.refreshes[answer["refresh_token"]] = grant
        return _write(200, answer)

    def _issue(self, grant: Grant) -> dict[str, Any]:
        token = secrets.token_urlsafe(48)
        self.tokens[token] = grant
        return {"access_token": token, "token_type": "Bearer", "expires_in": str(self.token_lifetime_s)}

    def _sign(self, grant: Grant) -> str:
        now = int(time.time())
        claims = {
            "iss": ISSUER, "aud": CLIENT_ID, "iat": now, "exp": now + TOKEN_LIFETIME_S, **describe_person(grant.scopes),
        }  # fmt: skip
        if self.echoes_nonce and grant.nonce:
            claims["nonce"] = grant.nonce
        key = self.key if self.signs_with_published_key else RSAKey.generate_key(2048)
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, key)

    def _revoke(self, asked: dict[str, str]) -> Answer:
        self.refreshes.pop(asked.get("token", ""), None)
        return _write(200, {})


def describe_person(scopes: frozenset[str]) -> dict[str, str]:
    """Return the claims about the only user: `openid` tells nothing but who it is."""
    claims = {"sub": "206012345678901234"}
    if "aliuid" in scopes:
        claims |= {"uid": "206012345678901234", "aid": "1234567890123456"}
    if "profile" in scopes:
        claims |= {"type": "user", "name": "Alice", "upn": LOGIN_NAME}
    return claims


@contextlib.contextmanager
def start_aliyun(authority: Authority, folder: Path, redirect_uris: Sequence[str], **settings: Any) -> Iterator[Aliyun]:
    """Listen on a loopback port, with a certificate for both hosts; `settings` are fields of `Aliyun`."""
    aliyun = Aliyun(redirect_uris, **settings)
    context = authority.make_server_context(folder, SERVICE_HOST, SIGN_IN_HOST)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _make_handler(aliyun))
    server.socket = _wrap(server, context)
    aliyun.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, name="aliyun", daemon=True)
    thread.start()
    try:
        yield aliyun
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def _wrap(server: ThreadingHTTPServer, context: ssl.SSLContext) -> ssl.SSLSocket:
    return context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)


def _make_handler(aliyun: Aliyun) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def do_GET(self) -> None:
            self._serve({})

        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            self._serve(_read_pairs(form))

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
            """Stay silent."""

        def _serve(self, form: dict[str, str]) -> None:
            parts = urlsplit(self.path)
            host = (self.headers.get("Host") or "").partition(":")[0].lower()
            bearer = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            answer = aliyun.answer(self.command, host, parts.path, {**_read_pairs(parts.query), **form}, bearer)
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

    return Handler


def _read_pairs(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}


def _write(status: int, content: Mapping[str, Any]) -> Answer:
    headers = (("Content-Type", "application/json;charset=UTF-8"), ("Cache-Control", "no-store"))
    return Answer(status, json.dumps(content).encode(), headers)


def _refuse(status: int, error: str) -> Answer:
    return _write(status, {"error": error, "error_description": f"the stand-in says {error}"})


def _show_form(asked: Mapping[str, str]) -> Answer:
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in asked.items()
        if name not in {"login_name", "password"}
    )
    fields = '<input name="login_name"><input name="password" type="password"><button>Sign in</button>'
    page = f'<!doctype html><title>Alibaba Cloud</title><form method="post" action="/oauth2/v1/auth">{hidden}{fields}'
    return Answer(200, page.encode(), (("Content-Type", "text/html; charset=utf-8"),))


def _proves(verifier: str, grant: Grant) -> bool:
    """RFC 7636 §4.6: a challenge that was sent has to be answered; without one nothing is asked."""
    if not grant.challenge:
        return not verifier
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode() == grant.challenge
