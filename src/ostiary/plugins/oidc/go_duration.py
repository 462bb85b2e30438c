"""Go's notation of durations (`168h0m0s`, `1h30m`, `1.5h`, `300ms`, `0`) → seconds.

The grammar is that of Go's `time.ParseDuration`, without signs: no option here is ever negative. Pure; which durations
an option takes stands with the option.
"""

import re
from fractions import Fraction
from typing import final

_UNITS = {
    "h": Fraction(3600),
    "m": Fraction(60),
    "s": Fraction(1),
    "ms": Fraction(1, 10**3),
    "us": Fraction(1, 10**6),
    "\N{MICRO SIGN}s": Fraction(1, 10**6),
    "\N{GREEK SMALL LETTER MU}s": Fraction(1, 10**6),
    "ns": Fraction(1, 10**9),
}
_PART = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^0-9.]*)")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?\Z")
_LONGER = {"d": 24, "w": 168}
_MOST_CHARACTERS = 64
_REMEDY = "write it like 168h0m0s, 1h30m, 15m or 300ms"


@final
class DurationError(ValueError):
    """A text that is no duration: what is wrong (`problem`), and what to write (`remedy`)."""

    def __init__(self, problem: str, remedy: str = _REMEDY) -> None:
        """Hold both."""
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


def parse_go_duration(text: str) -> float:
    """Return the seconds that a duration stands for. Raises DurationError."""
    if text == "0":
        return 0.0
    if not text or len(text) > _MOST_CHARACTERS:
        raise DurationError("is no duration")
    if text.startswith("-"):
        raise DurationError("is a negative duration")
    if _NUMBER.match(text):
        raise DurationError("has no unit", f"write {text}s for seconds, or another of h, m, s and ms")
    total = Fraction(0)
    position = 0
    while position < len(text):
        match = _PART.match(text, position)
        assert match is not None  # noqa: S101 - every part of the pattern may be empty
        whole, fraction, unit = match.groups()
        if not whole and not fraction:
            raise DurationError("is no duration")
        total += _read_number(whole, fraction) * _find_unit(unit, whole)
        position = match.end()
    return float(total)


def _read_number(whole: str, fraction: str | None) -> Fraction:
    number = Fraction(int(whole or "0"))
    return number + Fraction(int(fraction), 10 ** len(fraction)) if fraction else number


def _find_unit(unit: str, whole: str) -> Fraction:
    if not unit:
        raise DurationError("ends in a number without a unit", "write the unit behind each number, such as 1h30m")
    if unit in _LONGER and whole:
        raise DurationError(f"`{unit}` is no unit of a duration", f"write {int(whole) * _LONGER[unit]}h for it")
    if unit not in _UNITS:
        raise DurationError("has a unit that is none", "units are h, m, s and ms: write it like 1h30m")
    return _UNITS[unit]
