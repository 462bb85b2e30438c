"""Reading a compact JWS strictly, before any key is touched (RFC 7515 §3.1 and §5.2, RFC 8725 §3).

Size, alphabet, three segments, one spelling per token, strict JSON, and a header that asks for nothing we do not do.
What a header says about keys (`jwk`, `jku`, `x5u`, `x5c`) is never looked at. Encrypted tokens (five segments) are
not supported. Which signature belongs to it is `ostiary.identity.keys`' part, what it claims that of `id_token` and
`access_token`.
"""

from binascii import Error, a2b_base64
from typing import Any, final

from ostiary.bounded import BoundedMap
from ostiary.identity.strict_json import InvalidJson, parse_json_object

MAX_TOKEN_BYTES = 16_384
MAX_KEY_ID_CHARACTERS = 256
REMEMBERED_HEADERS = 64
_FOREVER = float("inf")

_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
# The last character of a segment carries spare bits; they must be zero, or one token would have several spellings.
_PADDING = (b"", None, b"==", b"=")
_LAST_WITHOUT_SPARE_BITS = (
    None, None, frozenset(b"AQgw"), frozenset(b"AEIMQUYcgkosw048"),
)  # fmt: skip
# `crit` and `b64` change how to verify, `enc` and `zip` belong to encrypted tokens, `cty` announces a nested one.
_REFUSED_MEMBERS = frozenset({"crit", "b64", "enc", "zip", "cty"})


class TokenRefused(Exception):  # noqa: N818 - the design's word: a refusal is an answer, not an error of ours
    """A token that is not accepted. `code` is stable and says which rule; the token itself is in no text.

    `ahead_s`, where a time was the reason: how far the token's time lies in our future, negative for the past.
    """

    def __init__(self, code: str, *, ahead_s: float | None = None) -> None:
        """Remember the stable `code` (lower_snake_case) and, for a matter of time, how far off it was."""
        super().__init__(code)
        self.code = code
        self.ahead_s = ahead_s


@final
class UnknownKey(TokenRefused):
    """No key in memory fits; fetching the provider's keys again may help. `kid` is None when the token names none."""

    def __init__(self, kid: str | None) -> None:
        """Remember the key id that the token named."""
        super().__init__("token_key_unknown")
        self.kid = kid


@final
class CompactToken:
    """A well-formed compact JWS of which nothing is proven yet. Made by `parse_compact_token`.

    `payload` are the bytes of the claims, `claims` the object that they spell, `raw` the token as it came.
    """

    __slots__ = ("algorithm", "claims", "key_id", "payload", "raw", "signature", "signing_input", "type")

    raw: bytes
    algorithm: str
    key_id: str | None
    type: str | None
    payload: bytes
    claims: dict[str, Any]
    signing_input: bytes
    signature: bytes

    def __repr__(self) -> str:
        """Name the algorithm only."""
        return f"CompactToken({self.algorithm})"


@final
class HeaderMemory:
    """JOSE headers that were read, by their bytes: an issuer puts the same one on every token that one key signs."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        """Remember nothing yet; 64 at most."""
        self._known: BoundedMap[bytes, tuple[str, str | None, str | None]] = BoundedMap(REMEMBERED_HEADERS)

    def read(self, segment: bytes, token: CompactToken) -> None:
        """Fill in algorithm, key id and type. Raises InvalidJson or TokenRefused; refused ones are not remembered."""
        known = self._known.get(segment, 0.0)
        if known is None:
            _read_header(token, parse_json_object(_decode_segment(segment)))
            self._known.put(segment, (token.algorithm, token.key_id, token.type), expires_at=_FOREVER, now=0.0)
        else:
            token.algorithm, token.key_id, token.type = known


def parse_compact_token(
    raw: bytes, headers: HeaderMemory | None = None, *, accept_unsigned: bool = False
) -> CompactToken:
    """Take a compact JWS apart; `headers` are those met before. Raises TokenRefused.

    A signature may be empty only with `accept_unsigned`, and then only where `alg` is `none` (RFC 7518 §3.6).

    Codes: `token_too_large`, `token_encrypted`, `token_malformed` (alphabet, segments, spelling), `token_json`,
    `token_header`.
    """
    if len(raw) > MAX_TOKEN_BYTES:
        raise TokenRefused("token_too_large")
    dots = raw.count(b".")
    if dots != 2:
        raise TokenRefused("token_encrypted" if dots == 4 else "token_malformed")
    if b"+" in raw or b"/" in raw or b"=" in raw:  # what base64 has and base64url without padding has not
        raise TokenRefused("token_malformed")
    signing_input, _, signature = raw.rpartition(b".")
    header, _, payload = signing_input.partition(b".")
    token = CompactToken()
    token.raw = raw
    try:
        (headers or HeaderMemory()).read(header, token)
        token.payload = _decode_segment(payload)
        token.claims = parse_json_object(token.payload)
    except InvalidJson:
        raise TokenRefused("token_json") from None
    token.signing_input = signing_input
    is_unsigned = accept_unsigned and not signature and token.algorithm == "none"
    token.signature = b"" if is_unsigned else _decode_segment(signature)
    return token


def _decode_segment(segment: bytes) -> bytes:
    """Decode base64url without padding (RFC 7515 §2), one spelling for each text. Empty ones are refused."""
    remainder = len(segment) % 4
    padding = _PADDING[remainder]
    last = _LAST_WITHOUT_SPARE_BITS[remainder]
    if not segment or padding is None or (last is not None and segment[-1] not in last):
        raise TokenRefused("token_malformed")
    try:
        return a2b_base64(segment.translate(_TO_STANDARD) + padding, strict_mode=True)
    except Error:
        raise TokenRefused("token_malformed") from None


def _read_header(token: CompactToken, header: dict[str, Any]) -> None:
    algorithm = header.get("alg")
    key_id = header.get("kid")
    kind = header.get("typ")
    if type(algorithm) is not str or not _REFUSED_MEMBERS.isdisjoint(header):
        raise TokenRefused("token_header")
    if key_id is not None and (type(key_id) is not str or len(key_id) > MAX_KEY_ID_CHARACTERS):
        raise TokenRefused("token_header")
    if kind is not None and type(kind) is not str:
        raise TokenRefused("token_header")
    token.algorithm = algorithm
    token.key_id = key_id
    token.type = kind


def check_type(token: CompactToken, accepted: frozenset[str]) -> None:
    """RFC 8725 §3.11: `typ` is absent or among `accepted` (lower case, without `application/`)."""
    if token.type is not None and token.type.lower().removeprefix("application/") not in accepted:
        raise TokenRefused("token_type")
