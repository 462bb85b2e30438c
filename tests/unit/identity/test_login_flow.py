"""Logins under way: one cookie for each, for one browser, for ten minutes."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.http.cookies import MAX_COOKIE_BYTES, CookieAttributes
from ostiary.identity.login_flow import (
    FLOW_LIFETIME_S,
    FLOW_VERSION,
    MAX_PENDING_FLOWS,
    FlowCookies,
    FlowNaming,
    FlowRefused,
    FlowTooLarge,
    LoginFlow,
    build_state,
    digest_state,
    read_state_age_s,
)
from ostiary.identity.sealing import NONCE_BYTES, Sealer, bind

NOW = 1_000_000.0
PREFIX = "__Host-ostiary_login_0a1b2c3d_"
Pairs = list[tuple[bytes, bytes]]


def make_cookies(client: str = "shop", secret: str = "a-secret-of-the-operator", prefix: str = PREFIX) -> FlowCookies:
    """Make the flow cookies of a client."""
    return FlowCookies(
        FlowNaming(prefix), ("https://id.example", client, "1"), Sealer([secret], "login flow"), CookieAttributes()
    )


def make_flow(number: int = 0, **changes: Any) -> LoginFlow:
    """Make a flow whose state is told by a number."""
    flow = LoginFlow(
        version=FLOW_VERSION,
        state=build_state(bytes([number]) * 32, NOW),
        nonce="a-nonce",
        code_verifier="a-verifier",
        issuer="https://id.example",
        client_id="shop",
        redirect_uri="https://gateway.example/cb",
        return_to="/a?b",
        created_at=NOW,
    )
    return msgspec.structs.replace(flow, **changes)


def nonce(number: int = 0) -> bytes:
    """Make a nonce."""
    return bytes([number]) * NONCE_BYTES


def keep(jar: Pairs, set_cookies: tuple[str, ...]) -> Pairs:
    """Return what a browser sends after these Set-Cookies; deletions take effect."""
    kept = dict(jar)
    for value in set_cookies:
        name, _, text = value.partition(";")[0].partition("=")
        if "Max-Age=0" in value:
            kept.pop(name.encode(), None)
        else:
            kept[name.encode()] = text.encode()
    return list(kept.items())


COOKIES = make_cookies()


def test_a_flow_that_was_written_is_found_under_its_state() -> None:
    """What went out is what comes back, down to the last field."""
    flow = make_flow()
    jar = keep([], COOKIES.write(flow, nonce(), [], NOW))

    assert COOKIES.find(flow.state, [(b"other", b"1"), *jar], NOW + 599) == flow


def test_the_cookie_is_short_lived_and_out_of_reach_of_scripts() -> None:
    """Ten minutes, HttpOnly, SameSite=Lax so that the provider's redirect carries it."""
    (written,) = COOKIES.write(make_flow(), nonce(), [], NOW)

    assert written.startswith(PREFIX + digest_state(make_flow().state) + "=")
    assert "; Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax" in written


def test_neither_state_nor_verifier_can_be_read_in_it() -> None:
    """Whoever sees the cookie learns neither; the repr shows neither."""
    flow = make_flow()
    (written,) = COOKIES.write(flow, nonce(), [], NOW)

    assert flow.state not in written + repr(flow)
    assert "a-verifier" not in written + repr(flow)


def refusal(state: str, jar: Pairs, now: float = NOW, cookies: FlowCookies = COOKIES) -> str:
    """Return the code that a callback is refused with."""
    with pytest.raises(FlowRefused) as refused:
        cookies.find(state, jar, now)
    return refused.value.code


def test_every_reason_has_its_name() -> None:
    """Absent, doubled, altered, of another client or secret, too old, from the future."""
    flow = make_flow()
    jar = keep([], COOKIES.write(flow, nonce(), [], NOW))
    (name, value) = jar[0]

    assert refusal(flow.state, []) == "flow_absent"
    assert refusal(make_flow(1).state, jar) == "flow_absent"
    assert refusal(flow.state, [*jar, *jar]) == "flow_broken"
    assert refusal(flow.state, [(name, value[:-1])]) == "flow_broken"
    assert refusal(flow.state, jar, cookies=make_cookies(client="other")) == "flow_broken"
    assert refusal(flow.state, jar, cookies=make_cookies(secret="another-secret-of-us")) == "flow_broken"
    assert refusal(flow.state, jar, NOW + FLOW_LIFETIME_S) == "flow_stale"
    assert refusal(flow.state, jar, NOW - FLOW_LIFETIME_S) == "flow_stale"


def test_a_cookie_serves_under_its_own_name_only() -> None:
    """Swapping the values of two pending logins helps nobody."""
    first, second = make_flow(1), make_flow(2)
    (one,) = keep([], COOKIES.write(first, nonce(1), [], NOW))
    (two,) = keep([], COOKIES.write(second, nonce(2), [], NOW))

    assert refusal(first.state, [(one[0], two[1])]) == "flow_broken"


def seal(plain: bytes, name: str, sealed_for: str | None = None) -> Pairs:
    """Forge a cookie as only whoever has the secret could."""
    binding = bind(sealed_for or name, "https://id.example", "shop", "1")
    sealed = Sealer(["a-secret-of-the-operator"], "login flow").seal(plain, binding, nonce())
    return [(name.encode(), sealed)]


def test_the_seal_knows_the_cookies_name_and_the_flow_its_state() -> None:
    """Each would do alone: a cookie sealed for another name, and one that holds another state, are both broken."""
    flow, other = make_flow(1), make_flow(2)
    name = PREFIX + digest_state(flow.state)
    plain = msgspec.msgpack.encode(flow)

    assert COOKIES.find(flow.state, seal(plain, name), NOW) == flow
    assert refusal(flow.state, seal(plain, name, PREFIX + digest_state(other.state))) == "flow_broken"
    assert refusal(flow.state, seal(msgspec.msgpack.encode(other), name)) == "flow_broken"
    assert refusal(flow.state, seal(b"garbage", name)) == "flow_broken"


def test_a_flow_of_another_version_is_broken() -> None:
    """A login that was started before an upgrade is started again."""
    flow = make_flow(version=FLOW_VERSION + 1)

    assert refusal(flow.state, keep([], COOKIES.write(flow, nonce(), [], NOW))) == "flow_broken"


def test_five_logins_may_be_under_way_and_the_oldest_leaves() -> None:
    """Several tabs work; a page that starts hundreds does not fill the jar."""
    jar: Pairs = []
    flows = [make_flow(number, created_at=NOW + number) for number in range(8)]
    for flow in flows:
        jar = keep(jar, COOKIES.write(flow, nonce(), jar, flow.created_at))

    found = [flow for flow in flows if PREFIX.encode() + digest_state(flow.state).encode() in dict(jar)]

    assert found == flows[-MAX_PENDING_FLOWS:]


def test_what_cannot_end_well_leaves_first() -> None:
    """Stale and unreadable cookies of ours go with the next login; those of others stay."""
    stale = make_flow(1, created_at=NOW - FLOW_LIFETIME_S)
    jar = keep([], COOKIES.write(stale, nonce(), [], NOW))
    jar += [(PREFIX.encode() + b"0" * 16, b"garbage"), (b"other", b"1"), (PREFIX.encode() + b"(odd)", b"1")]
    jar = keep(jar, COOKIES.write(make_flow(2), nonce(), jar, NOW))

    assert [name for name, _ in jar] == [
        b"other", PREFIX.encode() + b"(odd)", (PREFIX + digest_state(make_flow(2).state)).encode()
    ]  # fmt: skip


def test_the_end_of_a_login_deletes_its_cookie_and_no_other() -> None:
    """Also when the state came several times; never a cookie that was not there."""
    first, second = make_flow(1), make_flow(2)
    jar = keep([], COOKIES.write(first, nonce(1), [], NOW))
    jar = keep(jar, COOKIES.write(second, nonce(2), jar, NOW))
    deletions = COOKIES.delete([first.state, first.state, "unknown"], jar)

    assert len(deletions) == 1
    assert [name for name, _ in keep(jar, deletions)] == [(PREFIX + digest_state(second.state)).encode()]


def test_a_flow_that_no_browser_would_keep_is_not_written() -> None:
    """The cookie's whole line counts; just below the limit it is kept."""
    fitting = next(size for size in range(4000, 0, -1) if fits(size))

    assert not fits(fitting + 1)
    assert len(COOKIES.write(make_flow(return_to="a" * fitting), nonce(), [], NOW)[0]) > MAX_COOKIE_BYTES - 4


def fits(size: int) -> bool:
    """Say whether a flow with a `return_to` of that size is written."""
    try:
        COOKIES.write(make_flow(return_to="a" * size), nonce(), [], NOW)
    except FlowTooLarge:
        return False
    return True


@given(st.text(max_size=60), st.binary(max_size=80))
def test_random_states_and_cookies_never_open_and_never_raise(state: str, value: bytes) -> None:
    """Only refusals come out."""
    name = PREFIX.encode() + digest_state(state).encode()

    assert refusal(state, [(name, value)]) == "flow_broken"
    assert COOKIES.delete([state], [(name, value)]) != ()


def test_a_state_tells_its_age_to_whoever_explains() -> None:
    """Four bytes of time in front; anything else has no age."""
    state = build_state(bytes(range(32)), NOW)

    assert len(state) == 48
    assert read_state_age_s(state, NOW + 700) == 700
    assert read_state_age_s("short", NOW) is None
    assert read_state_age_s("\ud800", NOW) is None
    with pytest.raises(ValueError, match="32 random bytes"):
        build_state(b"few", NOW)


def make_named(name: str, characters: int, lifetime_s: int = 900, client: str = "shop") -> FlowCookies:
    """Make flow cookies with a name of the operator's."""
    naming = FlowNaming(name, characters, lifetime_s)
    return FlowCookies(
        naming, ("i", client, "1"), Sealer(["a-secret-of-the-operator"], "login flow"), CookieAttributes()
    )


def test_an_operators_name_has_a_part_of_the_states_digest_behind_it() -> None:
    """One cookie for each login, as long as the operator says."""
    cookies = make_named("_oauth2_proxy_csrf_", 8)
    flow = make_flow()
    (written,) = cookies.write(flow, nonce(), [], NOW)
    jar = keep([], (written,))

    assert written.startswith(f"_oauth2_proxy_csrf_{digest_state(flow.state)[:8]}=")
    assert "; Max-Age=900; " in written
    assert flow == cookies.find(flow.state, jar, NOW + 899)
    assert refusal(flow.state, jar, NOW + 900, cookies) == "flow_stale"


def test_a_single_cookie_is_taken_over_by_the_next_login() -> None:
    """The first one's callback finds nothing of its own, and deletes nothing of the second's."""
    cookies = make_named("_oauth2_proxy_csrf", 0)
    first, second = make_flow(1), make_flow(2)
    jar = keep([], cookies.write(first, nonce(1), [], NOW))
    written = cookies.write(second, nonce(2), jar, NOW)
    jar = keep(jar, written)

    assert ["_oauth2_proxy_csrf"] == [value.partition("=")[0] for value in written]
    assert refusal(first.state, jar, NOW, cookies) == "flow_absent"
    assert () == cookies.delete([first.state], jar)
    assert second == cookies.find(second.state, jar, NOW)
    (deleted,) = cookies.delete([second.state], jar)
    assert deleted.startswith("_oauth2_proxy_csrf=; ")
    assert () == cookies.delete([second.state], [(b"_oauth2_proxy", b"session")])


def test_a_single_cookie_that_is_nobodys_goes() -> None:
    """Of another client, or altered: no login can end with it."""
    cookies, others = make_named("_csrf", 0), make_named("_csrf", 0, client="other")
    jar = keep([], others.write(make_flow(), nonce(), [], NOW))

    assert refusal(make_flow().state, jar, NOW, cookies) == "flow_broken"
    assert 1 == len(cookies.delete([make_flow().state], jar))
