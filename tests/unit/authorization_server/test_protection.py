"""The verdict on requests for protected routes."""

from typing import Any

import pytest

from ostiary.authorization_server.protection import find_audience
from ostiary.errors import ClientFault
from ostiary.plugin import Admit, Reply
from tests.fakes.machine_tokens import NAME, SAMPLE_TOKEN, TokenWorld, make_token


def visit(
    headers: dict[str, Any], *, allowed: frozenset[str] | None = None, route: str = "route-a", **settings: Any
) -> Admit | Reply:
    """Send one request to a protected route."""
    world = TokenWorld()
    request = world.request(headers=headers, route=route)
    verdict = world.server(**settings).protection.decide(request, allowed, world.clock.now())
    assert isinstance(verdict, Admit | Reply)
    return verdict


def outcome(*arguments: Any, **keywords: Any) -> tuple[int, str]:
    """Return status and reason; 0 for who is admitted."""
    verdict = visit(*arguments, **keywords)
    return (0 if isinstance(verdict, Admit) else verdict.status), verdict.reason


SAMPLE = {"Authorization": f"Bearer {SAMPLE_TOKEN}"}


def test_a_token_that_stands_admits() -> None:
    """With the consumer's name for the upstream."""
    assert (0, "token_verified") == outcome(SAMPLE)
    assert (0, "token_verified") == outcome({"authorization": f"bearer {SAMPLE_TOKEN}"})


def test_no_token_and_a_bad_token_are_both_401() -> None:
    """In the same words."""
    missing, bad = visit({}), visit({"Authorization": "Bearer a.b.c"})

    assert isinstance(missing, Reply)
    assert isinstance(bad, Reply)
    assert ("token_missing", 401) == (missing.reason, missing.status)
    assert (missing.status, missing.headers, missing.body) == (bad.status, bad.headers, bad.body)


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [(frozenset({NAME, "x"}), (0, "token_verified")), (frozenset({"x"}), (403, "consumer_not_allowed")),
     (frozenset(), (403, "consumer_not_allowed"))],
)  # fmt: skip
def test_allow_names_those_who_pass(allowed: frozenset[str], expected: tuple[int, str]) -> None:
    """A valid token of anybody else is 403, an invalid one 401; an empty list lets nobody pass."""
    assert expected == outcome(SAMPLE, allowed=allowed)
    assert (401, "token_missing") == outcome({}, allowed=allowed)


def test_a_bound_token_opens_its_own_route_only() -> None:
    """403 elsewhere, where no route was matched, and for a token that is bound to none."""
    bound = {"Authorization": f"Bearer {make_token(aud='route-a')}"}

    assert (0, "token_verified") == outcome(bound, is_route_bound=True)
    for route in ("route-b", "", "Route-A"):
        assert (403, "token_audience") == outcome(bound, is_route_bound=True, route=route)
    assert (403, "token_audience") == outcome(SAMPLE, is_route_bound=True)


def test_a_route_called_default_binds_nothing() -> None:
    """A token for everywhere would open it."""
    assert (403, "token_audience") == outcome(SAMPLE, is_route_bound=True, route="default")
    assert find_audience("default", is_route_bound=True) is None


def test_where_tokens_open_everything_one_that_is_bound_to_a_route_does_not() -> None:
    """It was given for less."""
    assert (403, "token_audience") == outcome({"Authorization": f"Bearer {make_token(aud='route-a')}"})


def test_another_header_may_bring_the_token() -> None:
    """Then Authorization does not."""
    own = {"X-Token": f"Bearer {SAMPLE_TOKEN}"}

    assert (0, "token_verified") == outcome(own, header_name="x-token")
    assert (401, "token_missing") == outcome(SAMPLE, header_name="x-token")


def test_two_headers_with_tokens_are_none() -> None:
    """Readers would disagree about which counts; two Authorization headers are refused with the head already."""
    twice = [f"Bearer {SAMPLE_TOKEN}", f"Bearer {SAMPLE_TOKEN}"]

    assert (401, "token_missing") == outcome({"X-Token": twice}, header_name="x-token")
    with pytest.raises(ClientFault) as caught:
        visit({"Authorization": twice})
    assert "field_repeated" == caught.value.code
