"""Patterns of the operator's, in RE2's language."""

import time

import pytest

from ostiary.plugins.oidc.linear_regex import MAX_PATTERN, compile_search


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [("^/api/", "/api/x", True), ("^/api/", "/x/api/", False), (r"\.css$", "/a.css", True), ("b", "/abc", True),
     ("", "/", True), ("^/\\p{L}+$", "/\N{LATIN SMALL LETTER E WITH ACUTE}", True)],
)  # fmt: skip
def test_a_pattern_is_found_anywhere(pattern: str, text: str, found: bool) -> None:
    """Unless it is anchored."""
    assert found is compile_search(pattern)(text)


@pytest.mark.parametrize("pattern", ["(", "(?=a)", r"\1", "a{5000}", "[", "*a"])
def test_what_re2_does_not_have_is_refused(pattern: str) -> None:
    """With RE2's reason."""
    with pytest.raises(ValueError, match="this is no RE2 pattern: "):
        compile_search(pattern)


def test_a_pattern_has_a_length() -> None:
    """Nobody writes longer ones by hand."""
    with pytest.raises(ValueError, match=f"at most {MAX_PATTERN} characters"):
        compile_search("a" * (MAX_PATTERN + 1))


def test_no_path_keeps_a_pattern_busy() -> None:
    """What takes others for ever is over at once."""
    search = compile_search("^(a+)+$")
    started = time.perf_counter()

    assert not search("a" * 8000 + "!")
    assert time.perf_counter() - started < 0.5
