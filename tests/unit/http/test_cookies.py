"""Cookies as pairs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.http.cookies import (
    CookieAttributes,
    is_sent_to,
    keep_cookies,
    parse_cookies,
    render_deleted_cookie,
    render_set_cookie,
)


@pytest.mark.parametrize(
    ("header", "pairs"),
    [
        (b"", []),
        (b"a=1", [(b"a", b"1")]),
        (b"a=1; b=2", [(b"a", b"1"), (b"b", b"2")]),
        (b"a=1;b=2", [(b"a", b"1"), (b"b", b"2")]),
        (b"a=1 ;\tb=2 ", [(b"a", b"1"), (b"b", b"2")]),
        (b"a=1; a=2", [(b"a", b"1"), (b"a", b"2")]),
        (b"a=b=c==", [(b"a", b"b=c==")]),
        (b"a=", [(b"a", b"")]),
        (b"A=1; a=2", [(b"A", b"1"), (b"a", b"2")]),
        (b'a="1"', [(b"a", b'"1"')]),
        (b"a=%41", [(b"a", b"%41")]),
    ],
)
def test_cookies_are_split_and_nothing_else(header: bytes, pairs: list[tuple[bytes, bytes]]) -> None:
    """Order and duplicates are kept; nothing is unquoted, decoded or folded."""
    assert parse_cookies(header) == pairs


@pytest.mark.parametrize("header", [b"=1", b"=__Host-session=x", b"a", b"; ;", b";", b" = "])
def test_a_pair_without_a_name_is_ignored(header: bytes) -> None:
    """Browsers send nameless cookies as bare values; such a value may imitate one of ours."""
    assert parse_cookies(header) == []


def test_only_kept_cookies_go_on() -> None:
    """Our own cookies end at the gateway, the others keep their order and values."""
    kept = keep_cookies(b"a=1;  session=s; b=2; session=t", lambda name: name != b"session")

    assert kept == b"a=1; b=2"


def test_no_kept_cookie_is_no_header() -> None:
    """An empty text tells the caller to send none."""
    assert keep_cookies(b"session=s", lambda name: False) == b""


def test_a_cookie_is_closed_by_default() -> None:
    """Secure, HttpOnly, Lax, host-only."""
    assert render_set_cookie("a", "1", CookieAttributes()) == "a=1; Path=/; Secure; HttpOnly; SameSite=Lax"


def test_every_attribute_is_rendered() -> None:
    """In the order in which servers usually write them."""
    attributes = CookieAttributes(path="/app", domain="example.com", secure=False, http_only=False, same_site="Strict")

    assert (
        render_set_cookie("a", "1", attributes, 600)
        == "a=1; Path=/app; Domain=example.com; Max-Age=600; SameSite=Strict"
    )
    assert render_set_cookie("a", "1", CookieAttributes(same_site=None)) == "a=1; Path=/; Secure; HttpOnly"


def test_a_cookie_is_deleted_with_the_attributes_it_was_set_with() -> None:
    """A `__Host-` cookie is only removed by one with the same path and flags."""
    attributes = CookieAttributes(path="/app", domain="example.com")

    assert (
        render_deleted_cookie("a", attributes)
        == "a=; Path=/app; Domain=example.com; Max-Age=0; Secure; HttpOnly; SameSite=Lax"
    )


@pytest.mark.parametrize("name", ["", "a b", "a=b", "a;b", "a\n", "é", "a" * 257])
def test_a_name_no_cookie_can_have_is_refused(name: str) -> None:
    """A browser would cut it or read another name."""
    with pytest.raises(ValueError, match="name or value"):
        render_set_cookie(name, "1", CookieAttributes())


@pytest.mark.parametrize(
    "value", ["a b", "a;b", "a,b", 'a"b', "a\\b", "a\r\nSet-Cookie: x=y", "a\n", "é", "\x7f", "\0"]
)
def test_a_value_no_cookie_can_carry_is_refused(value: str) -> None:
    """RFC 6265 §4.1.1 cookie-octets only."""
    with pytest.raises(ValueError, match="name or value"):
        render_set_cookie("a", value, CookieAttributes())


@pytest.mark.parametrize("text", ["/a;b", "/a\r\nX: y", "/\0", "/é"])
def test_an_attribute_that_could_start_another_is_refused(text: str) -> None:
    """Path and domain come from configuration, and are checked all the same."""
    with pytest.raises(ValueError, match="path or domain"):
        render_set_cookie("a", "1", CookieAttributes(path=text))
    with pytest.raises(ValueError, match="path or domain"):
        render_set_cookie("a", "1", CookieAttributes(domain=text))


_NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True)
_VALUES = st.from_regex(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{0,40}", fullmatch=True)


@given(st.lists(st.tuples(_NAMES, _VALUES), max_size=6))
def test_what_was_set_is_read_back(cookies: list[tuple[str, str]]) -> None:
    """A browser returns `name=value` of each Set-Cookie, joined with `; `."""
    returned = [render_set_cookie(name, value, CookieAttributes()).partition(";")[0] for name, value in cookies]

    assert parse_cookies("; ".join(returned).encode("ascii")) == [(n.encode(), v.encode()) for n, v in cookies]


@given(st.binary(max_size=60))
def test_no_header_breaks_the_reader(header: bytes) -> None:
    """Names are never empty, and keeping everything keeps every pair."""
    pairs = parse_cookies(header)

    assert all(name for name, _ in pairs)
    assert parse_cookies(keep_cookies(header, lambda name: True)) == pairs


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_rendered_cookie_is_one_line_with_one_pair(name: str, value: str) -> None:
    """Whatever the name and value, a Set-Cookie never holds more than was meant."""
    try:
        rendered = render_set_cookie(name, value, CookieAttributes())
    except ValueError:
        return
    assert rendered == f"{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax"
    assert rendered.isascii()
    assert rendered.isprintable()


@pytest.mark.parametrize(
    ("path", "cookie_path", "expected"),
    [("/", "/", True), ("/a", "/", True), ("/a", "/a", True), ("/a/b", "/a", True), ("/a/b", "/a/", True),
     ("/ab", "/a", False), ("/a", "/a/", False), ("/b", "/a", False)],
)  # fmt: skip
def test_a_cookie_goes_below_its_path(path: str, cookie_path: str, expected: bool) -> None:
    """RFC 6265 §5.1.4: segment by segment."""
    assert expected is is_sent_to(path, cookie_path)
