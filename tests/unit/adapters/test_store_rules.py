"""What no store takes. That every store asks is tried in tests/contract."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.adapters.store_rules import MAX_VALUE_BYTES, check_key, check_member, check_value
from ostiary.errors import StoreFault


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=256))
def test_printable_ascii_is_a_key(key: str) -> None:
    """Without spaces, up to 256 characters."""
    check_key(key)


@given(st.text(min_size=1), st.characters(exclude_characters=[chr(code) for code in range(0x21, 0x7F)]))
def test_one_other_character_makes_it_none(text: str, other: str) -> None:
    """And it is not shown."""
    with pytest.raises(StoreFault, match="store_refused") as caught:
        check_key(text + other)
    assert text + other not in caught.value.detail or len(text) < 3


def test_sizes_and_times_have_an_end() -> None:
    """1 MiB, 1024 characters, a finite time."""
    check_value(b"x" * MAX_VALUE_BYTES, 1.0)
    check_member("é" * 1024, 1.0)
    for value, until in ((b"x" * (MAX_VALUE_BYTES + 1), 1.0), (b"", float("nan"))):
        with pytest.raises(StoreFault, match="store_refused"):
            check_value(value, until)
    for member, until in (("m", float("inf")), ("x" * 1025, 1.0), ("a\0b", 1.0), ("é\udc00", 1.0)):
        with pytest.raises(StoreFault, match="store_refused"):
            check_member(member, until)
