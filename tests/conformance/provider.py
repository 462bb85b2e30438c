"""Providers that behave well except for the one thing that a test changes, on one real HTTP server.

Each provider is an issuer of its own under a path of the server. It holds its client to the specifications: codes are
redeemed once, with their redirect URI, their PKCE verifier and the client's authentication; userinfo wants the access
token in the header. It signs everybody in at once, as the same person. Not a provider to learn from: nothing expires.
"""

import threading
from base64 import b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import time
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec

from ostiary.identity.pkce import build_challenge
from tests.fakes.issuer import encode, make_key, publish, sign

CLIENT_SECRET = "the-secret-that-the-provider-knows-the-client-by"
SUBJECT = "person-1"
SESSION_ID = "session-1"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
WELL_KNOWN = "/.well-known/openid-configuration"

Parameters = dict[str, str]


class Asked(NamedTuple):
    """A request to a provider: which endpoint, by which method, with which headers (lower case) and parameters."""

    endpoint: str
    method: str
    headers: Mapping[str, str]
    query: Parameters
    form: Parameters


class Answer(NamedTuple):
    """What a provider says."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    location: str = ""


class Provider:
    """One issuer. A test changes what it says: in the mappings, None leaves a member out.

    `metadata` changes the discovery document, `authorization` what comes back with the person, `tokens` the token
    response, `claims` those of every ID token, `signed_out` what comes back from signing out. `keys` is what
    `jwks_uri` publishes, `userinfo` the answer there: an object, or the text of a JWT. `write_id_token` makes a token
    of claims. `endpoints` answer, by path. `asked` are the requests so far, `id_tokens` what was issued.
    """

    def __init__(self, issuer: str, client_id: str) -> None:
        """Behave well, and know one client."""
        self.issuer = issuer
        self.client_id = client_id
        self.asked: list[Asked] = []
        self.metadata: dict[str, Any] = {}
        self.keys: list[Any] = [publish(make_key())]
        self.authorization: dict[str, str | None] = {}
        self.tokens: dict[str, Any] = {}
        self.signed_out: dict[str, str | None] = {}
        self.claims: dict[str, Any] = {}
        self.userinfo: dict[str, Any] | str = {"sub": SUBJECT, "name": "Somebody"}
        self.write_id_token: Callable[[dict[str, Any]], str] = sign
        self.id_tokens: list[str] = []
        self._codes: dict[str, Parameters] = {}
        self._issued = 0
        self._logouts = 0
        self._refresh_tokens: set[str] = set()
        self.endpoints: dict[str, Callable[[Asked], Answer]] = {
            WELL_KNOWN: lambda asked: answer_json(self.build_metadata()),
            "/authorize": self._authorize,
            "/token": self._give_tokens,
            "/keys": lambda asked: answer_json({"keys": self.keys}),
            "/userinfo": self._tell,
            "/logout": self._sign_out,
        }

    @property
    def origin(self) -> str:
        """That of the issuer's pages."""
        return self.issuer.rpartition("/")[0]

    @property
    def basic(self) -> str:
        """The client's authentication by HTTP Basic; its id and secret need no encoding (RFC 6749 §2.3.1)."""
        return "Basic " + b64encode(f"{self.client_id}:{CLIENT_SECRET}".encode("ascii")).decode("ascii")

    def answer(self, asked: Asked) -> Answer:
        """Answer a request, and note it."""
        self.asked.append(asked)
        endpoint = self.endpoints.get(asked.endpoint)
        return Answer(404) if endpoint is None else endpoint(asked)

    def requests(self, endpoint: str) -> list[Asked]:
        """Return what an endpoint was asked, in order."""
        return [asked for asked in self.asked if asked.endpoint == endpoint]

    def build_metadata(self) -> dict[str, Any]:
        """Return the discovery document."""
        return _change(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "jwks_uri": f"{self.issuer}/keys",
                "end_session_endpoint": f"{self.issuer}/logout",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
            },
            self.metadata,
        )

    def build_claims(self, nonce: str | None) -> dict[str, Any]:
        """Return the claims of an ID token."""
        now = int(time())
        usual = {
            "iss": self.issuer, "aud": self.client_id, "sub": SUBJECT, "iat": now, "exp": now + 300, "nonce": nonce,
            "sid": SESSION_ID, "at_hash": _halve(f"access-token-{self._issued}"),
        }  # fmt: skip
        return _change(usual, self.claims)

    def build_logout_claims(self, **changes: Any) -> dict[str, Any]:
        """Return the claims of a new logout token that ends the person's session (Back-Channel Logout 1.0 §2.4)."""
        now = int(time())
        self._logouts += 1
        usual = {
            "iss": self.issuer, "aud": self.client_id, "iat": now, "exp": now + 120, "jti": f"logout-{self._logouts}",
            "sid": SESSION_ID, "events": {LOGOUT_EVENT: {}},
        }  # fmt: skip
        return _change(usual, changes)

    def _authorize(self, asked: Asked) -> Answer:
        """RFC 6749 §4.1.2: send the person back at once, by redirect or by a form (form post response mode)."""
        code = f"code-{len(self.requests('/authorize'))}"
        self._codes[code] = asked.query
        promised = self.build_metadata().get("authorization_response_iss_parameter_supported")
        usual = {"code": code, "state": asked.query["state"], "iss": self.issuer if promised else None}
        answer = _change(usual, self.authorization)
        if asked.query.get("response_mode") == "form_post":
            return _answer_form(asked.query["redirect_uri"], answer)
        return Answer(302, location=f"{asked.query['redirect_uri']}?{urlencode(answer)}")

    def _give_tokens(self, asked: Asked) -> Answer:
        """RFC 6749 §4.1.3, §6, RFC 7636 §4.6; a code and a refresh token work once."""
        if asked.method != "POST" or asked.headers.get("authorization") != self.basic:
            return answer_json({"error": "invalid_client"}, 401)
        if asked.form.get("grant_type") == "refresh_token":
            return self._refresh(asked.form)
        flow = self._codes.pop(asked.form.get("code", ""), {})
        proof = build_challenge(asked.form.get("code_verifier", ""))
        is_ours = proof == flow.get("code_challenge") and asked.form.get("redirect_uri") == flow.get("redirect_uri")
        if not is_ours or asked.form.get("grant_type") != "authorization_code":
            return answer_json({"error": "invalid_grant"}, 400)
        return self._grant(flow["nonce"])

    def _refresh(self, form: Parameters) -> Answer:
        token = form.get("refresh_token", "")
        if token not in self._refresh_tokens:
            return answer_json({"error": "invalid_grant"}, 400)
        self._refresh_tokens.remove(token)
        return self._grant(None)

    def _grant(self, nonce: str | None) -> Answer:
        self._issued += 1
        self.id_tokens.append(self.write_id_token(self.build_claims(nonce)))
        self._refresh_tokens.add(f"refresh-token-{self._issued}")
        usual = {
            "access_token": f"access-token-{self._issued}",
            "token_type": "Bearer",
            "expires_in": 300,
            "refresh_token": f"refresh-token-{self._issued}",
            "id_token": self.id_tokens[-1],
            "scope": "openid",
        }
        return answer_json(_change(usual, self.tokens))

    def _tell(self, asked: Asked) -> Answer:
        """OpenID Connect Core §5.3: the access token in the header (RFC 6750 §2.1), and nowhere else."""
        if asked.headers.get("authorization") != f"Bearer access-token-{self._issued}":
            return Answer(401)
        if isinstance(self.userinfo, str):
            return Answer(200, self.userinfo.encode("ascii"), "application/jwt")
        return answer_json(self.userinfo)

    def _sign_out(self, asked: Asked) -> Answer:
        """RP-Initiated Logout §3: back to where the client wants the person, with its state and what a test adds."""
        landing = asked.query["post_logout_redirect_uri"]
        state = _change({"state": asked.query.get("state")}, self.signed_out)
        return Answer(302, location=f"{landing}?{urlencode(state)}" if state else landing)


class ProviderServer:
    """Providers by path, on a loopback port: `http://127.0.0.1:PORT/<name>` is the issuer of the client `name`."""

    def __init__(self, names: list[str]) -> None:
        """Listen."""
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self.port: int = self._server.server_address[1]
        self.providers = {name: Provider(f"http://127.0.0.1:{self.port}/{name}", name) for name in names}
        self._server.providers = self.providers
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="providers", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # the gateway keeps its connections
    providers: Mapping[str, Provider]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        _, name, endpoint = [*url.path.split("/", 2), ""][:3]
        headers = {key.lower(): value for key, value in self.headers.items()}
        asked = Asked(f"/{endpoint}", self.command, headers, _read(url.query), _read(body.decode("ascii")))
        answer = self.server.providers[name].answer(asked)
        self.send_response(answer.status)
        if answer.location:
            self.send_header("Location", answer.location)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing: what was asked is in `Provider.asked`."""


def answer_json(value: object, status: int = 200) -> Answer:
    """Return a JSON answer."""
    return Answer(status, msgspec.json.encode(value))


def _halve(text: str) -> str:
    """Return the half hash of a text, for an algorithm with SHA-256 (OpenID Connect Core §3.1.3.6)."""
    return encode(sha256(text.encode("ascii")).digest()[:16]).decode("ascii")


def _answer_form(action: str, fields: Mapping[str, str]) -> Answer:
    inputs = "".join(f'<input type="hidden" name="{name}" value="{escape(fields[name])}">' for name in fields)
    page = f'<body onload="document.forms[0].submit()"><form method="post" action="{escape(action)}">{inputs}</form>'
    return Answer(200, page.encode("utf-8"), "text/html; charset=utf-8")


def _change(usual: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


def _read(text: str) -> Parameters:
    return {
        name: values[0] for name, values in parse_qs(text, keep_blank_values=True, strict_parsing=bool(text)).items()
    }
