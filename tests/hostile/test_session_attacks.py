"""Attacks on the session cookie: fixation, tossing, splicing, another client's cookie."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from ostiary.plugin import Admit, Reply
from tests.fakes.relying_parties import CALLBACK, ORIGIN, PartyPlugin
from tests.fakes.sign_in import SignInWorld, Visitor, location_of, run

PAGE = f"{ORIGIN}/anything/test"
LARGE = {"access_token": "a" * 9000}


async def sign_in(world: SignInWorld, subject: str, plugin: PartyPlugin) -> Visitor:
    """Sign in as that subject, in a browser of their own."""
    world.claim_changes, world.userinfo = {"sub": subject}, {"sub": subject}
    visitor = Visitor(world, plugin)
    await visitor.sign_in(PAGE)
    return visitor


def cookies_of(visitor: Visitor) -> list[tuple[str, str]]:
    """Return what a browser would send now, as pairs, apart from the note that a login has just ended well."""
    pairs = (pair.partition("=") for pair in visitor.request(PAGE).cookie.decode().split("; "))
    return [(name, value) for name, _, value in pairs if not name.endswith("_done")]


def subject_of(settled: Any) -> str | None:
    """Return who was admitted, or None."""
    return settled.principal.subject if isinstance(settled, Admit) and settled.principal is not None else None


def join(pairs: list[tuple[str, str]]) -> str:
    """Write pairs as a Cookie header."""
    return "; ".join(f"{name}={value}" for name, value in pairs)


def test_a_session_planted_before_sign_in() -> None:
    """Fixation: the victim's login overwrites it; the attacker's cookie never becomes the victim's session."""

    async def play() -> None:
        world = SignInWorld()
        plugin = PartyPlugin(world)
        attacker = await sign_in(world, "mallory", plugin)
        planted = cookies_of(attacker)
        victim = Visitor(world, plugin)
        for name, value in planted:
            victim.jar.store(f"{name}={value}; Path=/", urlsplit(PAGE), world.clock.now())
        victim.jar.store("ostiary_session_guess=1; Path=/", urlsplit(PAGE), world.clock.now())
        world.claim_changes, world.userinfo = {"sub": "alice"}, {"sub": "alice"}
        started = plugin.party.start_sign_in(victim.request(PAGE), world.clock.now())
        assert isinstance(started, Reply)
        for name, value in started.headers:
            if name == "Set-Cookie":
                victim.jar.store(value, urlsplit(PAGE), world.clock.now())
        await victim.open(world.authorize(location_of(started)))
        assert subject_of(await victim.open(PAGE)) == "alice"
        assert subject_of(await attacker.open(PAGE)) == "mallory"
        assert not set(cookies_of(victim)) & set(planted)

    run(play)


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_session_tossed_beside_the_real_one(place: str) -> None:
    """Two of one name: nobody is signed in, in whatever order they come."""

    async def play() -> None:
        world = SignInWorld()
        plugin = PartyPlugin(world)
        mine = cookies_of(await sign_in(world, "mallory", plugin))
        victim = await sign_in(world, "alice", plugin)
        theirs = cookies_of(victim)
        pairs = mine + theirs if place == "before" else theirs + mine
        answer = await victim.open(PAGE, cookie=join(pairs))
        assert isinstance(answer, Reply)
        assert answer.reason == "login_started"

    run(play)


def test_every_way_to_toss_or_take_a_chunk() -> None:
    """Any set of chunks but the whole one of one person is nobody's session; other cookies are none of ours."""

    async def play() -> None:
        world = SignInWorld()
        world.token_changes = LARGE
        plugin = PartyPlugin(world)
        mine = cookies_of(await sign_in(world, "mallory", plugin))
        victim = await sign_in(world, "alice", plugin)
        theirs = cookies_of(victim)
        assert len(theirs) == len(mine) >= 3
        mixed = [[*theirs[:index], mine[index], *theirs[index + 1 :]] for index in range(len(theirs))]
        without = [[*theirs[:index], *theirs[index + 1 :]] for index in range(len(theirs))]
        doubled = [[*theirs, pair] for pair in (*theirs, *mine)]
        extra = [[*theirs, (f"{theirs[0][0]}_{index}", "x")] for index in range(len(theirs), 8)]
        others = [(f"{theirs[0][0]}_{suffix}", "x") for suffix in (8, 9, "", "01", "x", "theme")]
        for pairs in (*mixed, *without, *doubled, *extra):
            answer = await victim.open(PAGE, cookie=join(pairs))
            assert isinstance(answer, Reply), [name for name, _ in pairs]
        for pairs in (theirs[::-1], [*theirs, *others]):
            assert subject_of(await victim.open(PAGE, cookie=join(pairs))) == "alice"

    run(play)


def test_the_broken_session_is_cleared_by_the_next_login() -> None:
    """Left-over chunks do not lock anybody out."""

    async def play() -> None:
        world = SignInWorld()
        victim = await sign_in(world, "alice", PartyPlugin(world))
        (name, _), *_ = cookies_of(victim)
        for suffix in ("_1", "_6", "_x"):
            victim.jar.store(f"{name}{suffix}=tossed; Path=/", urlsplit(PAGE), world.clock.now())
        assert isinstance(await victim.open(PAGE), Reply)
        await victim.sign_in(PAGE)
        assert subject_of(await victim.open(PAGE)) == "alice"

    run(play)


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "other"},
        {"discovery": "https://issuer.example/realms/demo/.well-known/openid-configuration?other"},
        {"secrets": ("a-secret-of-somebody-else",)},
    ],
)
def test_another_clients_session(changes: dict[str, Any]) -> None:
    """Under its own name it is not seen, under ours it does not open: never somebody else's token."""

    async def play() -> None:
        world = SignInWorld()
        world.http.answers[changes.get("discovery", "")] = next(iter(world.http.answers.values()))
        theirs = cookies_of(await sign_in(world, "mallory", PartyPlugin(world, **changes)))
        ours = PartyPlugin(world)
        visitor = await sign_in(world, "alice", ours)
        (our_name, _), *_ = cookies_of(visitor)
        for name in {theirs[0][0], our_name}:
            answer = await visitor.open(PAGE, cookie=f"{name}={theirs[0][1]}")
            assert isinstance(answer, Reply)

    run(play)


def test_a_flow_cookie_is_no_session_and_the_other_way_round() -> None:
    """What was sealed for one purpose opens for no other."""

    async def play() -> None:
        world = SignInWorld()
        plugin = PartyPlugin(world)
        visitor = Visitor(world, plugin)
        back = world.authorize(location_of(await visitor.open(PAGE)))
        ((flow_name, flow),) = cookies_of(visitor)
        await visitor.open(back)
        ((session_name, session),) = cookies_of(visitor)
        assert isinstance(await visitor.open(PAGE, cookie=f"{session_name}={flow}"), Reply)
        fresh = PartyPlugin(world)
        visitor.plugin = fresh
        answer = await visitor.open(back, cookie=f"{flow_name}={session}")
        assert isinstance(answer, Reply)
        assert answer.reason == "flow_broken"

    run(play)


@pytest.mark.parametrize("spelling", [str.upper, str.title, lambda name: f" {name}", lambda name: f'"{name}"'])
def test_a_name_in_another_spelling_is_another_cookie(spelling: Any) -> None:
    """Case and quotes are not folded; the blank before a name is the list's own."""

    async def play() -> None:
        world = SignInWorld()
        visitor = await sign_in(world, "alice", PartyPlugin(world))
        ((name, value),) = cookies_of(visitor)
        settled = await visitor.open(PAGE, cookie=f"{spelling(name)}={value}")
        assert isinstance(settled, Admit) == (spelling(name).strip() == name)

    run(play)


def test_a_session_is_never_adopted_from_the_callback() -> None:
    """The callback reads the flow's cookie only: a session that comes along changes nothing but to be replaced."""

    async def play() -> None:
        world = SignInWorld()
        plugin = PartyPlugin(world)
        mine = cookies_of(await sign_in(world, "mallory", plugin))
        victim = Visitor(world, plugin)
        world.claim_changes, world.userinfo = {"sub": "alice"}, {"sub": "alice"}
        back = world.authorize(location_of(await victim.open(PAGE)))
        assert back.startswith(CALLBACK)
        await victim.open(back, cookie=f"{victim.request(back).cookie.decode()}; {join(mine)}")
        assert subject_of(await victim.open(PAGE)) == "alice"

    run(play)
