"""The last look at header lines: whole lines of text, or nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.http.lines import is_clean_block

TEXT = st.binary(max_size=20).map(lambda value: bytes(byte for byte in value if byte == 9 or 32 <= byte != 127))


@given(st.lists(TEXT, max_size=10))
def test_lines_of_text_are_clean(lines: list[bytes]) -> None:
    """Visible ASCII, space, tab and obs-text, each line with its end."""
    assert is_clean_block(b"".join(line + b"\r\n" for line in lines), len(lines))


@given(st.lists(TEXT, min_size=1, max_size=10), st.integers(-3, 3).filter(bool))
def test_another_number_of_lines_is_not(lines: list[bytes], difference: int) -> None:
    """A value that brought its own line end is found by counting."""
    assert not is_clean_block(b"".join(line + b"\r\n" for line in lines), len(lines) + difference)


@given(TEXT, st.sampled_from([bytes([byte]) for byte in (*range(9), *range(10, 32), 127)]), TEXT)
def test_a_control_byte_anywhere_is_not(before: bytes, control: bytes, after: bytes) -> None:
    """NUL, CR, LF, DEL and the rest."""
    assert not is_clean_block(before + control + after + b"\r\n", 1)


@given(st.binary(max_size=30), st.integers(0, 4))
def test_it_agrees_with_a_slow_reading(block: bytes, lines: int) -> None:
    """Split at CRLF: so many lines, nothing behind them, and every byte of them is text."""
    *whole, rest = block.split(b"\r\n")
    expected = rest == b"" and len(whole) == lines and all(b == 9 or 32 <= b != 127 for line in whole for b in line)

    assert expected == is_clean_block(block, lines)


@pytest.mark.parametrize("block", [b"a: b", b"a: b\r", b"a: b\n", b"a: b\n\r", b"\r\na: b", b"a: b\r\n\n", b"\r\r\n\n"])
def test_half_a_line_end_is_none(block: bytes) -> None:
    """Also where the numbers of CR and LF would fit."""
    assert not is_clean_block(block, 1)


def test_no_lines_are_clean() -> None:
    """The empty block has none."""
    assert is_clean_block(b"", 0)
    assert not is_clean_block(b"", 1)
