"""The cookies of one client: names, prefixes and the counter of host moves."""

import pytest

from ostiary.http.request import Request
from ostiary.identity.authorization import ResponseMode
from ostiary.identity.client_authentication import ClientCredentials
from ostiary.identity.login_flow import FLOW_VERSION, LoginFlow
from ostiary.relying_party.client_cookies import MAX_MOVES, OWNED_NAMES, ClientCookies, find_domain
from ostiary.relying_party.settings import CookieSettings, RelyingPartySettings
from tests.fakes.requests import make_request

USUAL = CookieSettings()
FLOW = LoginFlow(
    version=FLOW_VERSION, state="a-state", nonce="a-nonce", code_verifier=None, issuer="https://id.example",
    client_id="shop", redirect_uri="https://gateway.example/cb", return_to="/", created_at=0.0,
)  # fmt: skip


def make(
    discovery: str = "https://id.example/d",
    client_id: str = "shop",
    *,
    secure: bool = True,
    cookie: CookieSettings = USUAL,
    secrets: tuple[str, ...] = ("a-session-secret",),
    response_mode: ResponseMode = "query",
) -> ClientCookies:
    """Make the cookies of a client."""
    settings = RelyingPartySettings(
        discovery=discovery,
        credentials=ClientCredentials(client_id=client_id),
        secrets=secrets,
        fingerprint="f",
        cookie=cookie,
        response_mode=response_mode,
    )
    return ClientCookies(settings, secure=secure, domain=find_domain(cookie.domains, "shop.example.com"))


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


@pytest.mark.parametrize("secure", [True, False])
def test_the_cookie_of_a_login_comes_along_with_a_form(*, secure: bool) -> None:
    """`SameSite=None` goes with `Secure` only; the notes and the session stay as they were."""
    cookies = make(secure=secure, response_mode="form_post")
    usual = make(secure=secure)
    (written,) = cookies.flows.write(FLOW, bytes(12), [], 0.0)
    (lax,) = usual.flows.write(FLOW, bytes(12), [], 0.0)

    assert written.endswith("; Secure; HttpOnly; SameSite=None")
    assert written.startswith("__Host-") is secure
    assert lax.endswith("; SameSite=Lax")
    assert (cookies.write_moves(1), cookies.write_arrival()) == (usual.write_moves(1), usual.write_arrival())


def test_every_cookie_of_ours_stays_at_the_gateway() -> None:
    """The owned names cover sessions, flows, the counter and the note of an arrival, under both schemes."""
    for secure in (True, False):
        cookies = make(secure=secure)
        notes = (cookies.write_moves(1), cookies.write_arrival())
        for name in (cookies.session.name, *(note.partition("=")[0] for note in notes)):
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


@pytest.mark.parametrize(
    ("cookie", "secure", "prefix", "attributes"),
    [
        (CookieSettings(), True, "__Host-ostiary_session_", "Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=Lax"),
        (CookieSettings(), False, "ostiary_session_", "Path=/; Max-Age=3600; HttpOnly; SameSite=Lax"),
        (CookieSettings(name="shop"), True, "shop=", "Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=Lax"),
        (CookieSettings(path="/a"), True, "__Secure-ostiary_session_",
         "Path=/a; Max-Age=3600; Secure; HttpOnly; SameSite=Lax"),
        (CookieSettings(path="/a"), False, "ostiary_session_", "Path=/a; Max-Age=3600; HttpOnly; SameSite=Lax"),
        (CookieSettings(domains=("example.com",)), True, "__Secure-ostiary_session_",
         "Path=/; Domain=example.com; Max-Age=3600; Secure; HttpOnly; SameSite=Lax"),
        (CookieSettings(secure=False), True, "ostiary_session_", "Path=/; Max-Age=3600; HttpOnly; SameSite=Lax"),
        (CookieSettings(secure=True), False, "__Host-ostiary_session_",
         "Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=Lax"),
        (CookieSettings(http_only=False), True, "__Host-ostiary_session_",
         "Path=/; Max-Age=3600; Secure; SameSite=Lax"),
        (CookieSettings(same_site="Strict"), True, "__Host-ostiary_session_",
         "Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=Strict"),
        (CookieSettings(same_site="None", secure=True), True, "__Host-ostiary_session_",
         "Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=None"),
        (CookieSettings(same_site=None), True, "__Host-ostiary_session_", "Path=/; Max-Age=3600; Secure; HttpOnly"),
    ],
)  # fmt: skip
def test_the_session_cookie_is_as_the_operator_wants_it(
    cookie: CookieSettings, prefix: str, attributes: str, *, secure: bool
) -> None:
    """Each `session.cookie_*`; the name's prefix promises no more than the attributes keep."""
    session = make(secure=secure, cookie=cookie).session
    (written,) = session.write(b"x", bytes(12), [])
    (deleted,) = session.delete([(session.name.encode(), b"x")])

    assert written.startswith(prefix)
    assert written.partition("; ")[2] == attributes
    assert deleted == f"{session.name}=; " + attributes.replace("Max-Age=3600", "Max-Age=0")


def test_a_login_under_way_keeps_its_own_attributes() -> None:
    """The provider sends people back from another site: their note of it has to come along, whatever sessions are."""
    cookies = make(cookie=CookieSettings(name="shop", path="/a", domains=("example.com",), same_site="Strict"))

    assert cookies.write_moves(1).startswith("__Host-ostiary_login_moves=1; Path=/; Max-Age=10; Secure; HttpOnly;")
    assert cookies.write_moves(1).endswith("SameSite=Lax")


def test_a_cookie_opens_for_its_client_name_and_secret_only() -> None:
    """Whatever another instance calls its own cookie; each secret of a list opens, and only the first seals."""
    old, new = "the-old-secret", "the-new-secret"

    def open_at(cookies: ClientCookies, sealed: str) -> bytes | None:
        return cookies.session.open((sealed.partition(";")[0].partition("=")[2].encode(),))

    shop = CookieSettings(name="shop")
    (sealed,) = make(cookie=shop, secrets=(old,)).session.write(b"x", bytes(12), [])
    assert open_at(make(cookie=shop, secrets=(old,)), sealed) == b"x"
    assert open_at(make(cookie=shop, secrets=(new, old)), sealed) == b"x"
    assert open_at(make(cookie=shop, secrets=(new,)), sealed) is None
    for other in (
        make(client_id="other", cookie=shop, secrets=(old,)),
        make("https://other.example/d", cookie=shop, secrets=(old,)),
        make(cookie=CookieSettings(name="shop2"), secrets=(old,)),
    ):
        assert open_at(other, sealed) is None
    (resealed,) = make(cookie=shop, secrets=(new, old)).session.write(b"x", bytes(12), [])
    assert open_at(make(cookie=shop, secrets=(old,)), resealed) is None


def request_with(*pairs: str) -> Request:
    """Return a request with these cookies."""
    return make_request(headers={"Cookie": "; ".join(pairs)} if pairs else {})


@pytest.mark.parametrize("secure", [True, False])
def test_that_a_login_ended_well_is_remembered_for_seconds(secure: bool) -> None:
    """A note of its own, which every browser keeps whatever the session's cookie is like."""
    usual = make(secure=secure)
    attributes = "; Path=/; Max-Age=10; Secure; HttpOnly; SameSite=Lax"
    name, _, rest = usual.write_arrival().partition("=1")

    assert name.startswith("__Host-ostiary_login_" if secure else "ostiary_login_")
    assert rest == (attributes if secure else attributes.replace(" Secure;", ""))
    for cookie in (CookieSettings(name="shop", path="/a", same_site="Strict"), CookieSettings(secure=not secure)):
        assert make(secure=secure, cookie=cookie).write_arrival() == usual.write_arrival()
    assert make(client_id="other", secure=secure).write_arrival() != usual.write_arrival()


def test_a_session_is_lost_when_only_the_note_comes_back() -> None:
    """With any cookie of the session it is not, fitting or not; another client's note says nothing."""
    cookies = make(secure=False)
    note = cookies.write_arrival().partition(";")[0]
    name = cookies.session.name
    session = f"{name}=x"

    assert cookies.has_lost_session(request_with(note))
    assert cookies.has_lost_session(request_with("theme=dark", note))
    assert cookies.has_lost_session(request_with(note, session, session))  # an older one is in its way
    for pairs in ((), (session,), (note, session), (note, f"{name}_1=x")):
        assert not cookies.has_lost_session(request_with(*pairs))
    assert not make(client_id="other", secure=False).has_lost_session(request_with(note))


def test_the_note_is_deleted_where_it_came() -> None:
    """With its own attributes, and with nothing at all for a request without it."""
    cookies = make()
    note = cookies.write_arrival()
    pair, _, _ = note.partition(";")

    assert cookies.delete_arrival(request_with(pair)) == (note.replace("=1;", "=;").replace("Max-Age=10", "Max-Age=0"),)
    for pairs in ((), ("theme=dark",), (f"{cookies.session.name}=x",)):
        assert cookies.delete_arrival(request_with(*pairs)) == ()


@pytest.mark.parametrize(
    ("domains", "host", "domain"),
    [
        ((), "a.example.com", None),
        ((".example.com",), "a.example.com", ".example.com"),
        (("example.com", "a.example.com", "com"), "b.a.example.com", "a.example.com"),
        (("example.com", "a.example.com"), "example.com", "example.com"),
        (("okies.example", "x.okies.example"), "cookies.example", "okies.example"),
        (("long.example.com", "b.org"), "elsewhere.net", "b.org"),
        (("Example.COM",), "www.example.com", "Example.COM"),
    ],
)
def test_the_longest_domain_that_the_host_lies_in_is_set(
    domains: tuple[str, ...], host: str, domain: str | None
) -> None:
    """Whole labels; without one that fits the shortest, as the document says."""
    assert domain == find_domain(domains, host)


def test_a_cookie_with_an_operators_name_is_like_the_sessions() -> None:
    """Path, domain and flags; a Strict one would not come back from the provider."""
    cookie = CookieSettings(
        name="_oauth2_proxy", flow_name="_oauth2_proxy_csrf", flow_per_login=False, flow_lifetime_s=900, path="/a",
        domains=("example.com",), same_site="Strict", http_only=False,
    )  # fmt: skip
    (written,) = make(cookie=cookie).flows.write(FLOW, bytes(12), [], 0.0)

    assert written.startswith("_oauth2_proxy_csrf=")
    assert written.endswith("; Path=/a; Domain=example.com; Max-Age=900; Secure; SameSite=Lax")
    per_login = make(cookie=CookieSettings(flow_name="_csrf", same_site=None))
    (written,) = per_login.flows.write(FLOW, bytes(12), [], 0.0)
    assert written.startswith("_csrf_")
    assert "SameSite" not in written


def test_a_browser_session_ends_with_the_browser() -> None:
    """No lifetime is written; the seal's own limits count all the same."""
    (written,) = make(cookie=CookieSettings(is_browser_session=True)).session.write(b"x", bytes(12), [])

    assert "Max-Age" not in written
    assert "Max-Age=3600" in make().session.write(b"x", bytes(12), [])[0]
