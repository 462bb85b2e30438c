"""ID tokens: every check of OpenID Connect Core §3.1.3.7, in the order of the table `_CHECKS`.

The first check that fails refuses the token. Nothing is believed before the signature is verified, but what cannot
be ours anyway (issuer, audience) is refused before a key is looked for. Encrypted ID tokens are not supported.
"""

from binascii import b2a_base64
from collections.abc import Mapping
from hmac import compare_digest
from typing import Any, final

import msgspec

from ostiary.identity.algorithms import digest_for
from ostiary.identity.claims import (
    check_audience,
    check_expiry,
    check_issued_at,
    check_issuer,
    check_not_before,
    check_subject,
    read_session_id,
    read_text,
    read_texts,
    read_time,
)
from ostiary.identity.jose import CompactToken, TokenRefused, check_type, parse_compact_token
from ostiary.identity.keys import KeySet, check_issuer_signature

_TYPES = frozenset({"jwt"})


@final
class ExpectedIdToken(msgspec.Struct, frozen=True, kw_only=True):
    """What an ID token has to say to be ours.

    `algorithms`: the accepted `alg` values (the provider's `id_token_signing_alg_values_supported`); None accepts
    every asymmetric one. HS256, HS384 and HS512 have to be among them, with a `client_secret` as long as their hash.
    `accept_unsigned` takes `none` besides, with an empty signature: for a token that came from the token endpoint
    itself, over TLS, and from nowhere else.
    `nonce`: the flow's nonce, None when none was sent (refresh); a token without one is refused with `nonce_required`.
    `other_audiences` may stand in `aud` besides us. `slack_s` is the one clock tolerance, `max_token_age_s` how far
    back `iat` may lie. `auth_max_age_s` is the `max_age` that was sent, `acr_values` those that were asked for.
    `access_token`, `code` and `state` are what came along, for `at_hash`, `c_hash` and `s_hash`; the hash of what did
    not come along is refused. In the answer to a refresh (§12.2) `subject` is that of the first ID token.
    """

    issuer: str
    client_id: str
    nonce: str | None
    nonce_required: bool = False
    algorithms: frozenset[str] | None = None
    client_secret: str = ""
    other_audiences: frozenset[str] = frozenset()
    slack_s: float = 120.0
    max_token_age_s: float = 86_400.0
    acr_values: frozenset[str] = frozenset()
    auth_max_age_s: float | None = None
    access_token: str | None = None
    code: str | None = None
    state: str | None = None
    accept_unsigned: bool = False
    subject: str | None = None

    def __repr__(self) -> str:
        """Name issuer and client; the rest holds secrets."""
        return f"ExpectedIdToken({self.issuer!r}, {self.client_id!r})"


@final
class VerifiedIdToken:
    """An ID token that passed every check; its only maker is `read_id_token`. `claims` are the decoded payload."""

    __slots__ = ("claims", "raw")

    def __init__(self, claims: Mapping[str, Any], raw: str) -> None:
        """Hold what was verified."""
        self.claims = claims
        self.raw = raw

    def __repr__(self) -> str:
        """Show nothing: token and claims are personal."""
        return "VerifiedIdToken(***)"


@final
class _Examination:
    """An ID token under examination: the token, what is expected of it, the keys, the time, and the key's curve."""

    __slots__ = ("claims", "curve", "expected", "keys", "now", "token")

    def __init__(self, token: CompactToken, expected: ExpectedIdToken, keys: KeySet, now: float) -> None:
        """Begin with nothing proven."""
        self.token = token
        self.claims = token.claims
        self.expected = expected
        self.keys = keys
        self.now = now
        self.curve: str | None = None


def read_id_token(raw: str, expected: ExpectedIdToken, keys: KeySet, now: float) -> VerifiedIdToken:
    """Return the verified token. Raises TokenRefused, or UnknownKey when fetching the keys again may help.

    Codes, besides those of `parse_compact_token`: `token_issuer`, `token_audience`, `token_authorized_party`,
    `token_algorithm`, `token_signature`, `token_key_unknown`, `token_expired`, `token_issued_at`,
    `token_not_yet_valid`, `token_nonce`, `token_acr`, `token_auth_time`, `token_subject`, `token_hash`, `token_type`,
    and `token_claim` for a claim of the wrong type.
    """
    try:
        token = parse_compact_token(raw.encode("ascii"), accept_unsigned=expected.accept_unsigned)
    except UnicodeEncodeError:
        raise TokenRefused("token_malformed") from None
    examination = _Examination(token, expected, keys, now)
    for check in _CHECKS:
        check(examination)
    return VerifiedIdToken(token.claims, raw)


def _check_issuer(it: _Examination) -> None:
    """§3.1.3.7.2: it is from the issuer."""
    check_issuer(it.claims, it.expected.issuer)


def _check_audience(it: _Examination) -> None:
    """§3.1.3.7.3: it is for us, and for nobody else that is not trusted."""
    check_audience(it.claims, it.expected.client_id, it.expected.other_audiences)


def _check_authorized_party(it: _Examination) -> None:
    """§3.1.3.7.4-5: `azp` is ours when it is there, and it is there when there are several audiences."""
    party = read_text(it.claims, "azp")
    missing = party is None and len(read_texts(it.claims, "aud")) > 1
    if missing or (party is not None and party != it.expected.client_id):
        raise TokenRefused("token_authorized_party")


def _check_signature(it: _Examination) -> None:
    """§3.1.3.7.6-8: signed by the issuer's key, or the client secret for HMAC, with an accepted algorithm."""
    if it.expected.accept_unsigned and it.token.algorithm == "none" and not it.token.signature:
        return
    key = check_issuer_signature(it.token, it.keys, it.expected.algorithms, it.expected.client_secret)
    it.curve = key.curve


def _check_expiry(it: _Examination) -> None:
    """§3.1.3.7.9: `exp` is there and not over."""
    check_expiry(it.claims, it.now, it.expected.slack_s)


def _check_issued_at(it: _Examination) -> None:
    """§3.1.3.7.10: `iat` is there, has come, and is not from last week."""
    check_issued_at(it.claims, it.now, it.expected.slack_s, it.expected.max_token_age_s)


def _check_not_before(it: _Examination) -> None:
    """RFC 7519 §4.1.5: `nbf`, when there is one, has come."""
    check_not_before(it.claims, it.now, it.expected.slack_s)


def _check_nonce(it: _Examination) -> None:
    """§3.1.3.7.11: a nonce is the flow's; one that is missing is a matter of configuration."""
    nonce = read_text(it.claims, "nonce")
    expected = it.expected.nonce
    if nonce is None:
        if expected is not None and it.expected.nonce_required:
            raise TokenRefused("token_nonce")
    elif expected is not None and not compare_digest(nonce.encode("utf-8"), expected.encode("utf-8")):
        raise TokenRefused("token_nonce")


def _check_acr(it: _Examination) -> None:
    """§3.1.3.7.12: `acr` is one that was asked for."""
    if it.expected.acr_values and read_text(it.claims, "acr") not in it.expected.acr_values:
        raise TokenRefused("token_acr")


def _check_auth_time(it: _Examination) -> None:
    """§3.1.3.7.13: when `max_age` was sent, `auth_time` is there, has come, and is recent enough."""
    authenticated_at = read_time(it.claims, "auth_time")
    if it.expected.auth_max_age_s is None:
        return
    earliest = it.now - it.expected.auth_max_age_s - it.expected.slack_s
    if authenticated_at is None or not earliest <= authenticated_at <= it.now + it.expected.slack_s:
        raise TokenRefused("token_auth_time")


def _check_subject(it: _Examination) -> None:
    """§2: `sub` is a text of 1 to 255 ASCII characters. §12.2: after a refresh it is the same."""
    check_subject(it.claims)
    if it.expected.subject is not None and it.claims["sub"] != it.expected.subject:
        raise TokenRefused("token_subject")


def _check_hashes(it: _Examination) -> None:
    """§3.1.3.8, §3.3.2.11: each hash in the token is that of what came along."""
    for name, value in (("at_hash", it.expected.access_token), ("c_hash", it.expected.code),
                        ("s_hash", it.expected.state)):  # fmt: skip
        claimed = read_text(it.claims, name)
        if claimed is None:
            continue
        if value is None or not compare_digest(claimed.encode("utf-8"), _half_hash(it, value)):
            raise TokenRefused("token_hash")


def _half_hash(it: _Examination, value: str) -> bytes:
    digest = digest_for(it.token.algorithm, it.curve, value.encode("utf-8"))
    half = b2a_base64(digest[: len(digest) // 2], newline=False)
    return half.rstrip(b"=").translate(bytes.maketrans(b"+/", b"-_"))


def _check_type(it: _Examination) -> None:
    """RFC 8725 §3.11: `typ` is absent or JWT; access, logout, DPoP and event tokens name themselves otherwise.

    RFC 8417 §4.6: what has `events` is a security event, such as a logout token, even where it does not say so.
    """
    check_type(it.token, _TYPES)
    if "events" in it.claims:
        raise TokenRefused("token_type")


def _check_session_id(it: _Examination) -> None:
    """Front-Channel Logout §3: `sid`, where there is one, is a text."""
    read_session_id(it.claims)


# The order of the specification; a header that says `crit` was refused when the token was parsed.
_CHECKS = (
    _check_issuer,
    _check_audience,
    _check_authorized_party,
    _check_signature,
    _check_expiry,
    _check_issued_at,
    _check_not_before,
    _check_nonce,
    _check_acr,
    _check_auth_time,
    _check_subject,
    _check_hashes,
    _check_type,
    _check_session_id,
)
