"""Reading claims with their exact types: times, texts, audiences, scopes (RFC 7519 §4.1, RFC 8693 §4.2, RFC 9068).

And the checks that several kinds of token have in common: who issued it, for whom, when, about whom. A claim of the
wrong type refuses the token: a gateway that guesses what was meant disagrees with somebody.
"""

from collections.abc import Mapping
from typing import Any

from ostiary.identity.jose import TokenRefused

MAX_TIME = 2**53
MAX_SUBJECT_CHARACTERS = 255
_OTHER_USES = frozenset({"id", "id_token", "refresh", "refresh_token"})


def read_time(claims: Mapping[str, Any], name: str) -> float | None:
    """Return a NumericDate in seconds, None when absent or null; it lies within 0 < t < 2^53. Raises TokenRefused."""
    value = claims.get(name)
    if value is None:
        return None
    if (type(value) is not int and type(value) is not float) or not 0 < value < MAX_TIME:
        raise TokenRefused("token_claim")
    return value


def read_text(claims: Mapping[str, Any], name: str) -> str | None:
    """Return a text, None when absent or null. Raises TokenRefused `token_claim` for any other type."""
    value = claims.get(name)
    if value is not None and type(value) is not str:
        raise TokenRefused("token_claim")
    return value


def read_texts(claims: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Return a text or an array of texts as a tuple, empty when absent or null. Raises TokenRefused `token_claim`."""
    value = claims.get(name)
    if value is None:
        return ()
    if type(value) is str:
        return (value,)
    if type(value) is not list or not all(type(item) is str for item in value):
        raise TokenRefused("token_claim")
    return tuple(value)


def read_scopes(claims: Mapping[str, Any]) -> frozenset[str]:
    """Return the scopes from `scope` or, without one, `scp`: space-separated text or an array of texts."""
    name = "scp" if claims.get("scope") is None else "scope"
    value = claims.get(name)
    if type(value) is str:
        return frozenset(value.split())
    return frozenset(read_texts(claims, name))


def read_session_id(claims: Mapping[str, Any]) -> str | None:
    """Return `sid`, the provider's id of its own session (Front-Channel Logout §3), None when absent or null.

    Raises TokenRefused `token_claim` for what is no text, or an empty one.
    """
    session_id = read_text(claims, "sid")
    if session_id == "":
        raise TokenRefused("token_claim")
    return session_id


def check_token_use(claims: Mapping[str, Any]) -> None:
    """`token_use`, by which Amazon Cognito and Ory Hydra tell their tokens apart, says nothing but access.

    It is registered nowhere, so what it says elsewhere is no reason. Raises TokenRefused `token_type`.
    """
    use = claims.get("token_use")
    if type(use) is str and use.lower() in _OTHER_USES:
        raise TokenRefused("token_type")


def check_issuer(claims: Mapping[str, Any], issuer: str) -> None:
    """OpenID Connect Core §3.1.3.7.2: `iss` is exactly the issuer; no trailing slash is forgiven."""
    if read_text(claims, "iss") != issuer:
        raise TokenRefused("token_issuer")


def check_audience(claims: Mapping[str, Any], client_id: str, others: frozenset[str] = frozenset()) -> None:
    """OpenID Connect Core §3.1.3.7.3: `aud` contains our client id, and nobody else that is not trusted."""
    named = set(read_texts(claims, "aud"))
    if client_id not in named or not named <= others | {client_id}:
        raise TokenRefused("token_audience")


def check_issued_at(claims: Mapping[str, Any], now: float, slack_s: float, max_age_s: float) -> float:
    """RFC 7519 §4.1.6: `iat` is there, has come, and lies no further back than `max_age_s`. Return it."""
    issued_at = read_time(claims, "iat")
    if issued_at is None:
        raise TokenRefused("token_issued_at")
    if not now - max_age_s <= issued_at <= now + slack_s:
        raise TokenRefused("token_issued_at", ahead_s=issued_at - now)
    return issued_at


def check_expiry(claims: Mapping[str, Any], now: float, slack_s: float) -> float:
    """RFC 7519 §4.1.4: `exp` is there and, with the tolerance, not over. Return it."""
    expires_at = read_time(claims, "exp")
    if expires_at is None:
        raise TokenRefused("token_expired")
    if expires_at + slack_s <= now:
        raise TokenRefused("token_expired", ahead_s=expires_at - now)
    return expires_at


def check_not_before(claims: Mapping[str, Any], now: float, slack_s: float) -> None:
    """RFC 7519 §4.1.5: `nbf`, when there is one, has come."""
    not_before = read_time(claims, "nbf")
    if not_before is not None and not_before - slack_s > now:
        raise TokenRefused("token_not_yet_valid", ahead_s=not_before - now)


def check_subject(claims: Mapping[str, Any]) -> None:
    """OpenID Connect Core §2: `sub` is a text of 1 to 255 ASCII characters."""
    subject = claims.get("sub")
    if type(subject) is not str or not subject.isascii() or not 0 < len(subject) <= MAX_SUBJECT_CHARACTERS:
        raise TokenRefused("token_subject")
