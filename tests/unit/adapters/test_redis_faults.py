"""What went wrong with Redis, in words: the cause is named, a secret never."""

import errno
import ssl

import pytest
from redis import exceptions

from ostiary.adapters.redis_faults import explain_failure

SECRET = "sesame"


@pytest.mark.parametrize(
    ("error", "code", "expected"),
    [
        (exceptions.AuthenticationError(SECRET, status_code="WRONGPASS"), "store_refused", "AUTH was refused"),
        (exceptions.AuthenticationError(SECRET, status_code="NOAUTH"), "store_refused", "wants a password"),
        (exceptions.AuthenticationError("invalid password"), "store_refused", "AUTH was refused"),
        (exceptions.BusyLoadingError(SECRET, status_code="LOADING"), "store_refused", "LOADING: it is still reading"),
        (exceptions.ReadOnlyError(SECRET, status_code="READONLY"), "store_refused", "name the primary"),
        (exceptions.OutOfMemoryError(SECRET, status_code="OOM"), "store_refused", "memory is full"),
        (exceptions.ResponseError(f"WRONGTYPE {SECRET}"), "store_refused", "answered WRONGTYPE: something else"),
        (exceptions.ResponseError(f"unknown command 'AUTH' '{SECRET}'"), "store_refused", "answered ERR"),
        (exceptions.ResponseError("NEWWORD and more"), "store_refused", "answered NEWWORD"),
        (exceptions.ConnectionError(SECRET), "store_unavailable", "closed the connection"),
        (exceptions.InvalidResponse(SECRET), "store_unavailable", "does not speak Redis's protocol"),
        (ValueError(SECRET), "store_unavailable", "does not speak Redis's protocol"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "store_unavailable", "refused: nothing listens there"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "store_unavailable", "(No route to host)"),
        (ssl.SSLError("wrong version"), "store_unavailable", "does it speak TLS"),
    ],
)
def test_each_failure_has_its_words(error: Exception, code: str, expected: str) -> None:
    """With the server's place."""
    fault = explain_failure(error, "cache:6379")

    assert (code, True) == (fault.code, expected in fault.detail), fault.detail
    assert "cache:6379" in fault.detail
    assert SECRET not in str(fault)
