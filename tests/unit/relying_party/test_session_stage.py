"""The session stage: who the session cookie says is there, proven once."""

from typing import Any

import msgspec

from ostiary.identity.session import SESSION_VERSION, Session, encode_session
from ostiary.plugin import Admit, Reply
from ostiary.relying_party.client_cookies import ClientCookies
from ostiary.relying_party.session_stage import NoSession, SessionStage
from tests.fakes.log import FakeLog
from tests.fakes.relying_parties import make_settings
from tests.fakes.requests import make_request

NOW = 1_800_000_000.0
SETTINGS = make_settings()
COOKIES = ClientCookies(SETTINGS, secure=False)
SESSION = Session(
    version=SESSION_VERSION,
    issuer="https://id.example",
    client_id="shop",
    subject="alice",
    created_at=NOW,
    expires_at=NOW + 3600,
    access_token="token",
    access_token_expires_at=NOW + 300,
    refresh_token=None,
    scope="openid profile",
    id_token="a.b.c",
    id_token_claims={"sub": "alice"},
    userinfo=None,
)


def cookie_header(cookies: ClientCookies = COOKIES, **changes: Any) -> str:
    """Seal the session with changes, as a browser sends it."""
    record = encode_session(msgspec.structs.replace(SESSION, **changes))
    written = cookies.session.write(record, bytes(12), [])
    return "; ".join(line.partition(";")[0] for line in written)


def make_stage(**changes: Any) -> SessionStage:
    """Make a stage that remembers nothing."""
    settings = make_settings(**changes)
    return SessionStage(settings, ClientCookies(settings, secure=False), FakeLog())


def find(stage: SessionStage, header: str, now: float = NOW) -> Admit | Reply | str:
    """Ask for a session; why there is none is told as text."""
    found = stage.find(make_request(headers={"Cookie": header} if header else {}), now)
    return found.reason if isinstance(found, NoSession) else found


def test_a_good_session_admits_its_person() -> None:
    """From one cookie, or from several chunks, among others."""
    for access_token in ("token", "a" * 9000):
        found = find(make_stage(), f"a=1; {cookie_header(access_token=access_token)}; b=2")

        assert isinstance(found, Admit)
        assert found.principal is not None
        assert found.principal.subject == "alice"


def test_a_session_is_opened_once() -> None:
    """Every later request gets the very same verdict."""
    stage = make_stage()

    assert find(stage, cookie_header()) is find(stage, f"x=1; {cookie_header()}")


def test_a_remembered_session_ends_when_it_ends() -> None:
    """Each hit looks at the clock: first the access token, or the session, whichever is over first."""
    stage = make_stage()

    assert isinstance(find(stage, cookie_header(), NOW), Admit)
    assert isinstance(find(stage, cookie_header(), NOW + 299), Admit)
    assert find(stage, cookie_header(), NOW + 300) == "session_expired"
    assert find(stage, cookie_header(expires_at=NOW + 10), NOW + 10) == "session_expired"


def test_every_reason_has_its_name() -> None:
    """Absent, broken, foreign, expired."""
    good = cookie_header()
    name = COOKIES.session.name
    foreign = ClientCookies(make_settings(client_id="other"), secure=False)

    assert find(make_stage(), "") == "session_absent"
    assert find(make_stage(), "other=1") == "session_absent"
    assert find(make_stage(), cookie_header(foreign)) == "session_absent"
    assert find(make_stage(), f"{name}=garbage") == "session_broken"
    assert find(make_stage(), f"{good}; {good}") == "session_broken"
    assert find(make_stage(), f"{good}; {name}_1=x") == "session_broken"
    assert find(make_stage(secrets=("another-secret-of-somebody",)), good) == "session_broken"
    assert find(make_stage(), f"{name}={cookie_header(foreign).partition('=')[2]}") == "session_broken"
    assert find(make_stage(), cookie_header(client_id="other")) == "session_foreign"
    assert find(make_stage(), cookie_header(expires_at=NOW)) == "session_expired"


def test_a_doubled_cookie_is_refused_even_when_the_session_is_remembered() -> None:
    """What was proven is the cookie, not the request: a second one beside it is in doubt again."""
    stage = make_stage()
    find(stage, cookie_header())

    assert find(stage, f"{cookie_header()}; {cookie_header()}") == "session_broken"


def test_a_remembered_session_stays_under_its_own_scheme() -> None:
    """The value of an https cookie, sent under the http name, is not the cookie that was proven."""
    secure = ClientCookies(SETTINGS, secure=True)
    stage = SessionStage(SETTINGS, secure, FakeLog())
    value = cookie_header(secure).partition("=")[2]

    assert isinstance(find(stage, cookie_header(secure)), Admit)
    assert find(make_stage(), f"{COOKIES.session.name}={value}") == "session_broken"


def test_required_scopes_hold_for_sessions_too() -> None:
    """What the provider granted counts, every time."""
    stage = make_stage(required_scopes=("profile", "email"))

    assert isinstance(find(make_stage(required_scopes=("profile", "openid")), cookie_header()), Admit)
    for _ in range(2):
        refused = find(stage, cookie_header())
        assert isinstance(refused, Reply)
        assert (refused.status, refused.reason) == (403, "scope_missing")


def test_any_of_several_secrets_opens() -> None:
    """A rotation signs nobody out."""
    assert isinstance(find(make_stage(secrets=("a-newer-secret-than-that", *SETTINGS.secrets)), cookie_header()), Admit)
