"""An Auth0 tenant as far as Higress's document shows it, on loopback and over TLS: a stand-in, not the service.

    with start_auth0(authority, folder, callbacks=[...], landings=[...]) as auth0:
        auth0.port                       # the tenant's host answers there

The issuer has its slash at the end, a refresh token stays the same, `offline_access` has to be asked for. What is no
address of the tenant is answered with what was sent, because the document's Ingress forwards a whole host there.
"""

import contextlib
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.e2e.counterparts.stand_in import Answer, Call, serve_site, write_json, write_page
from tests.fakes.certificates import Authority

HOST = "dev-o43xb1mz7ya7ach4.us.auth0.com"
ISSUER = f"https://{HOST}/"
CLIENT_ID = CLIENT_SECRET = "XXXXXXXXXXXXXXXX"
EMAIL, PASSWORD = "alice@example.com", "a-password-of-the-tenant"
LOGOUT = f"{ISSUER}oidc/logout"


@dataclass
class Auth0:
    """The tenant. `calls` are the requests that it got, `codes` those not redeemed yet, with what was asked."""

    callbacks: Sequence[str]
    landings: Sequence[str] = ()
    end_session_endpoint: str = LOGOUT
    lifetime_s: int = 86_400
    port: int = 0
    calls: list[Call] = field(default_factory=list)
    codes: dict[str, Mapping[str, str]] = field(default_factory=dict)
    refreshes: set[str] = field(default_factory=set)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "g5gQ1H_Ym64YIoVD0IZWL"}))

    def answer(self, call: Call) -> Answer:
        """Answer a call, whatever it asks for."""
        self.calls.append(call)
        own = {
            "/.well-known/openid-configuration": lambda: write_json(200, self._describe()),
            "/.well-known/jwks.json": lambda: write_json(200, {"keys": [self.key.as_dict(private=False)]}),
            "/authorize": lambda: self._sign_in(call.method, call.parameters),
            "/oauth/token": lambda: self._redeem(call.parameters),
            "/oidc/logout": lambda: self._sign_out(call.parameters),
        }
        return own[call.path]() if call.path in own else write_json(200, {"headers": dict(call.headers)})

    def read_token(self, token: str) -> dict[str, Any]:
        """Return the claims of a token that it signed. Raises joserfc's errors."""
        return jwt.decode(token, self.key, algorithms=["RS256"]).claims

    def asked(self, path: str) -> list[Mapping[str, str]]:
        """Return the parameters of the calls of a path, in order."""
        return [call.parameters for call in self.calls if call.path == path]

    def _describe(self) -> dict[str, Any]:
        return {
            "issuer": ISSUER, "authorization_endpoint": f"{ISSUER}authorize", "token_endpoint": f"{ISSUER}oauth/token",
            "jwks_uri": f"{ISSUER}.well-known/jwks.json", "end_session_endpoint": self.end_session_endpoint,
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }  # fmt: skip

    def _sign_in(self, method: str, asked: Mapping[str, str]) -> Answer:
        if (asked.get("client_id"), asked.get("response_type")) != (CLIENT_ID, "code"):
            return write_json(400, {"error": "invalid_request"})
        if asked.get("redirect_uri") not in self.callbacks:
            return write_json(403, {"error": "Callback URL mismatch."})
        if method != "POST" or (asked.get("email"), asked.get("password")) != (EMAIL, PASSWORD):
            hidden = "".join(
                f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
                for name, value in asked.items()
                if name not in ("email", "password")
            )
            fields = '<input name="email"><input name="password" type="password"><button>Continue</button>'
            return write_page(f'<!doctype html><form method="post" action="/authorize">{hidden}{fields}</form>')
        code = secrets.token_urlsafe(32)
        self.codes[code] = asked
        return _redirect(asked["redirect_uri"], code=code, state=asked["state"])

    def _redeem(self, asked: Mapping[str, str]) -> Answer:
        if (asked.get("client_id"), asked.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return write_json(401, {"error": "access_denied"})
        if asked.get("grant_type") == "refresh_token" and asked.get("refresh_token") in self.refreshes:
            return write_json(200, self._issue({}))
        began = self.codes.pop(asked.get("code", ""), None)
        if began is None or asked.get("redirect_uri") != began["redirect_uri"]:
            return write_json(403, {"error": "invalid_grant"})
        answer = self._issue({"nonce": began["nonce"]} if "nonce" in began else {})
        if "offline_access" in began["scope"].split():
            answer["refresh_token"] = secrets.token_urlsafe(32)
            self.refreshes.add(answer["refresh_token"])
        return write_json(200, answer)

    def _issue(self, more: Mapping[str, str]) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "email": EMAIL, "email_verified": False, "iss": ISSUER, "aud": CLIENT_ID, "iat": now,
            "exp": now + self.lifetime_s, "sub": "auth0|665d71e74c131177be66e607", "jti": secrets.token_hex(8), **more,
        }  # fmt: skip
        return {
            "access_token": secrets.token_urlsafe(48),
            "id_token": jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key),
            "scope": "openid email offline_access", "expires_in": self.lifetime_s, "token_type": "Bearer",
        }  # fmt: skip

    def _sign_out(self, asked: Mapping[str, str]) -> Answer:
        landing = asked.get("post_logout_redirect_uri")
        if landing is None:
            return write_page("<!doctype html><p>You are signed out.")
        return _redirect(landing) if landing in self.landings else write_json(400, {"error": "invalid_request"})


@contextlib.contextmanager
def start_auth0(authority: Authority, folder: Path, names: Sequence[str] = (), **settings: Any) -> Iterator[Auth0]:
    """Listen on a loopback port, with a certificate for the tenant's host and `names`; `settings` are its fields."""
    auth0 = Auth0(**settings)
    with serve_site(authority, folder, (HOST, *names), auth0.answer) as auth0.port:
        yield auth0


def _redirect(target: str, **parameters: str) -> Answer:
    return Answer(302, headers=(("Location", f"{target}?{urlencode(parameters)}" if parameters else target),))
