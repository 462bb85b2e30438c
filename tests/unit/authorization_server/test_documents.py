"""JWK Set and metadata, for anybody to read. Where they matter: tests/unit/plugins/oauth2/test_beyond_config.py."""

import msgspec

from ostiary.authorization_server.consumers import Consumers
from ostiary.authorization_server.documents import Documents
from ostiary.authorization_server.settings import ServerSettings
from ostiary.identity.signing_keys import read_signing_key
from tests.fakes.client_keys import private_pem
from tests.fakes.requests import make_request

KEYS = (read_signing_key(private_pem("EC P-256")),)


def make(keys: tuple[object, ...] = KEYS, **settings: object) -> Documents:
    """The documents of a server."""
    written = ServerSettings(**{"issuer": "https://t.example", **settings})  # type: ignore[arg-type]
    return Documents(written, Consumers([]), keys, takes_assertions=False)  # type: ignore[arg-type]


def test_the_keys_stand_beside_the_token_endpoint() -> None:
    """At the end of a path, whole segments; they may be kept for minutes."""
    documents = make(auth_path="/sso/token")
    reply = documents.find(make_request("GET", "/any/sso/jwks"))

    assert reply is not None
    assert 1 == len(msgspec.json.decode(reply.body)["keys"])
    assert ("Cache-Control", "public, max-age=300") in reply.headers
    assert documents.find(make_request("GET", "/ssojwks")) is None
    assert documents.find(make_request("GET", "/other")) is None


def test_without_keys_there_is_nothing_to_read() -> None:
    """The consumers' secrets sign, and are nobody's business."""
    documents = make(())

    assert () == documents.claims
    assert documents.find(make_request("GET", "/oauth2/jwks")) is None


def test_endpoints_are_listed_as_far_as_they_are_switched_on() -> None:
    """With the origin of the issuer."""
    reply = make(revokes=True).find(make_request("HEAD", "/.well-known/oauth-authorization-server"))

    assert reply is not None
    document = msgspec.json.decode(reply.body)
    assert "https://t.example/oauth2/revoke" == document["revocation_endpoint"]
    assert "introspection_endpoint" not in document
