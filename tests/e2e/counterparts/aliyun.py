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
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.e2e.counterparts.stand_in import Answer, Call, serve_site, write_json, write_page
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
    """The service. `calls` are the requests that it got."""

    redirect_uris: Sequence[str]
    echoes_nonce: bool = False
    signs_with_published_key: bool = True
    token_lifetime_s: int = TOKEN_LIFETIME_S
    port: int = 0
    calls: list[Call] = field(default_factory=list)
    codes: dict[str, Grant] = field(default_factory=dict)
    refreshes: dict[str, Grant] = field(default_factory=dict)
    tokens: dict[str, Grant] = field(default_factory=dict)
    key: RSAKey = field(
        default_factory=lambda: RSAKey.generate_key(2048, {"kid": "JC9wxzrhqJ0gtaCEt2QLUfevEUIwltFhui4O1bh67tU"})
    )

    def answer(self, call: Call) -> Answer:
        """Answer a call, whatever it asks for."""
        self.calls.append(call)
        if call.host == SIGN_IN_HOST and call.path == "/oauth2/v1/auth":
            return self._sign_in(call.method, call.parameters)
        if call.host != SERVICE_HOST:
            return Answer(404)
        if call.method == "GET" and call.path in {"/.well-known/openid-configuration", "/v1/keys"}:
            keys = {"keys": [self.key.as_dict(private=False)]}
            return write_json(200, keys if call.path == "/v1/keys" else METADATA)
        if call.path == "/v1/userinfo":
            grant = self.tokens.get(call.bearer)
            return _refuse(401, "invalid_token") if grant is None else write_json(200, describe_person(grant.scopes))
        if call.method == "POST" and call.path in {"/v1/token", "/v1/revoke"}:
            asked = call.parameters
            if asked.get("client_id") != CLIENT_ID or asked.get("client_secret") != CLIENT_SECRET:
                return _refuse(401, "invalid_client")
            return self._redeem(asked) if call.path == "/v1/token" else self._revoke(asked)
        return Answer(404)

    def read_id_token(self, token: str) -> dict[str, Any]:
        """Return the claims of an ID token that this service signed. Raises joserfc's errors."""
        return jwt.decode(token, self.key, algorithms=["RS256"]).claims

    def paths(self) -> list[str]:
        """Return what programs asked for, in order."""
        return [call.path for call in self.calls if call.host == SERVICE_HOST]

    def token_requests(self) -> list[Mapping[str, str]]:
        """Return what the token endpoint was asked, in order."""
        return [call.parameters for call in self.calls if call.path == "/v1/token"]

    def _sign_in(self, method: str, asked: Mapping[str, str]) -> Answer:
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

    def _redeem(self, asked: Mapping[str, str]) -> Answer:
        if asked.get("grant_type") == "refresh_token":
            grant = self.refreshes.get(asked.get("refresh_token", ""))
            return _refuse(400, "invalid_grant") if grant is None else write_json(200, self._issue(grant))
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
        return write_json(200, answer)

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

    def _revoke(self, asked: Mapping[str, str]) -> Answer:
        self.refreshes.pop(asked.get("token", ""), None)
        return write_json(200, {})


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
    with serve_site(authority, folder, (SERVICE_HOST, SIGN_IN_HOST), aliyun.answer) as aliyun.port:
        yield aliyun


def _refuse(status: int, error: str) -> Answer:
    return write_json(status, {"error": error, "error_description": f"the stand-in says {error}"})


def _show_form(asked: Mapping[str, str]) -> Answer:
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in asked.items()
        if name not in {"login_name", "password"}
    )
    fields = '<input name="login_name"><input name="password" type="password"><button>Sign in</button>'
    page = f'<!doctype html><title>Alibaba Cloud</title><form method="post" action="/oauth2/v1/auth">{hidden}{fields}'
    return write_page(page)


def _proves(verifier: str, grant: Grant) -> bool:
    """RFC 7636 §4.6: a challenge that was sent has to be answered; without one nothing is asked."""
    if not grant.challenge:
        return not verifier
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode() == grant.challenge
