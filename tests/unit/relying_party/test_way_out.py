"""The way out for somebody who may not enter."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ostiary.identity.members import MemberRule
from ostiary.plugin import Reply
from ostiary.relying_party.settings import LogoutSettings
from tests.fakes.relying_parties import ORIGIN, PartyPlugin
from tests.fakes.sign_in import END_SESSION_ENDPOINT, PAGE_HEADERS, SignInWorld, Visitor, location_of, run

PAGE = f"{ORIGIN}/anything/test"
RD = LogoutSettings(path="/oauth2/sign_out", is_path_typed=True, mode="rd")
MEMBERS: dict[str, Any] = {"members": MemberRule(groups=("staff",)), "follows_rd": True, "logout": RD}
OWN = {**PAGE_HEADERS, "Sec-Fetch-Site": "same-origin"}


def make_visitor(*, publishes: bool = True, **changes: Any) -> Visitor:
    """Return somebody in front of a client of which they are no member."""
    world = SignInWorld()
    if publishes:
        world.publish(end_session_endpoint=END_SESSION_ENDPOINT)
    return Visitor(world, PartyPlugin(world, **{**MEMBERS, **changes}))


def read_link(page: object) -> str:
    """Return where the page of who may not enter leads."""
    assert isinstance(page, Reply)
    assert "membership_refused" == page.reason
    return page.body.decode().partition('<a href="')[2].partition('"')[0]


def test_who_may_not_enter_is_led_to_the_providers_sign_out() -> None:
    """By our own, which needs no question there: the link is on our page."""

    async def leave() -> tuple[str, Any]:
        visitor = make_visitor()
        link = read_link(await visitor.sign_in(PAGE))
        return link, await visitor.open(ORIGIN + link, headers=OWN)

    link, left = run(leave)
    assert {"rd": [END_SESSION_ENDPOINT]} == parse_qs(urlsplit(link).query)
    assert location_of(left).startswith(f"{END_SESSION_ENDPOINT}?client_id=")


def test_so_is_who_was_a_member_before() -> None:
    """With a session there is an ID token, too, which spares the provider's question."""

    async def leave() -> Any:
        visitor = make_visitor(members=None)
        await visitor.sign_in(PAGE)
        visitor.plugin = PartyPlugin(visitor.world, **MEMBERS)
        link = read_link(await visitor.open(PAGE))
        return await visitor.open(ORIGIN + link, headers=OWN)

    assert "id_token_hint=" in location_of(run(leave))


@pytest.mark.parametrize("changes", [{"publishes": False}, {"logout": LogoutSettings()}])
def test_without_a_way_out_there_is_the_way_back(changes: dict[str, Any]) -> None:
    """Somebody may have let them in meanwhile."""
    visitor = make_visitor(**changes)

    assert "/anything/test" == read_link(run(lambda: visitor.sign_in(PAGE)))


def test_the_log_says_who_would_let_them_in() -> None:
    """By the names of the options, and not of the person."""
    visitor = make_visitor()
    run(lambda: visitor.sign_in(PAGE))

    [event] = [event for event in visitor.world.log.events if event.code == "membership_refused"]
    assert "allowed_groups" in str(event.fields["remedy"])
