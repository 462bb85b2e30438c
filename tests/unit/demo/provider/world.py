"""The names and steps that the provider's tests share."""

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tests.unit.demo.visitor import Answer, Visitor

ISSUER = "http://127.0.0.1:9090"
CLIENT_ID = "apisix-quickstart-client"
CLIENT_SECRET = "a-secret-for-tests"
REDIRECT_URI = "http://localhost:9080/anything/callback"
PERSON = {"username": "quickstart-user", "password": "quickstart-user-pass"}
BASIC = [("authorization", "Basic " + base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode())]
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@dataclass
class StandingClock:
    """Wall-clock seconds that pass when a test says so."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def authorize_url(**changes: str | None) -> str:
    """Return an authorization request, with parameters changed or, by None, left out."""
    parameters: dict[str, str | None] = {
        "client_id": CLIENT_ID,
        "response_type": "code",
        "redirect_uri": REDIRECT_URI,
        "scope": "openid profile email",
        "state": "the state",
        "nonce": "the nonce",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    return "/authorize?" + urlencode({name: value for name, value in parameters.items() if value is not None})


def sign_in(visitor: Visitor, **changes: str | None) -> Answer:
    """Walk through the sign-in page and return the redirect back."""
    return visitor.fill_in(visitor.get(authorize_url(**changes)), PERSON)


def redeem(visitor: Visitor, code: str | None, /, **changes: str | None) -> Answer:
    """Ask for the tokens of a code."""
    fields: dict[str, str | None] = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
        **changes,
    }
    return ask(visitor, "/token", **fields)


def ask(visitor: Visitor, path: str = "/token", /, **fields: str | None) -> Answer:
    """POST to an endpoint for machines, with the client's credentials; None leaves a field out."""
    return visitor.post(path, {name: value for name, value in fields.items() if value is not None}, BASIC)


def get_tokens(visitor: Visitor, **changes: str | None) -> dict[str, Any]:
    """Sign in and return the token endpoint's answer."""
    answer: dict[str, Any] = redeem(visitor, sign_in(visitor, **changes).sent_back["code"]).json()
    return answer


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a JWT, unverified."""
    return _decode(token.split(".")[1])


def header_of(token: str) -> dict[str, Any]:
    """Return the header of a JWT."""
    return _decode(token.split(".", maxsplit=1)[0])


def _decode(part: str) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return decoded
