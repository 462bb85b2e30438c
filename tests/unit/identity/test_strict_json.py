"""JSON from elsewhere, read strictly."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.identity.strict_json import MAX_DEPTH, InvalidJson, parse_json_object

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(-1e9, 1e9) | TEXT
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3))
OBJECTS = st.dictionaries(TEXT, VALUES, max_size=6)


@given(OBJECTS)
def test_what_was_written_compactly_is_read(value: dict[str, Any]) -> None:
    """The usual spelling: compact, unescaped."""
    assert value == parse_json_object(msgspec.json.encode(value))


@given(OBJECTS, st.booleans(), st.sampled_from([None, 1]))
def test_other_spellings_of_the_same_are_read(value: dict[str, Any], escaped: bool, indent: int | None) -> None:
    """White space and escapes change nothing."""
    assert value == parse_json_object(json.dumps(value, ensure_ascii=escaped, indent=indent).encode())


@given(OBJECTS.filter(bool), VALUES, st.data())
def test_a_member_that_comes_twice_is_refused_wherever_it_is(
    value: dict[str, Any], other: Any, data: st.DataObject
) -> None:
    """No spelling hides the second one, and no depth."""
    name = json.dumps(data.draw(st.sampled_from(sorted(value))))
    again = json.dumps(value)[:-1] + f", {name}: {json.dumps(other)}}}"
    depth = data.draw(st.integers(0, 3))
    raw = '{"in": [' * depth + again + "]}" * depth

    with pytest.raises(InvalidJson):
        parse_json_object(raw.encode())


@pytest.mark.parametrize(
    "raw",
    [
        b'{"alg":"none","alg":"RS256"}',
        b'{"a":1,"\\u0061":2}',
        b'{"a" :1,"a": 2}',
        b'{"b":{"a":1,"a":1}}',
        b'{"b":[{"a":"x:y","a":"x:y"}]}',
    ],
)
def test_duplicates_are_found_in_every_spelling(raw: bytes) -> None:
    """Escapes, white space, equal values, and colons in texts."""
    with pytest.raises(InvalidJson, match="twice"):
        parse_json_object(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b'"text"',
        b"null",
        b"{",
        b'{"a":1} {"a":1}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":1e999}',
        b'{"a":1,}',
        b"{'a':1}",
        b'{"a":01}',
        b'{"a":"\x00"}',
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\\ud800"}',
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        '{"a":1}'.encode("utf-16-le"),
        b'{"a":' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_strict_object_is_refused(raw: bytes) -> None:
    """Not an object, not JSON, not UTF-8, not a number, half a surrogate pair."""
    with pytest.raises(InvalidJson):
        parse_json_object(raw)


@pytest.mark.parametrize("depth", [1, MAX_DEPTH])
def test_depth_is_allowed_up_to_the_limit(depth: int) -> None:
    """The object itself is the first level; brackets side by side and in texts are no depth."""
    nested = b'{"a":' * (depth - 1) + b'{"t":"[[[[\\"{{{{"}' + b"}" * (depth - 1)
    wide = b'{"a":[' + b",".join([b"[]"] * 100) + b"]}"

    assert parse_json_object(nested)
    assert parse_json_object(wide)


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [(b'{"a":', b"}"), (b'{"a":[', b"]}")])
def test_what_is_deeper_is_refused_without_being_parsed(depth: int, opening: bytes, closing: bytes) -> None:
    """A deep text costs no stack."""
    with pytest.raises(InvalidJson, match="deeper"):
        parse_json_object(opening * depth + b"1" + closing * depth)


def test_deep_garbage_is_refused_too() -> None:
    """Text that hides its depth behind what is no JSON fails as such."""
    with pytest.raises(InvalidJson):
        parse_json_object(b'{"a":\\"' + b"[" * 100_000 + b'"')
