"""Verdicts on tokens that were proven once."""

from math import inf

import pytest

from ostiary.plugin import Admit, Reply
from ostiary.resource_server.memory import MAX_ADMITTED, MAX_REFUSED, REFUSED_S, VerdictMemory

ADMIT = Admit(None, reason="bearer_verified")
REFUSAL = Reply(401, reason="token_inactive")


@pytest.mark.parametrize(
    ("expires_at", "longest_s", "lasts_s"), [(300.0, inf, 300.0), (300.0, 60.0, 60.0), (30.0, 60.0, 30.0)]
)
def test_an_admission_lasts_as_long_as_its_token_or_less(expires_at: float, longest_s: float, lasts_s: float) -> None:
    """To the second."""
    memory = VerdictMemory()
    memory.remember(b"a", ADMIT, expires_at=expires_at, longest_s=longest_s, now=0.0)

    assert (ADMIT, None) == (memory.find(b"a", lasts_s - 0.1), memory.find(b"a", lasts_s))


def test_what_has_no_expiry_or_is_over_is_not_remembered() -> None:
    """An introspection answer without `exp` says nothing about tomorrow."""
    memory = VerdictMemory()
    memory.remember(b"a", ADMIT, expires_at=None, longest_s=inf, now=0.0)
    memory.remember(b"b", ADMIT, expires_at=5.0, longest_s=inf, now=5.0)

    assert (None, None) == (memory.find(b"a", 0.0), memory.find(b"b", 5.0))


@pytest.mark.parametrize(("longest_s", "lasts_s"), [(inf, REFUSED_S), (3.0, 3.0)])
def test_a_refusal_lasts_ten_seconds_at_most(longest_s: float, lasts_s: float) -> None:
    """With or without an expiry."""
    memory = VerdictMemory()
    memory.remember(b"a", REFUSAL, expires_at=None, longest_s=longest_s, now=0.0)

    assert (REFUSAL, None) == (memory.find(b"a", lasts_s - 0.1), memory.find(b"a", lasts_s))


def test_garbage_drives_out_no_good_token() -> None:
    """Both maps are bounded, each for itself."""
    memory = VerdictMemory()
    memory.remember(b"good", ADMIT, expires_at=300.0, longest_s=inf, now=0.0)
    for number in range(3 * MAX_ADMITTED):
        memory.remember(str(number).encode(), REFUSAL, expires_at=None, longest_s=inf, now=0.0)

    assert memory.find(b"good", 1.0) is ADMIT
    assert (1, MAX_REFUSED) == (len(memory.admitted), len(memory.refused))


def test_tokens_that_come_once_drive_out_no_token_that_comes_again() -> None:
    """When the memory is full, the first coming is only noted, and the second remembered."""
    memory = VerdictMemory()
    for number in range(MAX_ADMITTED):
        memory.remember(str(number).encode(), ADMIT, expires_at=300.0, longest_s=inf, now=0.0)
    memory.remember(b"once", ADMIT, expires_at=300.0, longest_s=inf, now=1.0)

    assert (None, ADMIT) == (memory.find(b"once", 1.0), memory.find(b"0", 1.0))

    memory.remember(b"once", ADMIT, expires_at=300.0, longest_s=inf, now=2.0)

    assert (ADMIT, None) == (memory.find(b"once", 2.0), memory.find(b"0", 2.0))
    assert len(memory.admitted) == MAX_ADMITTED


def test_a_memory_that_does_not_remember_stays_empty() -> None:
    """Neither admissions nor refusals."""
    memory = VerdictMemory(remembers=False)
    for digest, verdict in ((b"a", ADMIT), (b"b", REFUSAL)):
        memory.remember(digest, verdict, expires_at=60.0, longest_s=60.0, now=0.0)

    assert (None, None) == (memory.find(b"a", 0.0), memory.find(b"b", 0.0))
