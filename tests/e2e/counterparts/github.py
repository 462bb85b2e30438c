"""GitHub's OAuth apps as its documentation shows them, on loopback and over TLS: a stand-in, not the service.

It speaks OAuth 2.0 without OpenID Connect: no discovery, no ID token, no refresh. The token endpoint answers errors
with 200, and with a form unless JSON is asked for. The API refuses callers without a User-Agent; e-mail addresses that
a person keeps private are in `/user/emails` only, and both they and organisations need their scope.
"""

import contextlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from tests.e2e.counterparts.stand_in import Answer, Call, serve_site, write_json, write_page
from tests.fakes.certificates import Authority

SITE_HOST = "github.com"
API_HOST = "api.github.com"
CLIENT_ID = "Iv1.8a61f9b3a7aba766"
CLIENT_SECRET = "a-secret-of-an-oauth-app"
LOGIN = "octocat"
USER_ID = 583231
EMAIL = "octocat@example.com"
ORGANISATIONS = ("ostiary-team", "octo-org")


@dataclass(frozen=True)
class Grant:
    """What a person allowed."""

    redirect_uri: str
    scopes: frozenset[str]
    challenge: str


@dataclass
class GitHub:
    """The service. `calls` are the requests that it got; with `hides_email` the profile shows none."""

    redirect_uris: Sequence[str]
    hides_email: bool = True
    port: int = 0
    calls: list[Call] = field(default_factory=list)
    codes: dict[str, Grant] = field(default_factory=dict)
    tokens: dict[str, Grant] = field(default_factory=dict)

    def answer(self, call: Call) -> Answer:
        """Answer a call, whatever it asks for."""
        self.calls.append(call)
        if call.host == SITE_HOST and call.path == "/login/oauth/authorize":
            return self._authorize(call.method, call.parameters)
        if call.host == SITE_HOST and call.path == "/login/oauth/access_token" and call.method == "POST":
            return self._redeem(call)
        if call.host == API_HOST and call.method == "GET":
            return self._tell(call)
        return Answer(404)

    def paths(self) -> list[str]:
        """Return what the API was asked for, in order."""
        return [call.path for call in self.calls if call.host == API_HOST]

    def _authorize(self, method: str, asked: Mapping[str, str]) -> Answer:
        if asked.get("client_id") != CLIENT_ID or asked.get("redirect_uri") not in self.redirect_uris:
            return Answer(404)
        if method != "POST":
            hidden = "".join(
                f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in asked.items()
            )
            return write_page(
                f'<!doctype html><form method="post">{hidden}<button name="go" value="1">Authorize</button>'
            )
        code = secrets.token_hex(10)
        scopes = frozenset(asked.get("scope", "").replace(",", " ").split())
        self.codes[code] = Grant(asked["redirect_uri"], scopes, asked.get("code_challenge", ""))
        query = f"code={code}&state={quote(asked.get('state', ''), safe='')}"
        return Answer(302, headers=(("Location", f"{asked['redirect_uri']}?{query}"),))

    def _redeem(self, call: Call) -> Answer:
        asked = call.parameters
        grant = self.codes.pop(asked.get("code", ""), None)
        if asked.get("client_id") != CLIENT_ID or asked.get("client_secret") != CLIENT_SECRET:
            return self._write(call, {"error": "incorrect_client_credentials"})
        if grant is None or asked.get("redirect_uri", grant.redirect_uri) != grant.redirect_uri:
            return self._write(call, {"error": "bad_verification_code"})
        if grant.challenge and grant.challenge != _challenge(asked.get("code_verifier", "")):
            return self._write(call, {"error": "bad_verification_code"})
        token = f"gho_{secrets.token_hex(18)}"
        self.tokens[token] = grant
        scope = ",".join(sorted(grant.scopes))
        return self._write(call, {"access_token": token, "scope": scope, "token_type": "bearer"})

    def _write(self, call: Call, content: dict[str, str]) -> Answer:
        if "application/json" in call.headers.get("accept", ""):
            return write_json(200, content)
        return Answer(200, urlencode(content).encode(), (("Content-Type", "application/x-www-form-urlencoded"),))

    def _tell(self, call: Call) -> Answer:
        if not call.headers.get("user-agent"):
            return Answer(403, b"Request forbidden by administrative rules.")
        grant = self.tokens.get(call.bearer.removeprefix("token "))
        if grant is None:
            return write_json(401, {"message": "Bad credentials"})
        if call.path == "/user":
            email = None if self.hides_email else EMAIL
            return write_json(200, {"login": LOGIN, "id": USER_ID, "name": "Mona Lisa", "email": email})
        if call.path == "/user/emails" and grant.scopes & {"user:email", "user"}:
            other = {"email": "old@example.com", "primary": False, "verified": True}
            return write_json(200, [other, {"email": EMAIL, "primary": True, "verified": True}])
        if call.path == "/user/orgs" and grant.scopes & {"read:org", "user"}:
            return write_json(200, [{"login": name, "id": index} for index, name in enumerate(ORGANISATIONS, 1)])
        return write_json(404, {"message": "Not Found"})


@contextlib.contextmanager
def start_github(authority: Authority, folder: Path, redirect_uris: Sequence[str], **settings: Any) -> Iterator[GitHub]:
    """Listen on a loopback port, with a certificate for both hosts; `settings` are fields of `GitHub`."""
    github = GitHub(redirect_uris, **settings)
    with serve_site(authority, folder, (SITE_HOST, API_HOST), github.answer) as github.port:
        yield github


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
