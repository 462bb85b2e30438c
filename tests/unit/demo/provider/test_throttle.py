"""Wrong passwords are counted by account, for a while."""

from ostiary.demo.provider.accounts import PASSWORD, USERNAME
from ostiary.demo.provider.throttle import MAX_FAILURES, WINDOW_S, Throttle


def fail(throttle: Throttle, times: int, username: str = USERNAME, now: float = 0.0) -> None:
    """Try a wrong password so often."""
    for _ in range(times):
        assert throttle.try_password(username, "wrong", now) is None


def test_a_few_failures_do_not_matter() -> None:
    """People mistype."""
    throttle = Throttle()
    fail(throttle, MAX_FAILURES - 1)
    assert throttle.wait_s(USERNAME, 0.0) == 0
    assert throttle.try_password(USERNAME, PASSWORD, 0.0) is not None


def test_more_make_the_account_wait_until_the_window_is_over() -> None:
    """Even with the right password; the window starts with the first failure."""
    throttle = Throttle()
    fail(throttle, 1, now=0.0)
    fail(throttle, MAX_FAILURES - 1, now=10.0)
    assert throttle.wait_s(USERNAME, 10.0) == WINDOW_S - 10
    assert throttle.try_password(USERNAME, PASSWORD, 10.0) is None
    assert throttle.wait_s(USERNAME, WINDOW_S - 0.1) == 1
    assert throttle.wait_s(USERNAME, WINDOW_S) == 0
    assert throttle.try_password(USERNAME, PASSWORD, WINDOW_S) is not None


def test_attempts_while_waiting_do_not_make_it_longer() -> None:
    """Nobody can lock an account for good."""
    throttle = Throttle()
    fail(throttle, MAX_FAILURES * 3)
    assert throttle.wait_s(USERNAME, WINDOW_S) == 0


def test_a_success_forgets_the_failures() -> None:
    """The count starts again."""
    throttle = Throttle()
    fail(throttle, MAX_FAILURES - 1)
    throttle.try_password(USERNAME, PASSWORD, 0.0)
    fail(throttle, MAX_FAILURES - 1)
    assert throttle.wait_s(USERNAME, 0.0) == 0


def test_accounts_are_counted_apart() -> None:
    """Also those that do not exist."""
    throttle = Throttle()
    fail(throttle, MAX_FAILURES, "nobody")
    assert throttle.wait_s("nobody", 0.0) > 0
    assert throttle.wait_s(USERNAME, 0.0) == 0
