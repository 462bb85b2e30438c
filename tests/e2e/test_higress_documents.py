"""Higress's documents as resources, with real processes: people sign in, machines ask for tokens, services speak https.

Each folder is served as it is, and as what `ostiary import higress` makes of it.
"""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
import yaml

from tests.e2e.counterparts.calls import Response, call
from tests.e2e.counterparts.certified import read_token
from tests.e2e.counterparts.gateway import RunningGateway, start_gateway, start_higress
from tests.e2e.counterparts.oidc_provider import LOGIN, PASSWORD, OidcProvider, register, start_oidc_provider
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.e2e.counterparts.scene import read_query
from tests.e2e.counterparts.tls_server import TlsPeer, serve_tls
from tests.fakes.browser import Browser, Page
from tests.fakes.certificates import Authority, make_authority
from tests.fakes.higress import Object, bridge, ingress, path_to, wasm, write_folder

WAYS = ["folder", "imported"]
SITE = "http://foo.bar.com"
CLIENT = register(
    "YagFqRD9tfNIaac5BamjhsSatjrAnsnZ", "a-secret-of-the-example", redirect_uris=[f"{SITE}/oauth2/callback"],
    post_logout_redirect_uris=[f"{SITE}/foo"], token_endpoint_auth_method="client_secret_post",
)  # fmt: skip


@contextlib.contextmanager
def serve(
    way: str, place: Path, *objects: Object, environment: Mapping[str, str] | None = None
) -> Iterator[RunningGateway]:
    """Serve a folder of these objects, or what is imported of it."""
    folder = write_folder(place / "folder", *objects)
    place.joinpath("gateway").mkdir()
    if way == "folder":
        with start_higress(folder, place / "gateway", environment) as gateway:
            yield gateway
        return
    command = [sys.executable, "-m", "ostiary", "import", "higress", str(folder)]
    printed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert 0 == printed.returncode, printed.stderr
    with start_gateway(yaml.safe_load(printed.stdout), place / "gateway", environment) as gateway:
        yield gateway


# ------------------------------------------------------------------------------------------------ people sign in


def list_resources(provider: OidcProvider, upstream: RecordingUpstream) -> list[Object]:
    """The `oidc` document's example: its plugin for everything, its source, and an Ingress of the application's."""
    config = {
        "redirect_url": f"{SITE}/oauth2/callback",
        "oidc_issuer_url": provider.issuer,
        "client_id": CLIENT["client_id"],
        "client_secret": CLIENT["client_secret"],
        "scope": "openid email offline_access",
        "cookie_secret": "nqavJrGvRmQxWwGNptLdyUVKcBNZ2b18Guc1n_8DCfY=",
        "service_name": "auth.dns",
        "service_port": provider.port,
        "match_type": "whitelist",
        "match_list": [{"match_rule_domain": "*.bar.com", "match_rule_path": "/foo", "match_rule_type": "prefix"}],
    }
    return [
        bridge(
            {"name": "auth", "type": "dns", "domain": "localhost", "port": provider.port},
            {"name": "apps", "type": "static", "domain": upstream.address, "port": 80},
        ),
        ingress("app", "foo.bar.com"),
        ingress("open", "open.bar.com"),
        wasm({"ingress": ["app"], "config": config}, {"domain": ["elsewhere.bar.com"], "config": config}),
    ]


def sign_in(gateway: RunningGateway, provider: OidcProvider) -> tuple[Browser, Page]:
    """Open a page, and fill in the provider's form."""
    browser = Browser(hosts={"foo.bar.com": gateway.port})
    form = browser.open(f"{SITE}/headers?x=1")
    assert form.url.startswith(f"{provider.issuer}/interaction/"), (form.status, form.url, form.text[:400])
    return browser, browser.submit(form, {"login": LOGIN, "password": PASSWORD})


@pytest.mark.parametrize("way", WAYS)
def test_people_sign_in_and_out(way: str, tmp_path: Path) -> None:
    """At a provider that somebody else wrote; the whitelist, the other host and a copied cookie are what they are."""
    with (
        start_oidc_provider(clients=[CLIENT]) as provider,
        RecordingUpstream() as upstream,
        serve(way, tmp_path, *list_resources(provider, upstream)) as gateway,
    ):
        browser, page = sign_in(gateway, provider)
        assert (200, f"{SITE}/headers?x=1") == (page.status, page.url)
        [authorization] = upstream.requests[-1].values("authorization")
        assert LOGIN == read_token(authorization.removeprefix("Bearer "))[1]["sub"]
        assert "_oauth2_proxy" not in (upstream.requests[-1].value("cookie") or "")

        count = len(upstream.requests)
        for path in ("/headers", "/oauth2/other", "/Foo", "/x/../foo"):
            assert call(gateway.url + path, headers={"Host": "foo.bar.com"}).status in {302, 400, 401}
        assert count == len(upstream.requests)
        assert 200 == call(f"{gateway.url}/foo", headers={"Host": "foo.bar.com"}).status
        assert 200 == call(f"{gateway.url}/", headers={"Host": "open.bar.com"}).status

        copied = browser.jar.header(urlsplit(SITE), time.time())
        target = f"{provider.issuer}/session/end?post_logout_redirect_uri={SITE}/foo"
        url = f"{SITE}/oauth2/sign_out?rd={quote(target, safe='')}"
        left = browser.open(url, stop_before=lambda address: not address.startswith(url))
        assert CLIENT["client_id"] == read_query(left.location or "")["client_id"]
        ended = browser.submit(browser.open(left.location or ""), button="yes")
        assert ended.url.startswith(f"{SITE}/foo")
        answer = call(f"{gateway.url}/headers", headers={"Host": "foo.bar.com", "Cookie": copied, "Accept": "*/*"})
        assert answer.status in {302, 401}
        assert CLIENT["client_secret"] not in gateway.output()


@pytest.mark.parametrize("way", WAYS)
def test_while_the_provider_is_away_nobody_gets_in(way: str, tmp_path: Path) -> None:
    """503 and nothing forwarded; what the rule does not name is open as before."""
    with RecordingUpstream() as upstream:
        with start_oidc_provider(clients=[CLIENT]) as provider:
            resources = list_resources(provider, upstream)
        with serve(way, tmp_path, *resources) as gateway:
            closed = call(f"{gateway.url}/headers", headers={"Host": "foo.bar.com"})
            assert (503, None) == (closed.status, closed.header("Location"))
            assert [] == upstream.requests
            assert 200 == call(f"{gateway.url}/", headers={"Host": "open.bar.com"}).status


# ------------------------------------------------------------------------------------------- machines ask for tokens

CONSUMERS = [
    {
        "name": "consumer1",
        "client_id": "12345678-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
        "client_secret": "abcdefgh-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
    }
]
GRANT = "&".join(
    ["grant_type=client_credentials", *(f"{key}={CONSUMERS[0][key]}" for key in ("client_id", "client_secret"))]
)


@contextlib.contextmanager
def two_routes(way: str, place: Path, shared: bool | None) -> Iterator[RunningGateway]:
    """The `oauth2` document's route-a and route-b with one rule for both, and a route that no rule names."""
    config = {"consumers": CONSUMERS} | ({} if shared is None else {"global_credentials": shared})
    with RecordingUpstream() as upstream:
        objects = [
            bridge({"name": "apps", "type": "static", "domain": upstream.address, "port": 80}),
            *(ingress(f"route-{name}", "test.com", path_to(f"/{name}")) for name in ("a", "b", "c")),
            wasm({"ingress": ["route-a", "route-b"], "config": config}, image="oauth"),
        ]
        with serve(way, place, *objects) as gateway:
            yield gateway


def ask(gateway: RunningGateway, path: str, token: str | None = None, method: str = "GET", body: str = "") -> Response:
    """Call a path of the document's host."""
    headers = {"Host": "test.com"} | ({"Authorization": f"Bearer {token}"} if token else {})
    if not body:
        return call(gateway.url + path, method, headers)
    form = {**headers, "Content-Type": "application/x-www-form-urlencoded"}
    return call(gateway.url + path, method, form, body.encode())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("shared", "elsewhere"), [(None, 403), (True, 200)])
def test_a_token_of_one_route_opens_another_only_where_they_share(
    way: str, shared: bool | None, elsewhere: int, tmp_path: Path
) -> None:
    """Issued by GET and by POST under the routes themselves; a changed one, and none, open nothing."""
    with two_routes(way, tmp_path, shared) as gateway:
        of_a = ask(gateway, f"/a/oauth2/token?{GRANT}").json()
        of_b = ask(gateway, "/b/oauth2/token", None, "POST", GRANT).json()["access_token"]

        assert ("bearer", 7200) == (of_a["token_type"].lower(), of_a["expires_in"])
        assert [200, elsewhere] == [ask(gateway, path, of_a["access_token"]).status for path in ("/a/x", "/b/x")]
        assert [elsewhere, 200] == [ask(gateway, path, of_b).status for path in ("/a/x", "/b/x")]
        assert [401, 401, 200] == [ask(gateway, path).status for path in ("/a/x", "/b", "/c")]
        assert 401 == ask(gateway, "/a/x", of_b[:-4] + "AAAA").status
        assert ask(gateway, "/a/oauth2/token", None, "DELETE").status in {401, 405}
        assert CONSUMERS[0]["client_secret"] not in gateway.output()


# --------------------------------------------------------------------------------------------- services speak https

INTERNAL = "orders.internal"


@pytest.fixture(scope="module")
def authority() -> Authority:
    """A private authority."""
    return make_authority()


@contextlib.contextmanager
def https_service(
    way: str, place: Path, authority: Authority, name: str, source: Object, protocol: str | None
) -> Iterator[tuple[RunningGateway, list[str], list[str | None]]]:
    """A service with a certificate for a name; what it is asked, and which name it is asked for in the handshake."""
    heard: list[str] = []
    names: list[str | None] = []

    def attend(peer: TlsPeer) -> None:
        heard.append(peer.hears().decode())
        peer.says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    context = authority.make_server_context(place, name)
    context.sni_callback = lambda _line, asked, _context: names.append(asked)
    (place / "ca.pem").write_text(authority.pem)
    annotations = {} if protocol is None else {"backend_protocol": protocol}
    with serve_tls(context, attend) as port:
        written = {key: str(value).replace("PORT", str(port)) for key, value in source.items()}
        registry = {**written, "name": "orders", "port": port if source["type"] == "dns" else 80}
        objects = bridge(registry), ingress("orders", "a.b", destination=f"orders.{source['type']}", **annotations)
        with serve(way, place, *objects, environment={"SSL_CERT_FILE": str(place / "ca.pem")}) as gateway:
            yield gateway, heard, names


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("name", "source", "protocol"),
    [
        ("localhost", {"type": "dns", "domain": "localhost"}, "HTTPS"),
        ("localhost", {"type": "dns", "domain": "localhost", "protocol": "https"}, None),
        (INTERNAL, {"type": "static", "domain": "127.0.0.1:PORT", "protocol": "https", "sni": INTERNAL}, "HTTPS"),
    ],
)
def test_a_service_is_spoken_to_over_https(
    way: str, name: str, source: Object, protocol: str | None, tmp_path: Path, authority: Authority
) -> None:
    """As the annotation or the registry says, asked for by the name that its certificate is held to."""
    with https_service(way, tmp_path, authority, name, source, protocol) as (gateway, heard, names):
        answer = call(f"{gateway.url}/x", headers={"Host": "a.b"})

    assert (200, b"ok") == (answer.status, answer.body)
    assert [name] == names
    assert heard[0].startswith("GET /x HTTP/1.1\r\n")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "source",
    [
        {"type": "dns", "domain": "localhost"},
        {"type": "static", "domain": "127.0.0.1:PORT", "protocol": "https", "sni": "other.internal"},
        {"type": "static", "domain": "127.0.0.1:PORT"},
    ],
)
def test_a_service_with_another_name_gets_no_request(
    way: str, source: Object, tmp_path: Path, authority: Authority
) -> None:
    """Higress checks no certificate; here nothing is sent to whoever listens there."""
    with https_service(way, tmp_path, authority, INTERNAL, source, "HTTPS") as (gateway, heard, _):
        answer = call(f"{gateway.url}/x", headers={"Host": "a.b", "Authorization": "Bearer a-secret-token"})

    assert (502, []) == (answer.status, heard)
