"""A tiny identity provider for the benchmark: everybody is signed in at once, every opaque token is active.

    python -m tests.bench.provider KEY_FILE

It prints its issuer, then serves discovery, keys, authorization, token, userinfo and introspection on loopback. The
answers have the size of a real provider's. Not for testing what the gateway refuses: it checks nothing at all.
"""

import json
import secrets
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.bench.tokens import CLIENT_ID, SUBJECT, TokenMint

SESSION_TOKEN_BYTES = 135  # opaque; a sealed session with it makes a cookie of about 2.5 KB
READY = r"issuer (http://127\.0\.0\.1:\d+)\b"


class Provider:
    """What the endpoints answer. `nonces` remembers each code's nonce until it is redeemed."""

    def __init__(self, issuer: str, mint: TokenMint) -> None:
        """Speak as `issuer`, sign with `mint`."""
        self._issuer = issuer
        self._mint = mint
        self._nonces: dict[str, str] = {}

    def discovery(self) -> dict[str, Any]:
        """Every endpoint that the scenarios use."""
        return {
            "issuer": self._issuer,
            "authorization_endpoint": f"{self._issuer}/authorize",
            "token_endpoint": f"{self._issuer}/token",
            "userinfo_endpoint": f"{self._issuer}/userinfo",
            "jwks_uri": f"{self._issuer}/jwks",
            "introspection_endpoint": f"{self._issuer}/introspect",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "scopes_supported": ["openid", "profile", "email"],
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "authorization_response_iss_parameter_supported": True,
        }

    def authorize(self, query: dict[str, list[str]]) -> str:
        """Return where the browser goes on to: the redirect URI, with a code."""
        code = secrets.token_urlsafe(32)
        self._nonces[code] = query.get("nonce", [""])[0]
        answer = {"code": code, "state": query["state"][0], "iss": self._issuer}
        redirect_uri = query["redirect_uri"][0]
        return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode(answer)}"

    def redeem(self, form: dict[str, list[str]]) -> dict[str, Any]:
        """Return tokens for a code."""
        nonce = self._nonces.pop(form["code"][0])
        return {
            "access_token": secrets.token_urlsafe(SESSION_TOKEN_BYTES),
            "token_type": "Bearer",
            "expires_in": 3600,
            "refresh_token": secrets.token_urlsafe(48),
            "id_token": self._mint.id_token(nonce),
            "scope": "openid profile email",
        }

    def userinfo(self) -> dict[str, Any]:
        """Return the profile of the only user."""
        return {
            "sub": SUBJECT,
            "name": "Quick Start User",
            "preferred_username": "quickstart-user",
            "email": "quickstart-user@example.com",
            "email_verified": True,
        }

    def introspect(self) -> dict[str, Any]:
        """Every token is active for an hour."""
        now = int(time.time())
        return {
            "active": True,
            "iss": self._issuer,
            "sub": SUBJECT,
            "client_id": CLIENT_ID,
            "username": "quickstart-user",
            "scope": "openid profile email",
            "token_type": "Bearer",
            "iat": now,
            "exp": now + 3600,
        }

    def jwks(self) -> dict[str, Any]:
        """Return the only key."""
        return {"keys": [self._mint.public_jwk()]}


class _Endpoints(BaseHTTPRequestHandler):
    provider: ClassVar[Provider]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/authorize":
            self._answer(302, {}, self.provider.authorize(parse_qs(url.query)))
            return
        answers = {
            "/.well-known/openid-configuration": self.provider.discovery,
            "/jwks": self.provider.jwks,
            "/userinfo": self.provider.userinfo,
        }
        answer = answers.get(url.path)
        self._answer(200 if answer else 404, answer() if answer else {})

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode("ascii"))
        if self.path == "/token":
            self._answer(200, self.provider.redeem(form))
        elif self.path == "/introspect":
            self._answer(200, self.provider.introspect())
        else:
            self._answer(404, {})

    def log_message(self, *arguments: object) -> None:
        """Say nothing: the benchmark's output is a table."""

    def _answer(self, status: int, value: dict[str, Any], location: str = "") -> None:
        body = json.dumps(value).encode("ascii")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve until somebody ends this process."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Endpoints)
    issuer = f"http://127.0.0.1:{server.server_address[1]}"
    _Endpoints.provider = Provider(issuer, TokenMint(Path(sys.argv[1]).read_bytes(), issuer))
    print(f"issuer {issuer}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
