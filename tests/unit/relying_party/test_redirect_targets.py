"""Wishes of requests: the first that is allowed counts, and one that is not is told to the log."""

from typing import Any

import pytest

from ostiary.errors import OperatorFault
from ostiary.relying_party.redirect_targets import RedirectTargets, list_wishes
from tests.fakes.log import FakeLog
from tests.fakes.relying_parties import make_settings
from tests.fakes.requests import make_request


def find(
    url: str, header: str | None = None, besides: tuple[str | None, ...] = (), **changes: Any
) -> tuple[str | None, list[str]]:
    """Where the request is led, and what the log was told."""
    log = FakeLog()
    targets = RedirectTargets(make_settings(follows_rd=True, allowed_redirects=("idp.example.com",), **changes), log)
    headers = {"Host": "foo.bar.com"} | ({} if header is None else {"X-Auth-Request-Redirect": header})
    return targets.find(make_request("GET", url, headers), besides), log.codes


def test_a_request_without_a_wish_is_led_nowhere() -> None:
    """And nothing is told."""
    assert (None, []) == find("/oauth2/start?x=1")


def test_rd_goes_before_the_header() -> None:
    """Both are wishes of the same kind."""
    assert ("/a", []) == find("/oauth2/start?rd=%2Fa", "/b")
    assert ("/b", []) == find("/oauth2/start", "/b")
    assert ("/b", []) == find("/oauth2/start", "http://foo.bar.com/b")


def test_a_wish_that_is_not_allowed_gives_way_and_is_told() -> None:
    """The next may be; the log names no address."""
    assert ("/b", ["redirect_refused"]) == find("/oauth2/start?rd=https%3A%2F%2Fevil.example", "/b")
    assert (None, ["redirect_refused"]) == find("/oauth2/start?rd=https%3A%2F%2Fevil.example")


def test_the_providers_own_host_is_allowed_where_it_is_named() -> None:
    """With its port, and no other."""
    endpoint = "https://id.example:8443/logout"

    assert (f"{endpoint}?x=1", []) == find(f"/oauth2/sign_out?rd={endpoint}?x=1", besides=(endpoint, None))
    assert None is find("/oauth2/sign_out?rd=https://id.example/logout", besides=(endpoint,))[0]
    assert None is find(f"/oauth2/sign_out?rd={endpoint}")[0]


def test_who_follows_no_wishes_hears_none() -> None:
    """`openid-connect` leads back to where the login began."""
    targets = RedirectTargets(make_settings(), FakeLog())

    assert targets.find(make_request("GET", "/a?rd=/b")) is None
    assert "/" == targets.judge("https://idp.example.com/")


def test_where_a_login_led_is_judged_again() -> None:
    """By what is allowed now."""
    targets = RedirectTargets(make_settings(follows_rd=True, allowed_redirects=("idp.example.com",)), FakeLog())

    assert "/a?b" == targets.judge("/a?b")
    assert "https://idp.example.com/x" == targets.judge("https://idp.example.com/x")
    assert "/" == targets.judge("https://evil.example/")
    assert "/" == targets.judge("//evil.example/")


def test_a_host_that_is_none_cannot_be_allowed() -> None:
    """The operator is told where."""
    with pytest.raises(OperatorFault, match="whitelist_domains"):
        RedirectTargets(make_settings(allowed_redirects=("http://a",)), FakeLog())


def test_wishes_are_listed_as_they_are_said() -> None:
    """Nothing of them is judged."""
    request = make_request("GET", "/?rd=x&rd=&rd=%2F%2Fy", {"X-Auth-Request-Redirect": "z"})

    assert ["x", "//y", "z"] == list(list_wishes(request))
