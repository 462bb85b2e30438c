"""Durations in Go's notation, read as Go reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.plugins.oidc.go_duration import DurationError, parse_go_duration

UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "\N{MICRO SIGN}s": 1e-6, "ns": 1e-9}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("168h0m0s", 604800.0),
        ("1h30m", 5400.0),
        ("15m", 900.0),
        ("0", 0.0),
        ("0s", 0.0),
        ("1.5h", 5400.0),
        (".5s", 0.5),
        ("5.s", 5.0),
        ("300ms", 0.3),
        ("1s1s", 2.0),
        ("1m2h", 7260.0),
        ("1us", 1e-6),
        ("1\N{MICRO SIGN}s", 1e-6),
        ("1\N{GREEK SMALL LETTER MU}s", 1e-6),
        ("1ns", 1e-9),
    ],
)
def test_a_duration_is_read_as_go_reads_it(text: str, seconds: float) -> None:
    """Parts in any order, repeated, with fractions."""
    assert seconds == parse_go_duration(text)


@pytest.mark.parametrize(
    ("text", "problem", "remedy"),
    [
        ("3600", "has no unit", "write 3600s for seconds"),
        ("1.5", "has no unit", "write 1.5s for seconds"),
        ("7d", "`d` is no unit of a duration", "write 168h for it"),
        ("2w", "`w` is no unit of a duration", "write 336h for it"),
        ("1h30", "ends in a number without a unit", "such as 1h30m"),
        ("1hour", "has a unit that is none", "units are h, m, s and ms"),
        ("1 h", "has a unit that is none", "units are"),
        ("1H", "has a unit that is none", "units are"),
        ("-1h", "is a negative duration", "write it like"),
        ("+1h", "is no duration", "write it like"),
        ("", "is no duration", "write it like 168h0m0s"),
        (".s", "is no duration", "write it like"),
        ("h", "is no duration", "write it like"),
        ("an hour", "is no duration", "write it like"),
        ("1h" * 40, "is no duration", "write it like"),
        ("\u0661h", "is no duration", "write it like"),
    ],
)
def test_anything_else_is_refused_with_what_to_write(text: str, problem: str, remedy: str) -> None:
    """A bare number is the commonest mistake."""
    with pytest.raises(DurationError) as caught:
        parse_go_duration(text)

    assert problem == caught.value.problem
    assert remedy in caught.value.remedy


@given(st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from(sorted(UNITS))), min_size=1, max_size=4))
def test_what_is_written_in_parts_is_their_sum(parts: list[tuple[int, str]]) -> None:
    """Whatever the parts are."""
    text = "".join(f"{count}{unit}" for count, unit in parts)

    assert sum(count * UNITS[unit] for count, unit in parts) == pytest.approx(parse_go_duration(text))


@given(st.text(max_size=20))
def test_no_text_is_read_but_durations(text: str) -> None:
    """Whatever is read begins with a number, and is not negative; nothing else is raised."""
    try:
        seconds = parse_go_duration(text)
    except DurationError:
        return
    assert seconds >= 0
    assert text[:1] in set("0123456789.")
