"""Where the provider sends people back to."""

import pytest

from ostiary.errors import OperatorFault
from ostiary.plugin import Claim, Place
from ostiary.relying_party.return_address import RedirectUri, ReturnAddress, is_trustworthy
from tests.fakes.requests import make_request

PREFIX = Place(id="r1", hosts=("shop.example", "*.partner.example"), uris=("/anything/*",))
EXACT = Place(id="r2", uris=("/hello", "/bye"))


def make(redirect_uri: str | None = None, public_url: str | None = None, place: Place = PREFIX) -> ReturnAddress:
    """Compile a redirect URI."""
    return ReturnAddress(redirect_uri, public_url, place)


def planned(address: ReturnAddress, target: str = "/anything/x?y=1", host: str = "shop.example") -> str | None:
    """Return the redirect URI of a login that starts there."""
    redirect = address.plan(make_request("GET", target, {"Host": host}))
    return redirect.uri if redirect is not None else None


def test_for_the_whole_gateway_the_configurations_hosts_count() -> None:
    """And those alone; a narrower place has its own, whatever others the configuration has."""
    named = {"shop.example"}.__contains__
    wide = ReturnAddress("/cb", None, Place(id="", level="instance"), named)
    narrow = ReturnAddress("/cb", None, Place(id="r1", hosts=("other.example",)), named)

    assert planned(wide) == "http://shop.example/cb"
    assert planned(wide, host="evil.example") is None
    assert planned(narrow) is None
    assert planned(narrow, host="other.example") == "http://other.example/cb"


def test_an_absolute_redirect_uri_is_used_as_it_is() -> None:
    """Whatever the request's host."""
    address = make("https://Login.Example:8443/cb?x=1")

    assert address.plan(make_request(headers={"Host": "other.example"})) == RedirectUri(
        "https://Login.Example:8443/cb?x=1", "https://Login.Example:8443", "login.example"
    )
    assert address.fixed_host == "login.example"
    assert address.scheme == "https"


def test_a_path_gets_the_requests_origin() -> None:
    """Scheme and port included; nothing fixes the scheme then."""
    assert planned(make("/cb"), host="shop.example:9080") == "http://shop.example:9080/cb"
    assert make("/cb").scheme is None
    assert make("/cb").fixed_host is None


@pytest.mark.parametrize(
    ("target", "uri"),
    [
        ("/anything/x?y=1", "http://shop.example/anything/x/.apisix/redirect"),
        ("/anything/x/", "http://shop.example/anything/x/.apisix/redirect"),
        ("/anything/caf%c3%a9", "http://shop.example/anything/caf%C3%A9/.apisix/redirect"),
        ("/anything/x/.apisix/redirect", "http://shop.example/anything/x/.apisix/redirect"),
    ],
)
def test_the_default_is_below_the_requested_path(target: str, uri: str) -> None:
    """Without query, with one slash less, and never twice."""
    assert planned(make(), target) == uri


@pytest.mark.parametrize("redirect_uri", ["/cb", None])
def test_the_public_address_wins_over_the_requests(redirect_uri: str | None) -> None:
    """Its origin only; whoever asks."""
    address = make(redirect_uri, "https://public.example/ignored/")

    assert str(planned(address, host="evil.example")).startswith("https://public.example/")
    assert "ignored" not in str(planned(address))
    assert (address.scheme, address.fixed_host) == ("https", "public.example")


@pytest.mark.parametrize(
    ("host", "trusted"),
    [
        ("shop.example", True),
        ("a.partner.example", True),
        ("a.b.partner.example", True),
        ("partner.example", False),
        ("evilpartner.example", False),
        ("evil.example", False),
        ("shop.example.evil.example", False),
        ("localhost", True),
        ("app.localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("[::1]", True),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example", False),
        ("evillocalhost", False),
        ("128.0.0.1", False),
    ],
)
def test_only_the_operators_hosts_and_loopback_make_redirect_uris(host: str, *, trusted: bool) -> None:
    """A Host header is anybody's word."""
    assert (planned(make("/cb"), host=host) is not None) == trusted
    assert (planned(make(), host=host) is not None) == trusted


def test_callbacks_are_known_by_their_path() -> None:
    """A configured one exactly, the derived ones by their end."""
    assert make("https://a.example/x/c%62?z").is_callback("/x/cb")
    assert not make("https://a.example/x/cb").is_callback("/x/cb/")
    assert not make("/cb").is_callback("/anything/.apisix/redirect")
    assert make().is_callback("/anything/x/.apisix/redirect")
    assert not make().is_callback("/anything/x")


def test_the_callbacks_paths_are_claimed() -> None:
    """Typed where it was written; as defaults beside exact routes; prefix routes contain theirs."""
    assert make("https://a.example/x/cb").claims == (Claim("/x/cb", "callback"),)
    assert make().claims == ()
    assert make(place=EXACT).claims == (
        Claim("/hello/.apisix/redirect", "callback", typed=False),
        Claim("/bye/.apisix/redirect", "callback", typed=False),
    )


@pytest.mark.parametrize("redirect_uri", ["/hello", "https://a.example/hello", "/h%65llo"])
def test_a_protected_page_is_no_callback(redirect_uri: str) -> None:
    """The commonest mistake is found when the configuration is read, in whatever spelling."""
    with pytest.raises(OperatorFault, match="which the route protects"):
        make(redirect_uri, place=EXACT)


@pytest.mark.parametrize(
    "redirect_uri",
    ["cb", "https://a.example", "ftp://a.example/cb", "https://u@a.example/cb", "https://a.example/cb#x", "/a/../b",
     "https:///cb", "/cb\\x", "//a.example/cb", "https://a b/cb", "/é"],
)  # fmt: skip
def test_a_redirect_uri_that_could_never_work_is_refused(redirect_uri: str) -> None:
    """Named at build, not by a person who cannot sign in."""
    with pytest.raises(OperatorFault, match="redirect_uri"):
        make(redirect_uri)


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("https://shop.example", True), ("http://localhost:9080", True), ("http://127.0.0.1", True),
        ("http://[::1]:80", True), ("http://app.localhost", True), ("http://LOCALHOST", True),
        ("http://shop.example", False), ("http://localhost.shop.example", False), ("http://10.0.0.1", False),
        ("http://127.0.0.1.shop.example", False), ("http://https.example", False),
    ],
)  # fmt: skip
def test_secure_cookies_are_kept_over_https_and_at_loopback(origin: str, *, expected: bool) -> None:
    """As browsers see it, by the name alone."""
    assert is_trustworthy(origin) == expected


def test_the_origin_that_is_configured_is_known() -> None:
    """That of the redirect URI goes before the gateway's."""
    assert make("https://a.example/cb", public_url="https://b.example").fixed_origin == "https://a.example"
    assert make("/cb", public_url="https://b.example:8443").fixed_origin == "https://b.example:8443"
    assert make("/cb").fixed_origin is None


@pytest.mark.parametrize(
    ("address", "target", "start"),
    [
        (make("/anything/callback"), "/anything/callback?x", "/anything/"),
        (make("/cb", place=EXACT), "/cb", "/hello"),
        (make("/cb", place=Place(id="x")), "/cb", "/"),
        (make("/", place=Place(id="x", uris=("/*",))), "/", "/"),
        (make(), "/anything/x/.apisix/redirect?code=c", "/anything/x"),
        (make(), "/.apisix/redirect", "/"),
    ],
)
def test_a_login_can_be_started_again_from_somewhere(address: ReturnAddress, target: str, start: str) -> None:
    """The page before a derived callback, else the beginning of the route."""
    assert address.find_start(make_request("GET", target)) == start
