"""How often a client may fail."""

from ostiary.authorization_server.throttle import (
    KNOWN_S,
    MAX_FAILURES_OF_ADDRESS,
    MAX_FAILURES_OF_CLIENT,
    WINDOW_S,
    FailureLimit,
)

HERE = "192.0.2.1"
ELSEWHERE = "192.0.2.2"
NOW = 1000.0


def fail(limit: FailureLimit, times: int, client_id: str = "a", address: str = HERE, now: float = NOW) -> list[bool]:
    """Fail that often; return what was said each time."""
    return [limit.note_failure(client_id, address, now) for _ in range(times)]


def test_ten_failures_end_the_trying_for_the_rest_of_the_minute() -> None:
    """The one that reaches the limit says so; the minute is that of the first failure."""
    limit = FailureLimit()

    assert [False] * (MAX_FAILURES_OF_CLIENT - 1) == fail(limit, MAX_FAILURES_OF_CLIENT - 1)
    assert 0 == limit.find_wait_s("a", HERE, NOW)
    assert [True] == fail(limit, 1, now=NOW + 20)
    assert 40 == limit.find_wait_s("a", HERE, NOW + 20)
    assert 1 == limit.find_wait_s("a", HERE, NOW + WINDOW_S - 0.5)
    assert 0 == limit.find_wait_s("a", HERE, NOW + WINDOW_S)


def test_others_are_not_locked_out() -> None:
    """Neither the same client from elsewhere, nor another one from there."""
    limit = FailureLimit()
    fail(limit, MAX_FAILURES_OF_CLIENT)

    assert 0 == limit.find_wait_s("a", ELSEWHERE, NOW)
    assert 0 == limit.find_wait_s("b", HERE, NOW)


def test_success_does_not_reset_the_count() -> None:
    """Otherwise whoever shares an address with the client could go on guessing for ever."""
    limit = FailureLimit()
    fail(limit, MAX_FAILURES_OF_CLIENT - 1)
    limit.note_success("a", HERE, NOW)
    fail(limit, 1)

    assert limit.find_wait_s("a", HERE, NOW)


def test_an_address_that_tries_many_names_is_stopped_too() -> None:
    """However the failures are spread, and also for names that it had not tried."""
    limit = FailureLimit()
    said = [limit.note_failure(f"client-{number}", HERE, NOW) for number in range(MAX_FAILURES_OF_ADDRESS)]

    assert [MAX_FAILURES_OF_ADDRESS - 1] == [index for index, reached in enumerate(said) if reached]
    assert 60 == limit.find_wait_s("new", HERE, NOW)
    assert 0 == limit.find_wait_s("new", ELSEWHERE, NOW)
    assert 0 == limit.find_wait_s("new", HERE, NOW + WINDOW_S)


def test_who_proved_itself_from_there_before_still_passes() -> None:
    """A neighbour behind the same address cannot lock it out, until a day has gone; guessing it has its own limit."""
    limit = FailureLimit()
    limit.note_success("good", HERE, NOW)
    for number in range(MAX_FAILURES_OF_ADDRESS):
        limit.note_failure(f"client-{number}", HERE, NOW)

    assert 0 == limit.find_wait_s("good", HERE, NOW)
    fail(limit, MAX_FAILURES_OF_CLIENT, "good")
    assert limit.find_wait_s("good", HERE, NOW)
    assert 0 == limit.find_wait_s("good", HERE, NOW + KNOWN_S)


def test_a_network_of_ipv6_counts_as_one_address() -> None:
    """Whoever has a /64 has all of it; the next one is somebody else. IPv4 in IPv6 is IPv4."""
    limit = FailureLimit()
    fail(limit, MAX_FAILURES_OF_CLIENT, address="2001:db8:0:1::1")
    fail(limit, MAX_FAILURES_OF_CLIENT, address="::ffff:192.0.2.9")

    assert limit.find_wait_s("a", "2001:db8:0:1:ffff::2", NOW)
    assert 0 == limit.find_wait_s("a", "2001:db8:0:2::1", NOW)
    assert limit.find_wait_s("a", "192.0.2.9", NOW)
    fail(limit, MAX_FAILURES_OF_CLIENT, address="no:address:at:all")
    assert limit.find_wait_s("a", "no:address:at:all", NOW)
