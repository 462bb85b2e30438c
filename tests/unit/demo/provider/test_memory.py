"""What the provider remembers: until when, and what ends together."""

import pytest

from ostiary.demo.provider.accounts import QUICKSTART_USER
from ostiary.demo.provider.client import DemoClient
from ostiary.demo.provider.memory import (
    CODE_LIFETIME_S,
    LOGIN_LIFETIME_S,
    MAX_CODES,
    AuthorizationCode,
    IssuedToken,
    ProviderMemory,
)
from tests.unit.demo.provider.world import REDIRECT_URI, StandingClock


@pytest.fixture
def memory(clock: StandingClock) -> ProviderMemory:
    """An empty one."""
    return ProviderMemory(clock)


def a_code(memory: ProviderMemory) -> AuthorizationCode:
    """A code of a new family."""
    return AuthorizationCode(
        redirect_uri=REDIRECT_URI,
        family=memory.start_family(QUICKSTART_USER, "openid"),
        nonce=None,
        code_challenge=None,
        code_challenge_method=None,
    )


def a_token(memory: ProviderMemory, expires_at: int = 2_000_000_000) -> IssuedToken:
    """An access token of a new family."""
    return IssuedToken(
        kind="access_token",
        client_id="apisix-quickstart-client",
        scope="openid",
        issued_at=0,
        expires_at=expires_at,
        family=memory.start_family(QUICKSTART_USER, "openid"),
    )


def test_a_code_is_given_once(memory: ProviderMemory) -> None:
    """The second time nothing is given, and its family ends."""
    code = a_code(memory)
    memory.keep_code("c", code)
    assert memory.try_code("c") is code
    assert not code.family.is_over
    assert memory.try_code("c") is None
    assert code.family.is_over


def test_a_code_is_forgotten_in_time(memory: ProviderMemory, clock: StandingClock) -> None:
    """Exactly at its end."""
    memory.keep_code("c", a_code(memory))
    clock.now += CODE_LIFETIME_S
    assert memory.try_code("c") is None


def test_an_unknown_code_is_nothing(memory: ProviderMemory) -> None:
    """Whatever text it is."""
    assert memory.try_code("\udc80") is None


def test_there_is_room_for_so_many_codes(memory: ProviderMemory) -> None:
    """The oldest leaves."""
    for number in range(MAX_CODES + 1):
        memory.keep_code(str(number), a_code(memory))
    assert memory.try_code("0") is None
    assert memory.try_code("1") is not None


def test_a_token_is_found_until_it_expires(memory: ProviderMemory, clock: StandingClock) -> None:
    """And says itself that it has not."""
    token = a_token(memory, expires_at=int(clock.now) + 10)
    memory.keep_token("t", token)
    clock.now += 9
    assert memory.find_token("t") is token
    assert not token.is_expired()
    clock.now += 1
    assert memory.find_token("t") is None


@pytest.mark.parametrize("mark", ["was_used", "was_revoked"])
def test_a_token_that_was_used_or_revoked_is_not_usable(memory: ProviderMemory, mark: str) -> None:
    """It is still found, to notice that it comes again."""
    token = a_token(memory)
    before = token.is_usable
    setattr(token, mark, True)
    assert (before, token.is_usable, token.is_revoked()) == (True, False, True)


def test_a_token_ends_with_its_family_and_a_family_with_its_login(memory: ProviderMemory) -> None:
    """Signing out reaches everything that came of it."""
    _, login = memory.start_login(QUICKSTART_USER)
    token = a_token(memory)
    token.family = memory.start_family(QUICKSTART_USER, "openid", login)
    before = token.is_usable
    login.has_ended = True
    assert (before, token.is_usable) == (True, False)


def test_a_token_knows_its_client(memory: ProviderMemory) -> None:
    """There is only one, but Authlib asks."""
    assert a_token(memory).check_client(DemoClient("s"))
    assert a_token(memory).get_scope() == "openid"


def test_a_code_knows_what_it_was_given_for(memory: ProviderMemory) -> None:
    """Authlib compares the redirect URI and takes the scope."""
    assert a_code(memory).get_redirect_uri() == REDIRECT_URI
    assert a_code(memory).get_scope() == "openid"


def test_a_login_is_found_under_its_value_only(memory: ProviderMemory, clock: StandingClock) -> None:
    """Until it ends, by itself or not."""
    value, login = memory.start_login(QUICKSTART_USER)
    other, _ = memory.start_login(QUICKSTART_USER)
    assert memory.find_login(value) is login
    assert memory.find_login("other") is None
    assert memory.find_login(None) is None
    memory.forget_login(other)
    memory.forget_login(None)
    assert memory.find_login(other) is None
    clock.now += LOGIN_LIFETIME_S
    assert memory.find_login(value) is None


def test_a_login_that_has_ended_is_not_found(memory: ProviderMemory) -> None:
    """Even while its value is still known."""
    value, login = memory.start_login(QUICKSTART_USER)
    login.has_ended = True
    assert memory.find_login(value) is None


def test_a_familys_auth_time_is_the_logins(memory: ProviderMemory, clock: StandingClock) -> None:
    """Without a login it is now, and a client's own has none."""
    _, login = memory.start_login(QUICKSTART_USER)
    clock.now += 50
    assert memory.start_family(QUICKSTART_USER, "openid", login).auth_time == login.auth_time
    assert memory.start_family(QUICKSTART_USER, "openid").auth_time == int(clock.now)
    assert memory.start_family(None, "email").auth_time is None
