"""What each option of `oidc` changes, seen from outside: cookies, redirects, headers, and what the provider is asked.

One test for each option, under its name; `oidc_matters` says which are shown elsewhere.
"""

import json
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from ostiary.config.stores import RedisServer, SqliteFile
from ostiary.plugin import Admit, Reply
from ostiary.plugins.oidc import plugin_type
from tests.fakes.issuer import CLIENT_ID, DISCOVERY, ISSUER, JWKS_URI, answer_discovery
from tests.fakes.oidc_configs import LEFT_OUT, SECRET
from tests.fakes.oidc_plugins import ORIGIN, PAGE, XHR, visit_oidc
from tests.fakes.sign_in import TOKEN_ENDPOINT, USERINFO_ENDPOINT, SignInWorld, Visitor, location_of, run

HTTP = "http://foo.bar.com"
PERSON = {"email": "alice@bar.com", "email_verified": True, "groups": ["staff"]}


def open_page(visitor: Visitor, url: str = PAGE, **sent: Any) -> Any:
    """Send a request."""
    return run(lambda: visitor.open(url, **sent))


def sign_in(visitor: Visitor, url: str = PAGE) -> Reply:
    """Go all the way; return the answer to the callback."""
    reply = run(lambda: visitor.sign_in(url))
    assert isinstance(reply, Reply)
    return reply


def signed_in(world: SignInWorld | None = None, **written: Any) -> Visitor:
    """Return somebody who is signed in."""
    visitor = visit_oidc(world or SignInWorld(), **written)
    reply = sign_in(visitor)
    assert "login_finished" == reply.reason, (reply.reason, visitor.world.log.codes)
    return visitor


def cookies_of(settled: Any, name: str) -> list[str]:
    """Return the Set-Cookie values of that name."""
    values = settled.set_cookies if isinstance(settled, Admit) else [v for n, v in settled.headers if n == "Set-Cookie"]
    return [value for value in values if value.startswith(f"{name}=")]


def session_cookie(**written: Any) -> dict[str, str]:
    """Return the attributes of the session's cookie, lower-case."""
    visitor = visit_oidc(SignInWorld(), **written)
    page = f"{HTTP}/headers" if str(written.get("redirect_url", "")).startswith("http://") else PAGE
    [cookie] = cookies_of(sign_in(visitor, page), written.get("cookie_name", "_oauth2_proxy"))
    return attributes_of(cookie)


def flow_cookie(**written: Any) -> dict[str, str]:
    """Return the attributes of the cookie of a sign-in under way, lower-case, and its name."""
    values = [v for n, v in open_page(visit_oidc(SignInWorld(), **written)).headers if n == "Set-Cookie"]
    [cookie] = [value for value in values if "csrf" in value.partition("=")[0]]
    return {"name": cookie.partition("=")[0], **attributes_of(cookie)}


def attributes_of(cookie: str) -> dict[str, str]:
    """Read a Set-Cookie value."""
    parts = [part.strip().partition("=") for part in cookie.split(";")[1:]]
    return {name.lower(): value for name, _, value in parts}


def asked(**written: Any) -> dict[str, str]:
    """Return what the provider is asked for at sign-in."""
    return dict(parse_qsl(urlsplit(location_of(open_page(visit_oidc(SignInWorld(), **written)))).query))


def told(admit: Any) -> dict[str, str]:
    """Return what the upstream is told, by lower-case name."""
    assert isinstance(admit, Admit), getattr(admit, "reason", admit)
    lines = [] if admit.edits is None else admit.edits.block.decode("latin-1").splitlines()
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


# --- cookies


def test_cookie_name() -> None:
    """Of the session, and of the sign-in with `_csrf` behind it."""
    visitor = signed_in(cookie_name="shop")

    assert ["shop"] == visitor.cookie_names
    assert "shop_csrf" == flow_cookie(cookie_name="shop")["name"]
    assert "_oauth2_proxy_csrf" == flow_cookie()["name"]


def test_cookie_secret() -> None:
    """Another one opens nothing; a list opens what any of its secrets sealed."""
    world = SignInWorld()
    visitor = signed_in(world)

    for secret, is_open in (
        (SECRET.rstrip("="), True),
        ("0123456789abcdef", False),
        (["0123456789abcdef", SECRET], True),
    ):
        visitor.plugin = visit_oidc(world, cookie_secret=secret).plugin
        assert is_open is isinstance(open_page(visitor, headers=XHR), Admit)


def test_cookie_domains() -> None:
    """The longest that fits, else the shortest; none is the one host."""
    assert "domain" not in session_cookie()
    assert "bar.com" == session_cookie(cookie_domains="bar.com")["domain"].lstrip(".")
    both = [".bar.com", ".foo.bar.com", "evil.example"]
    assert "foo.bar.com" == session_cookie(cookie_domains=both)["domain"].lstrip(".")
    assert "a.example" == flow_cookie(cookie_domains=["a.example", "long.b.example"])["domain"].lstrip(".")
    assert "bar.com" == flow_cookie(cookie_domains=["o.bar.com", "bar.com"])["domain"].lstrip(".")


def test_cookie_path() -> None:
    """Of both cookies."""
    assert ("/", "/") == (session_cookie()["path"], flow_cookie()["path"])
    assert "/oauth2" == flow_cookie(cookie_path="/oauth2")["path"]


def test_cookie_expire() -> None:
    """168 hours, what is written, or the browser's life; and the session is over by then."""
    assert "604800" == session_cookie()["max-age"]
    assert "3600" == session_cookie(cookie_expire="1h")["max-age"]
    assert not {"max-age", "expires"} & set(session_cookie(cookie_expire=0))
    world = SignInWorld()
    visitor = signed_in(world, cookie_expire="2m", pass_authorization_header=False)
    world.clock.advance(121)
    assert "login_started" == open_page(visitor).reason


def test_cookie_refresh() -> None:
    """A session is renewed after that time, although its tokens are good."""
    world = SignInWorld()
    visitor = signed_in(world, cookie_refresh="1m")
    world.clock.advance(61)

    assert cookies_of(open_page(visitor), "_oauth2_proxy")
    assert 1 == world.refreshes


def test_cookie_secure() -> None:
    """On, off where it is typed, and off with an http redirect_url."""
    assert "secure" in session_cookie()
    assert "secure" in flow_cookie()
    assert "secure" not in flow_cookie(cookie_secure=False)
    assert "secure" not in session_cookie(redirect_url=f"{HTTP}/oauth2/callback")


def test_cookie_httponly() -> None:
    """On, unless it is typed off."""
    assert "httponly" in session_cookie()
    assert "httponly" not in session_cookie(cookie_httponly=False)


@pytest.mark.parametrize(("written", "sent"), [("", None), ("lax", "Lax"), ("strict", "Strict"), ("none", "None")])
def test_cookie_samesite(written: str, sent: str | None) -> None:
    """Of the session; and a sign-in ends well whatever it is."""
    visitor = visit_oidc(SignInWorld(), cookie_samesite=written)
    reply = sign_in(visitor)
    [cookie] = cookies_of(reply, "_oauth2_proxy")

    assert sent == attributes_of(cookie).get("samesite")


def test_cookie_samesite_strict_keeps_no_sign_in_from_ending() -> None:
    """The provider's answer comes from another site, and has to find the note of the sign-in."""
    assert "Strict" != flow_cookie(cookie_samesite="strict").get("samesite")


def test_cookie_csrf_per_request() -> None:
    """One cookie for all sign-ins under way, or one for each, so that the first can end well, too."""
    for per_request, ends in ((False, False), (True, True)):
        world = SignInWorld()
        visitor = visit_oidc(world, cookie_csrf_per_request=per_request)
        first = world.authorize(location_of(open_page(visitor, f"{ORIGIN}/a")))
        open_page(visitor, f"{ORIGIN}/b")
        reply = open_page(visitor, first)
        assert ends is (reply.reason == "login_finished"), reply.reason
    name = flow_cookie(cookie_csrf_per_request=True)["name"]
    assert name.startswith("_oauth2_proxy_csrf_")
    assert len("_oauth2_proxy_csrf_") + 8 == len(name)


def test_cookie_csrf_expire() -> None:
    """In the browser, and here."""
    assert ("900", "60") == (flow_cookie()["max-age"], flow_cookie(cookie_csrf_expire="1m")["max-age"])
    world = SignInWorld()
    visitor = visit_oidc(world, cookie_csrf_expire="20m")
    back = world.authorize(location_of(open_page(visitor)))
    world.clock.advance(19 * 60)
    assert "login_finished" == open_page(visitor, back).reason
    late = SignInWorld()
    visitor = visit_oidc(late, cookie_csrf_expire="1m")
    back = late.authorize(location_of(open_page(visitor)))
    header = visitor.jar.header(urlsplit(back), late.clock.now())
    late.clock.advance(61)
    assert "flow_stale" == open_page(visitor, back, cookie=header).reason


# --- client and provider


def test_client_id() -> None:
    """At the provider."""
    assert "desk" == asked(client_id="desk")["client_id"]


def test_client_secret() -> None:
    """In the body of the call to the token endpoint."""
    visitor = signed_in(client_secret="another-secret")
    [call] = [call for call in visitor.world.http.calls if call.url == TOKEN_ENDPOINT]

    assert "another-secret" == dict(parse_qsl(call.body.decode()))["client_secret"]


def test_provider() -> None:
    """Alibaba Cloud gives a refresh token on demand only."""
    world = SignInWorld()
    world.http.answers["https://oauth.aliyun.com/.well-known/openid-configuration"] = answer_discovery(
        issuer="https://oauth.aliyun.com"
    )
    visitor = visit_oidc(world, provider="aliyun", oidc_issuer_url=LEFT_OUT)

    assert "access_type=offline" in location_of(open_page(visitor))
    assert "access_type" not in asked()


def test_oidc_issuer_url() -> None:
    """Compared byte for byte, the slash at its end included."""
    world = SignInWorld()
    other = "https://other.example/"
    world.http.answers["https://other.example/.well-known/openid-configuration"] = answer_discovery(issuer=other)

    assert 302 == open_page(visit_oidc(world, oidc_issuer_url=other)).status


def test_oidc_verifier_request_timeout() -> None:
    """Of every call."""
    visitor = signed_in(oidc_verifier_request_timeout=500)

    assert all(0 < call.timeout_s <= 0.5 for call in visitor.world.http.calls)


def test_skip_oidc_discovery() -> None:
    """Nobody asks for metadata; what is written does."""
    urls: dict[str, Any] = {"login_url": f"{ISSUER}/authorize", "redeem_url": TOKEN_ENDPOINT, "oidc_jwks_url": JWKS_URI}
    visitor = signed_in(skip_oidc_discovery=True, **urls)

    assert DISCOVERY not in {call.url for call in visitor.world.http.calls}


@pytest.mark.parametrize("name", ["redeem_url", "profile_url", "oidc_jwks_url"])
def test_endpoints(name: str) -> None:
    """What is written is called in place of what the metadata say."""
    world = SignInWorld()
    theirs = {"redeem_url": TOKEN_ENDPOINT, "profile_url": USERINFO_ENDPOINT, "oidc_jwks_url": JWKS_URI}[name]
    ours = f"https://issuer.example/moved/{name}"
    world.http.answers[ours] = world.http.answers[theirs]
    world.claim_changes |= PERSON
    visitor = signed_in(world, **{name: ours}, pass_user_headers=True)
    called = {call.url for call in visitor.world.http.calls}

    assert (True, False) == (ours in called, theirs in called)


def test_login_url() -> None:
    """Where browsers are sent."""
    reply = open_page(visit_oidc(SignInWorld(), login_url="https://issuer.example/moved"))

    assert location_of(reply).startswith("https://issuer.example/moved?")


def test_oidc_extra_audiences() -> None:
    """An ID token for another audience besides is accepted where that is said; for another alone it never is."""
    extra: dict[str, Any] = {"oidc_extra_audiences": ["api"]}
    for written, audience, ends in (({}, [CLIENT_ID, "api"], False), (extra, [CLIENT_ID, "api"], True),
                                    (extra, "api", False)):  # fmt: skip
        world = SignInWorld()
        world.claim_changes |= {"aud": audience, "azp": CLIENT_ID}
        reply = sign_in(visit_oidc(world, **written))
        assert ends is (reply.reason == "login_finished"), reply.reason


def test_insecure_oidc_skip_nonce() -> None:
    """An ID token without one is refused where that is said; a wrong one is anyway."""
    for written, nonce, ends in (
        ({}, None, True),
        ({"insecure_oidc_skip_nonce": False}, None, False),
        ({}, "another", False),
    ):
        world = SignInWorld()
        world.claim_changes |= {"nonce": nonce}
        reply = sign_in(visit_oidc(world, **written))
        assert ends is (reply.reason == "login_finished"), reply.reason


def test_service_name() -> None:
    """Calls are connected there; their URLs stay."""
    visitor = signed_in(service_name="auth.dns")

    assert {(("id.example", 443),)} == {call.addresses for call in visitor.world.http.calls}
    assert DISCOVERY in {call.url for call in visitor.world.http.calls}


# --- signing in


def test_scope() -> None:
    """A semicolon stands for a space."""
    assert ("openid email profile", "openid email") == (asked()["scope"], asked(scope="openid;email")["scope"])


def test_redirect_url() -> None:
    """Where the provider sends people back to, and what is finished there."""
    assert f"{ORIGIN}/cb" == asked(redirect_url="/cb")["redirect_uri"]
    assert f"{ORIGIN}/oauth2/callback" == asked(redirect_url=LEFT_OUT)["redirect_uri"]
    assert "login_finished" == sign_in(visit_oidc(SignInWorld(), redirect_url="/cb")).reason


def test_code_challenge_method() -> None:
    """PKCE, whatever the metadata say."""
    for written, is_sent in (({}, False), ({"code_challenge_method": "S256"}, True)):
        world = SignInWorld()
        world.publish(code_challenge_methods_supported=None)
        location = location_of(open_page(visit_oidc(world, **written)))
        assert is_sent is ("code_challenge_method=S256" in location)


@pytest.mark.parametrize("name", ["prompt", "approval_prompt", "acr_values"])
def test_parameters(name: str) -> None:
    """Sent as they are written, or not at all."""
    assert name not in asked()
    assert "login" == asked(**{name: "login"})[name]


# --- who may enter


@pytest.mark.parametrize(
    ("written", "claims", "enters"),
    [
        ({"allowed_groups": ["staff"]}, PERSON, True),
        ({"allowed_groups": "guests"}, PERSON, False),
        ({"allowed_groups": "staff"}, {}, False),
        ({"allowed_emails": "alice@bar.com"}, PERSON, True),
        ({"allowed_emails": "bob@bar.com"}, PERSON, False),
        ({"email_domains": "bar.com"}, PERSON, True),
        ({"email_domains": "*.bar.com"}, PERSON, False),
        ({"email_domains": "*"}, PERSON, True),
        ({"email_domains": "*"}, {}, False),
        ({"email_domains": "evil.example", "allowed_emails": "alice@bar.com"}, PERSON, True),
        ({"email_domains": "bar.com"}, {**PERSON, "email": "a@evil.example@bar.com"}, False),
        ({"email_domains": "bar.com"}, {**PERSON, "email_verified": False}, False),
        (
            {"email_domains": "bar.com", "insecure_oidc_allow_unverified_email": True},
            {**PERSON, "email_verified": False},
            True,
        ),
        ({"email_domains": "bar.com", "oidc_email_claim": "mail"}, {"mail": "a@bar.com", "email_verified": True}, True),
        ({"allowed_groups": "staff", "oidc_groups_claim": "roles"}, {"roles": ["staff"]}, True),
        ({"allowed_groups": "staff", "oidc_groups_claim": "roles"}, PERSON, False),
    ],
)
def test_members(written: dict[str, Any], claims: dict[str, Any], enters: bool) -> None:
    """Everybody else is told 403, and is not let through."""
    world = SignInWorld()
    world.claim_changes |= claims
    visitor = visit_oidc(world, **written)
    answer = sign_in(visitor)
    settled = open_page(visitor, headers=XHR)

    assert enters is isinstance(settled, Admit)
    if not enters:
        assert 403 in {answer.status, settled.status}
        assert not isinstance(settled, Admit)
        assert 202 != open_page(visitor, f"{ORIGIN}/oauth2/auth").status


def test_skip_claims_from_profile_url() -> None:
    """Userinfo is asked for where groups count, unless that is said."""
    for written, enters in (({}, True), ({"skip_claims_from_profile_url": True}, False)):
        world = SignInWorld()
        world.userinfo = {"sub": "user-1", "groups": ["staff"]}
        visitor = visit_oidc(world, allowed_groups="staff", **written)
        sign_in(visitor)
        assert enters is isinstance(open_page(visitor, headers=XHR), Admit)
        assert enters is (USERINFO_ENDPOINT in {call.url for call in world.http.calls})


# --- headers


def test_pass_authorization_header() -> None:
    """The ID token, or nothing; never what the client sent there."""
    for is_told in (True, False):
        visitor = signed_in(pass_authorization_header=is_told)
        admit = open_page(visitor, headers={"Authorization": "Bearer forged"})
        assert is_told is told(admit).get("authorization", "").startswith("Bearer eyJ")
        assert b"authorization" in admit.edits.names


def test_pass_access_token() -> None:
    """In a header of its own."""
    assert "an-access-token" == told(open_page(signed_in(pass_access_token=True)))["x-forwarded-access-token"]


def test_pass_user_headers() -> None:
    """Who is there, in four headers."""
    world = SignInWorld()
    world.claim_changes |= {**PERSON, "groups": ["staff", "admins"], "preferred_username": "alice"}
    headers = told(open_page(signed_in(world, pass_user_headers=True)))

    assert ("user-1", "alice@bar.com", "staff,admins", "alice") == (
        headers["x-forwarded-user"], headers["x-forwarded-email"], headers["x-forwarded-groups"],
        headers["x-forwarded-preferred-username"],
    )  # fmt: skip


# --- places


def test_proxy_prefix() -> None:
    """All paths move, and the old ones are none."""
    visitor = visit_oidc(SignInWorld(), proxy_prefix="/sso", redirect_url=LEFT_OUT)

    assert 200 == open_page(visitor, f"{ORIGIN}/sso/ping").status
    assert f"{ORIGIN}/sso/callback" == asked(proxy_prefix="/sso", redirect_url=LEFT_OUT)["redirect_uri"]
    assert "login_started" == open_page(visitor, f"{ORIGIN}/oauth2/ping").reason


def test_ping_path_and_ready_path() -> None:
    """Where they are written."""
    visitor = visit_oidc(SignInWorld(), ping_path="/healthz", ready_path="/up")

    assert {200} == {open_page(visitor, ORIGIN + path).status for path in ("/healthz", "/up")}


@pytest.mark.parametrize(
    ("domains", "rd", "leads"),
    [
        ((), "/foo?a=1", "/foo?a=1"),
        ((), "https://foo.bar.com/foo", "https://foo.bar.com/foo"),
        ((), "https://app.example/foo", "/"),
        (("app.example",), "https://app.example/foo", "https://app.example/foo"),
        (("app.example",), "https://app.example:8443/foo", "/"),
        (("app.example:8443",), "https://app.example:8443/foo", "https://app.example:8443/foo"),
        (("app.example:*",), "https://app.example:9/foo", "https://app.example:9/foo"),
        ((".example",), "https://evilexample/foo", "/"),
        ((".app.example",), "https://a.app.example/foo", "https://a.app.example/foo"),
        ((".app.example",), "https://evil-app.example/", "/"),
        (("app.example",), "//app.example/foo", "/"),
        (("app.example",), "https://app.example@evil.example/", "/"),
        (("app.example",), r"https:\\evil.example/", "/"),
        (("app.example",), "javascript:alert(1)", "/"),
    ],
)
@pytest.mark.parametrize("path", ["start", "sign_out"])
def test_whitelist_domains(domains: tuple[str, ...], rd: str, leads: str, path: str) -> None:
    """`rd` leads to this host, to those that are named, and nowhere else."""
    world = SignInWorld()
    visitor = visit_oidc(world, whitelist_domains=list(domains))
    reply = open_page(
        visitor,
        f"{ORIGIN}/oauth2/{path}?rd={quote(rd, safe='')}",
        headers={"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"},
    )
    if path == "start":
        reply = open_page(visitor, world.authorize(location_of(reply)))

    assert leads.removeprefix(ORIGIN) == location_of(reply).removeprefix(ORIGIN)


# --- stores


@pytest.mark.parametrize("kind", ["redis", "sqlite"])
def test_session_store_type(kind: str) -> None:
    """The session is there, and the cookie is a ticket."""
    section: dict[str, Any] = {"redis": {"host": "10.0.0.7"}, "sqlite": {"path": "sessions.db"}}[kind]
    written: dict[str, Any] = {"session_store_type": kind, kind: section}
    visitor = signed_in(**written)
    [settings] = visitor.world.stores.opened

    assert section == {name: getattr(settings, name) for name in section}
    assert isinstance(open_page(visitor), Admit)
    header = visitor.jar.header(urlsplit(PAGE), visitor.world.clock.now())
    assert len(header) < 500


def test_session_cookie_minimal() -> None:
    """No token is in the session, so it is small and tells none."""
    minimal: dict[str, Any] = {"session_cookie_minimal": True, "pass_authorization_header": False}
    small, large = signed_in(**minimal), signed_in(pass_authorization_header=False)
    sizes = [len(each.jar.header(urlsplit(PAGE), each.world.clock.now())) for each in (small, large)]

    assert sizes[0] + 500 < sizes[1]
    assert {} == told(open_page(small))
    assert isinstance(open_page(small), Admit)


def test_every_redis_field_reaches_the_store() -> None:
    """As `openid-connect`'s does: the section is the same."""
    fields = plugin_type.config.model_fields
    assert issubclass(fields["redis"].annotation.__args__[0], RedisServer)  # type: ignore[union-attr]
    assert issubclass(fields["sqlite"].annotation.__args__[0], SqliteFile)  # type: ignore[union-attr]


def test_userinfo_is_the_persons() -> None:
    """What `/oauth2/userinfo` says is what the provider said, and no token is in it."""
    world = SignInWorld()
    world.claim_changes |= PERSON
    reply = open_page(signed_in(world), f"{ORIGIN}/oauth2/userinfo")

    assert isinstance(reply, Reply)
    assert "alice@bar.com" == json.loads(reply.body)["email"]
    assert b"eyJ" not in reply.body
