"""Host patterns: what fits, what covers what, and that the index finds what a walk through all of them finds."""

from hypothesis import given
from hypothesis import strategies as st

from ostiary.config.host_index import HostIndex, covers_host, find_uncovered, fits_host, meets_host

HOSTS = ("a.example.com", "b.a.example.com", "example.com", "h", "x.h", "aexample.com", "[::1]", "")
PATTERNS = (*HOSTS[:-1], "*.example.com", "*.a.example.com", "*example.com", "*", "*.h", "a.*", "a*", "b.a.*", "x.*")
ENDS = (".example.com", "example.com", ".a.example.com", ".h", "h", ".nobody", "e")


def test_patterns_fit_hosts_at_their_ends() -> None:
    """Suffix, prefix, all, and exact."""
    assert fits_host("*.example.com", "www.example.com")
    assert not fits_host("*.example.com", "example.com")
    assert fits_host("www.*", "www.test.com")
    assert not fits_host("www.*", "test.com")
    assert fits_host("*", "anything")
    assert fits_host("h", "h")
    assert not fits_host("h", "x.h")


def test_a_pattern_covers_what_lies_within_it() -> None:
    """And may meet whatever shares a host with it."""
    assert covers_host("*.example.com", "*.a.example.com")
    assert not covers_host("*.a.example.com", "*.example.com")
    assert covers_host("a*", "a.*")
    assert covers_host("*", "a.*")
    assert not covers_host("a.*", "*")
    assert not covers_host("*.com", "a.*")
    assert meets_host("*.com", "a.*")
    assert meets_host("*.example.com", "a.example.com")
    assert not meets_host("*.example.com", "*.h")
    assert not meets_host("h", "x.h")


@given(st.sampled_from(PATTERNS), st.sampled_from(PATTERNS), st.sampled_from(HOSTS))
def test_covering_and_meeting_agree_with_fitting(one: str, other: str, host: str) -> None:
    """For every host."""
    if fits_host(other, host):
        assert fits_host(one, host) or not covers_host(one, other)
        assert meets_host(one, other) or not fits_host(one, host)


@given(
    st.lists(st.lists(st.sampled_from(PATTERNS), max_size=3)),
    st.sampled_from([pattern for pattern in PATTERNS if pattern == "*" or not pattern.endswith("*")]),
)
def test_the_index_finds_what_a_pattern_may_meet(conditions: list[list[str]], pattern: str) -> None:
    """As a walk through all of them does."""
    walked = [
        position
        for position, patterns in enumerate(conditions)
        if not patterns or any(meets_host(each, pattern) for each in patterns)
    ]

    assert walked == HostIndex(conditions).find_met(pattern)


@given(st.lists(st.lists(st.sampled_from(PATTERNS), max_size=3)))
def test_what_others_have_before_is_left_out(conditions: list[list[str]]) -> None:
    """Of each condition, and not what itself has twice."""
    walked = [
        tuple(
            pattern
            for pattern in patterns
            if not any(covers_host(wide, pattern) for before in conditions[:number] for wide in before)
        )
        for number, patterns in enumerate(conditions)
    ]

    assert walked == find_uncovered(conditions)


@given(st.lists(st.lists(st.sampled_from(PATTERNS), max_size=3)), st.sampled_from(HOSTS))
def test_the_index_finds_what_fits_in_the_order_given(conditions: list[list[str]], host: str) -> None:
    """A condition without patterns fits every host."""
    walked = [
        position
        for position, patterns in enumerate(conditions)
        if not patterns or any(fits_host(pattern, host) for pattern in patterns)
    ]

    assert walked == HostIndex(conditions).find(host)


@given(st.lists(st.lists(st.sampled_from(PATTERNS), max_size=3)), st.sampled_from(["", *ENDS]))
def test_the_index_finds_what_meets_a_pattern(conditions: list[list[str]], end: str) -> None:
    """Wider ends, longer ends, names, and every beginning."""
    walked = [
        position
        for position, patterns in enumerate(conditions)
        if not patterns or any(meets_host(pattern, f"*{end}") for pattern in patterns)
    ]

    index = HostIndex(conditions)
    assert walked == index.find_met(f"*{end}") == index.find_met(f"*{end}")
