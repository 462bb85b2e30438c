"""JSON from elsewhere, read strictly: one object, UTF-8, no member twice, no NaN, not deep (RFC 8259, RFC 8725 §3.10).

Everybody who reads the same bytes must see the same claims. Parsers differ on members that come twice, so such an
object is refused instead of letting the last one win.
"""

import json
import re
from typing import Any

import msgspec

MAX_DEPTH = 32

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


class InvalidJson(ValueError):  # noqa: N818 - a noun, as in the RFC: the text is no JSON that can be trusted
    """The bytes are no strict JSON object. The text says which rule was broken and quotes nothing."""


def parse_json_object(raw: bytes) -> dict[str, Any]:
    """Return the object that `raw` spells. Raises InvalidJson.

    The usual text is compact and unescaped: it equals its own re-encoding, which proves that no member came twice.
    Only other texts are read a second time by a parser that shows every member.
    """
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH:
        _check_depth(raw)
    try:
        value = _decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise InvalidJson("it is no valid JSON in UTF-8") from None
    if type(value) is not dict:
        raise InvalidJson("it is no JSON object")
    if _encode(value) != raw:
        json.loads(raw.decode("utf-8"), object_pairs_hook=_check_members)
    return value


def _check_members(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        raise InvalidJson("a member comes twice")


def _check_depth(raw: bytes) -> None:
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", raw)):
        if bracket[0] in b"]}":
            depth -= 1
            continue
        depth += 1
        if depth > MAX_DEPTH:
            raise InvalidJson(f"it is nested deeper than {MAX_DEPTH} levels")
