"""The cookies of one client: names, prefixes and the counter of host moves."""

import pytest

from ostiary.identity.client_authentication import ClientCredentials
from ostiary.relying_party.client_cookies import MAX_MOVES, OWNED_NAMES, ClientCookies
from ostiary.relying_party.settings import RelyingPartySettings
from tests.fakes.requests import make_request


def make(discovery: str = "https://id.example/d", client_id: str = "shop", *, secure: bool = True) -> ClientCookies:
    """Make the cookies of a client."""
    settings = RelyingPartySettings(
        discovery=discovery,
        credentials=ClientCredentials(client_id=client_id),
        secrets=("a-session-secret",),
        fingerprint="f",
    )
    return ClientCookies(settings, secure=secure)


def test_two_clients_of_one_host_have_two_cookies() -> None:
    """Provider and client make the name, and where one ends the other begins."""
    names = {
        make().session.name,
        make("https://other.example/d").session.name,
        make(client_id="other").session.name,
        make("https://id.example/", "dshop").session.name,
    }

    assert len(names) == 4
    assert make().session.name == make().session.name


@pytest.mark.parametrize(("secure", "prefix"), [(True, "__Host-ostiary_session_"), (False, "ostiary_session_")])
def test_over_https_nobody_else_can_set_them(prefix: str, *, secure: bool) -> None:
    """`__Host-` and `Secure` go together; over http neither would be kept."""
    cookies = make(secure=secure)
    (written,) = cookies.session.write(b"x", bytes(12), [])

    assert written.startswith(prefix)
    assert len(cookies.session.name) == len(prefix) + 8
    assert ("; Secure" in written) == secure
    assert "; HttpOnly" in written
    assert "; SameSite=Lax" in written


def test_every_cookie_of_ours_stays_at_the_gateway() -> None:
    """The owned names cover sessions, flows and the counter, under both schemes."""
    for secure in (True, False):
        cookies = make(secure=secure)
        for name in (cookies.session.name, cookies.write_moves(1).partition("=")[0]):
            assert any(name.startswith(owned.removesuffix("*")) for owned in OWNED_NAMES)


@pytest.mark.parametrize(
    ("header", "count"),
    [
        ("", 0),
        ("ostiary_login_moves=1", 1),
        ("ostiary_login_moves=4", 4),
        ("ostiary_login_moves=-1", MAX_MOVES),
        ("ostiary_login_moves=10", MAX_MOVES),
        ("ostiary_login_moves=9999999999", MAX_MOVES),
        ("ostiary_login_moves=x", MAX_MOVES),
        ("ostiary_login_moves=1; ostiary_login_moves=1", MAX_MOVES),
    ],
)
def test_moves_are_counted_and_nonsense_counts_as_too_many(header: str, count: int) -> None:
    """A counter that cannot be read does not start at nothing."""
    assert make(secure=False).count_moves(make_request(headers={"Cookie": header})) == count


def test_the_counter_forgets_after_seconds() -> None:
    """It only has to outlive a redirect loop."""
    assert "Max-Age=10;" in make().write_moves(2)
