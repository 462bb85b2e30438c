"""What a client claims to be, end to end: identity headers and our cookies never reach an upstream from outside."""

import itertools
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.e2e.counterparts.recording_upstream import Answer, build_response
from tests.e2e.counterparts.scene import Scene, start_scene

MARK = "spoofed-by-the-client"
IDENTITY_HEADERS = ("X-Access-Token", "X-ID-Token", "X-Userinfo", "X-Refresh-Token", "X-Raw-ID-Token")
ROUTES = ("public", "open", "anything", "pkce", "closed", "jwks", "introspect")
SPELLINGS = tuple(
    dict.fromkeys(
        change(name.replace("-", separator))
        for name in IDENTITY_HEADERS
        for separator in ("-", "_", ".")
        for change in (str, str.lower, str.upper)
    )
)
MIXED = ("X-User_Info", "X_Access-Token", "X.ID_Token", "x-USERinfo", "X_Userinfo", "X.Access.Token")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One scene for the module."""
    with start_scene(tmp_path_factory.mktemp("spoofing")) as scene:
        yield scene


@pytest.fixture
def scene(running: Scene) -> Scene:
    """The scene, with nothing recorded yet."""
    running.provider.reset()
    running.upstream.clear()
    return running


@pytest.fixture(scope="module")
def credentials(running: Scene) -> dict[str, list[tuple[str, str]]]:
    """What gets a request through on each route: a session's cookies, or a token, or nothing."""

    def cookies(path: str) -> list[tuple[str, str]]:
        browser, page = running.sign_in(path)
        assert page.status == 200
        return [("Cookie", browser.jar.header(urlsplit(running.url(path)), 0.0))]

    def token(route: str) -> list[tuple[str, str]]:
        return [("Authorization", f"Bearer {running.provider.machine_token(running.clients[route])}")]

    session = cookies("/pkce/test")
    return {
        "public": [],
        "open": [],
        "anything": cookies("/anything/test"),
        "pkce": session,
        "closed": session,
        "jwks": token("jwks"),
        "introspect": token("introspect"),
    }


@pytest.mark.parametrize("route", ROUTES)
def test_identity_headers_are_ours_in_every_spelling(
    scene: Scene, credentials: dict[str, list[tuple[str, str]]], route: str
) -> None:
    """One by one: dropped or refused, but never seen upstream; and what we set, we set once."""
    for name in (*SPELLINGS, *MIXED):
        answer = scene.call(f"/{route}/test", headers=[*credentials[route], (name, MARK)])
        assert answer.status in {200, 400}, name
    assert MARK.encode("ascii") not in scene.upstream.all_bytes
    answer = scene.call(f"/{route}/test", headers=[*credentials[route], *((name, MARK) for name in IDENTITY_HEADERS)])
    assert answer.status == 200
    assert MARK.encode("ascii") not in scene.upstream.all_bytes
    for name in IDENTITY_HEADERS:
        assert len(scene.last_request().values(name)) <= 1, name


@pytest.mark.parametrize("route", ROUTES)
def test_identity_headers_in_trailers_do_not_arrive(
    scene: Scene, credentials: dict[str, list[tuple[str, str]]], route: str
) -> None:
    """RFC 9112 §7.1.2: a trailer is dropped, or the request refused."""
    lines = [f"POST /{route}/test HTTP/1.1", "Host: localhost", "Transfer-Encoding: chunked", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in credentials[route]]
    trailers = "".join(f"{name}: {MARK}\r\n" for name in IDENTITY_HEADERS)
    sent = "\r\n".join(lines) + "\r\n\r\n3\r\nabc\r\n0\r\n" + trailers + "\r\n"
    status = _send(scene, sent.encode("latin-1"))
    assert status in {200, 400}
    assert MARK.encode("ascii") not in scene.upstream.all_bytes


@pytest.mark.parametrize("named", ["X-Userinfo, X-Access-Token", "close, x-userinfo, X_Access-Token", "Host", "Cookie"])
def test_connection_cannot_name_what_is_ours_away(
    scene: Scene, credentials: dict[str, list[tuple[str, str]]], named: str
) -> None:
    """Hop-by-hop removal comes first: what we set arrives all the same."""
    answer = scene.call("/jwks/test", headers=[*credentials["jwks"], ("Connection", named)])
    assert answer.status == 200
    request = scene.last_request()
    assert (bool(request.value("x-userinfo")), bool(request.value("x-access-token"))) == (True, True)
    assert request.value("host") == f"127.0.0.1:{scene.gateway.port}"


def test_connection_can_only_take_credentials_away(scene: Scene, credentials: dict[str, list[tuple[str, str]]]) -> None:
    """Who calls its own `Authorization` hop-by-hop has shown none, on any route."""
    for route in ("jwks", "introspect", "closed"):
        name = credentials[route][0][0]
        answer = scene.call(f"/{route}/test", headers=[*credentials[route], ("Connection", name)])
        assert answer.status in {200, 400, 401}
        if answer.status == 200:
            assert scene.last_request().value("x-userinfo")


def test_a_refused_request_reaches_nobody(scene: Scene) -> None:
    """Neither with a forged identity nor with a forged session."""
    forged = [(name, MARK) for name in IDENTITY_HEADERS]
    for route, cookie in itertools.product(("anything", "closed", "jwks", "introspect"), ("", "ostiary_session=x")):
        headers = [*forged, ("Cookie", cookie)] if cookie else forged
        assert scene.call(f"/{route}/test", headers=headers).status == 401
    assert scene.upstream.requests == []


def test_our_cookies_stay_here_and_the_others_go_on(scene: Scene) -> None:
    """On every route, whoever's session it is; an upstream cannot set one of ours either."""
    browser, _ = scene.sign_in("/pkce/test")
    browser.jar.store("app=1; Path=/", urlsplit(scene.url("/")), 0.0)
    browser.open(scene.url("/anything/test"))  # starts a login and leaves its cookie
    ours = [name for name in browser.cookie_names() if "ostiary" in name]
    assert len(ours) >= 2
    scene.upstream.clear()
    for route in ("public", "open", "pkce", "closed"):
        browser.open(scene.url(f"/{route}/test"))
        assert scene.last_request().target == f"/{route}/test"
        assert "app=1" in (scene.last_request().value("cookie") or ""), route
    session = [name for name in ours if "session" in name]
    assert session
    for request in scene.upstream.requests:
        route = request.target.split("/")[1]
        cookie = request.value("cookie") or ""
        if route != "public":
            assert not [name for name in session if name in cookie], route


def test_an_upstream_cannot_set_our_cookies(scene: Scene) -> None:
    """A `Set-Cookie` with a name of ours is dropped on its way to the browser."""
    browser, _ = scene.sign_in("/pkce/test")
    name = next(name for name in browser.cookie_names() if "session" in name and "ostiary" in name)
    before = browser.jar.header(urlsplit(scene.url("/pkce/test")), 0.0)
    cookies = [("Set-Cookie", f"{name}=stolen; Path=/"), ("Set-Cookie", "app=2; Path=/")]
    scene.upstream.answer_next(Answer(build_response(200, b"", cookies)))
    page = browser.open(scene.url("/pkce/test"))
    assert page.header_values("set-cookie") == ["app=2; Path=/"]
    assert browser.jar.header(urlsplit(scene.url("/pkce/test")), 0.0).startswith(before.split(";")[0])


def _send(scene: Scene, sent: bytes) -> int:
    received = b""
    with socket.create_connection(("127.0.0.1", scene.gateway.port), timeout=10) as connection:
        connection.sendall(sent)
        while more := connection.recv(65_536):
            received += more
    return int(received.split(b" ", 2)[1])
