"""What an authorization server says about itself: its metadata (RFC 8414) and its public keys (RFC 7517).

Documents only; where they are answered is `ostiary.authorization_server.documents`'. Nothing here knows private halves
beyond the moment in which the public ones are taken out of them.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ostiary.identity.algorithms import ASYMMETRIC
from ostiary.identity.signing_keys import SigningKey

WELL_KNOWN = "/.well-known/oauth-authorization-server"
_ISSUER = re.compile(r"(https://[^/?#@\\\s]+)(/[^?#\\\s]*)?\Z")


def build_key_set(keys: Iterable[SigningKey]) -> dict[str, Any]:
    """Return the JWK Set of the public halves, each with its thumbprint as key id (RFC 7638)."""
    return {"keys": [_publish(key) for key in keys]}


def find_key_id(key: SigningKey) -> str:
    """Return the key id of a key."""
    return str(key.key.thumbprint())


def split_issuer(issuer: str) -> tuple[str, str] | None:
    """Return origin and path of an issuer that is an https URL without query (§2), else None."""
    match = _ISSUER.match(issuer)
    return None if match is None else (match[1], (match[2] or "").rstrip("/"))


def find_metadata_path(issuer: str) -> str | None:
    """Return where the metadata of an issuer stand (§3.1): the well-known path goes before the issuer's own."""
    parts = split_issuer(issuer)
    return None if parts is None else WELL_KNOWN + parts[1]


def build_metadata(
    issuer: str, paths: Mapping[str, str], scopes: Iterable[str], *, takes_assertions: bool
) -> dict[str, Any]:
    """Return the metadata of an https issuer. `paths` are those of its endpoints by their name in the metadata."""
    origin = issuer if (parts := split_issuer(issuer)) is None else parts[0]
    document: dict[str, Any] = {
        "issuer": issuer,
        **{name: f"{origin}{path}" for name, path in paths.items()},
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    }
    if takes_assertions:
        document["token_endpoint_auth_methods_supported"].append("private_key_jwt")
        document["token_endpoint_auth_signing_alg_values_supported"] = sorted(ASYMMETRIC)
    known = sorted(set(scopes))
    return {**document, "scopes_supported": known} if known else document


def _publish(key: SigningKey) -> dict[str, Any]:
    return {**key.key.as_dict(private=False), "kid": find_key_id(key), "use": "sig", "alg": key.default_algorithm}
