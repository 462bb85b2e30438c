"""Subjects: the digest that stands for one in logs, and whether it is a person or a machine.

A machine's token is one from the client-credentials grant. RFC 9068 §2.2 says how it shows (`sub` is the client);
where an issuer shows it by a claim of its own, that counts too. A user name alone says nothing: people choose them.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Literal


def digest_subject(issuer: str, subject: str) -> str:
    """Return 16 hexadecimal characters of SHA-256 over issuer and subject, each with its length before it."""
    first, second = issuer.encode("utf-8"), subject.encode("utf-8")
    joined = b"%b%b%b%b" % (len(first).to_bytes(4, "big"), first, len(second).to_bytes(4, "big"), second)
    return sha256(joined).hexdigest()[:16]


def read_kind(claims: Mapping[str, Any]) -> Literal["person", "machine"]:
    """Say whether verified claims speak for a machine: no `sub`, `sub` is the client, or the issuer says so."""
    subject = claims.get("sub")
    if subject is None or subject in (claims.get("client_id"), claims.get("azp")):
        return "machine"
    if claims.get("gty") == "client-credentials" or claims.get("idtyp") == "app" or _is_service_account(claims):
        return "machine"
    return "person"


def _is_service_account(claims: Mapping[str, Any]) -> bool:
    """Keycloak: a user named after this very client, and no sign-in (`sid`), which a person who chose the name has."""
    client_id = claims.get("azp")
    if type(client_id) is not str or "sid" in claims:
        return False
    # Keycloak writes user names in lower case.
    return bool(claims.get("preferred_username") == f"service-account-{client_id.lower()}")
