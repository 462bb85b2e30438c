"""Where `rd` may lead, with a WHATWG URL parser as oracle: whatever is accepted, a browser goes to an allowed host."""

import ada_url
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ostiary.identity.redirect_target import AllowedHost, Origin, find_origin, read_allowed_host, settle_target

HERE_URL = "http://foo.bar.com/oauth2/start"
HERE = Origin("http", "foo.bar.com", 80)
ALLOWED = tuple(read_allowed_host(text) for text in ("idp.example.com", ".bar.org", "*.port.org:8443", "any.net:*"))

_PIECES = [
    "http://", "https://", "HTTPS://", "//", "/", "\\", "/\\", "\\\\", "@", ":", "#", "?", "%2f", "%5c", "%00",
    "%0d%0a", "\t", "\n", "\r", " ", ".", "..", "./", "foo.bar.com", "idp.example.com", "evil.example", "a.bar.org",
    "bar.org",
    "evilbar.org", "x.port.org", "any.net", ":80", ":8443", ":443", "127.0.0.1", "127.1", "0x7f.1", "2130706433",
    "[::1]", "javascript:", "data:", "\u3002", "\uff0e", "\uff0f", "\u00e9", "xn--", "user", "a", ";", "&", "=",
    "http:", "https:", "%252f", "*", "|", "\u200b", "\x00",
]  # fmt: skip
BYPASSES = [
    "//evil.example", "///evil.example", "/\\evil.example", "\\/evil.example", "\\\\evil.example", "/\t/evil.example",
    "/\n/evil.example", "/%09/evil.example", "/.//evil.example", "/..//evil.example", "/%2f%2fevil.example",
    "/%5cevil.example", "http:evil.example", "http:/evil.example", "https:evil.example", "https:///evil.example",
    "http://foo.bar.com@evil.example/", "http://foo.bar.com:80@evil.example/", "http://evil.example\\@foo.bar.com/",
    "http://evil.example#@foo.bar.com/", "http://foo.bar.com.evil.example/", "http://evilbar.org/",
    "http://evil.example/.bar.org", "http://evil.example?.bar.org", "http://idp.example.com%2eevil.example/",
    "http://idp.example.com\u3002evil.example/", "http://idp.example.com%00.evil.example/", "javascript:alert(1)",
    "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "/a\r\nSet-Cookie: x=1", "http://[::1]/", "http://127.1/",
    "http://2130706433/", "http://0x7f.1/", "http://idp.example.com:99999/", "http://idp.example.com:/x",
    "http://idp.example.com:8080/", "https://idp.example.com:80/", " http://idp.example.com/",
    "http://idp.example.com /", "ftp://idp.example.com/", "http://IDP.example.com.@evil/", "", " ", "x", "foo.bar.com",
    "?rd=//evil", "#//evil",
]  # fmt: skip


def leads_where(target: str) -> str:
    """The host that a browser goes to from our own page."""
    return str(ada_url.URL(target, base=HERE_URL).hostname)


def is_ours(host: str) -> bool:
    """Said in other words than the product's."""
    return host in {"foo.bar.com", "idp.example.com", "any.net"} or host.endswith((".bar.org", ".port.org"))


@pytest.mark.parametrize("wish", BYPASSES)
def test_what_has_deceived_others_leads_nowhere(wish: str) -> None:
    """The bypasses of years, and what a browser makes of some of them."""
    assert settle_target(wish, HERE, ALLOWED) is None


@given(st.lists(st.sampled_from(_PIECES), max_size=8).map("".join) | st.text(max_size=40))
@example("http://foo.bar.com\\.idp.example.com/")
@example("https://a.bar.org:443/..//evil.example")
@example("/a/..//evil.example")
def test_no_accepted_target_leads_to_a_host_that_is_not_allowed(wish: str) -> None:
    """As a browser reads it: the oracle is a WHATWG URL parser."""
    target = settle_target(wish, HERE, ALLOWED)

    if target is not None:
        assert is_ours(leads_where(target)), (wish, target)
        assert ada_url.URL(target, base=HERE_URL).protocol in {"http:", "https:"}
        assert target.isascii()
        assert target.isprintable()


@given(st.sampled_from(["idp.example.com", "deep.a.bar.org", "any.net:1234", "x.port.org:8443"]), st.text(max_size=30))
def test_what_is_accepted_is_read_alike_by_everybody(authority: str, rest: str) -> None:
    """Scheme, host and port are the oracle's, also with strange paths and queries."""
    wish = f"https://{authority}/{rest}"
    target = settle_target(wish, HERE, ALLOWED)

    if target is not None:
        read = ada_url.URL(target)
        assert f"{read.hostname}:{read.port or '443'}" == (authority if ":" in authority else f"{authority}:443")


@pytest.mark.parametrize(
    ("wish", "target"),
    [
        ("/", "/"),
        ("/a?b=c", "/a?b=c"),
        ("http://foo.bar.com/a?b=//c", "/a?b=//c"),
        ("http://foo.bar.com", "/"),
        ("http://foo.bar.com:80?x=1", "/?x=1"),
        ("http://FOO.bar.com/x", "/x"),
        ("http://idp.example.com/logout?post_logout_redirect_uri=http://foo.bar.com/foo", None),
        ("https://idp.example.com", None),
        ("https://a.b.bar.org/x", None),
        ("https://x.port.org:8443/", None),
        ("http://any.net:5/", None),
    ],
)
def test_what_may_be_wished_is_granted(wish: str, target: str | None) -> None:
    """Paths, this origin written out, and allowed hosts with their ports."""
    assert (wish if target is None else target) == settle_target(wish, HERE, ALLOWED)


def test_another_port_or_scheme_of_this_host_is_another_origin() -> None:
    """It has to be allowed by name."""
    assert settle_target("http://foo.bar.com:8080/", HERE, ALLOWED) is None
    assert settle_target("https://foo.bar.com/", HERE, ALLOWED) is None
    assert settle_target("https://foo.bar.com/", HERE, [read_allowed_host("foo.bar.com")]) is not None
    assert settle_target("http://foo.bar.com/", None, ALLOWED) is None


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("Example.COM", AllowedHost("example.com", is_suffix=False, port=None)),
        (".example.com", AllowedHost("example.com", is_suffix=True, port=None)),
        ("*.example.com:8443", AllowedHost("example.com", is_suffix=True, port=8443)),
        ("example.com:*", AllowedHost("example.com", is_suffix=False, port=0)),
        ("[::1]", AllowedHost("[::1]", is_suffix=False, port=None)),
        ("[::1]:90", AllowedHost("[::1]", is_suffix=False, port=90)),
        ("127.0.0.1:9090", AllowedHost("127.0.0.1", is_suffix=False, port=9090)),
    ],
)
def test_hosts_are_allowed_as_oauth2_proxy_writes_them(text: str, host: AllowedHost) -> None:
    """A name, what lies below it, with a port or any."""
    assert host == read_allowed_host(text)


@pytest.mark.parametrize(
    "text", ["", "*", ".", "http://a", "a b", "a/b", "a:0", "a:99999", "a:x", "a@b", "*a.com", "a..b", "127.1", ":80"]
)
def test_what_is_no_host_is_refused(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match="no host"):
        read_allowed_host(text)


def test_the_origin_of_what_every_reader_takes_alike_is_found() -> None:
    """Ports that the scheme implies are written out; nothing longer than a place may be is read."""
    assert Origin("https", "a.b", 443) == find_origin("https://A.b/x")
    assert Origin("http", "[::1]", 81) == find_origin("http://[::1]:81")
    assert find_origin("https://a.b/" + "x" * 2048) is None
    assert find_origin("https://a.b:0/") is None
