"""Methods and client addresses: the first route whose conditions hold, without walking through them."""

import time

from ostiary.config.choices import Candidate, Choice
from ostiary.config.patterns import parse_networks
from ostiary.config.routes import Route


def candidate(name: str, methods: str = "", *networks: str) -> Candidate:
    """A route with conditions."""
    return Candidate(
        Route(name), frozenset(methods.split()) if methods else None, parse_networks(networks) if networks else None
    )


def ask(choice: Choice, method: str = "GET", client: str = "192.0.2.1") -> str:
    """The id of the chosen route, or nothing."""
    route = choice.choose(method, client)
    return "" if route is None else route.id


def test_the_first_without_conditions_takes_everything() -> None:
    """What stands behind it is never reached."""
    assert ask(Choice([candidate("a"), candidate("b")])) == "a"


def test_nobody_may_be_left() -> None:
    """Then another path pattern gets its turn."""
    assert ask(Choice([candidate("a", "PUT"), candidate("b", "", "10.0.0.0/8")])) == ""
    assert ask(Choice([])) == ""


def test_order_decides_between_those_whose_conditions_hold() -> None:
    """Not which is narrower."""
    wide_first = Choice([candidate("wide", "", "10.0.0.0/8"), candidate("narrow", "", "10.0.0.1/32")])
    narrow_first = Choice([candidate("narrow", "", "10.0.0.1/32"), candidate("wide", "", "10.0.0.0/8")])

    assert ask(wide_first, client="10.0.0.1") == "wide"
    assert ask(narrow_first, client="10.0.0.1") == "narrow"
    assert ask(narrow_first, client="10.0.0.2") == "wide"


def test_methods_and_networks_hold_together() -> None:
    """Both conditions of one route, and the next route for the rest."""
    choice = Choice([candidate("a", "GET POST", "10.0.0.0/8"), candidate("b", "POST"), candidate("c")])

    assert ask(choice, "GET", "10.0.0.1") == "a"
    assert ask(choice, "POST", "10.0.0.1") == "a"
    assert ask(choice, "POST", "11.0.0.1") == "b"
    assert ask(choice, "GET", "11.0.0.1") == "c"
    assert ask(choice, "PUT", "10.0.0.1") == "c"


def test_a_client_that_is_no_address_meets_no_network() -> None:
    """Closed by default, `0.0.0.0/0` included."""
    choice = Choice([candidate("a", "", "0.0.0.0/0", "::/0")])

    assert ask(choice, client="1.2.3.4") == "a"
    assert ask(choice, client="::5") == "a"
    assert ask(choice, client="") == ""


def test_ten_thousand_networks_are_not_walked_through() -> None:
    """A look-up each for the prefix lengths that occur."""
    many = [f"10.{n >> 8}.{n & 255}.0/24" for n in range(10_000)]
    choice = Choice([candidate("many", "", *many), candidate("rest")])

    started = time.thread_time()  # of this thread alone: a machine that stalls makes it no slower
    found = {ask(choice, client=f"10.{n >> 8}.{n & 255}.7") for n in range(0, 10_000, 10)}
    took = time.thread_time() - started

    assert found == {"many"}
    assert ask(choice, client="11.0.0.1") == "rest"
    assert took < 0.5
