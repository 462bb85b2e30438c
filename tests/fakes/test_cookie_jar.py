"""The browser's cookies: RFC 6265bis, clause by clause, as far as the sign-in tests lean on it."""

from urllib.parse import urlsplit

import pytest

from tests.fakes.cookie_jar import CookieJar, Errand

NOW = 1_700_000_000.0
LOCALHOST = "http://localhost:9080/orders/1?x=1"
SHOP = "https://shop.example.com/orders/1"


def _jar(*lines: str, url: str = SHOP, trusts_loopback: bool = True) -> CookieJar:
    jar = CookieJar(trusts_loopback=trusts_loopback)
    for line in lines:
        jar.store(line, urlsplit(url), NOW)
    return jar


def _sent(jar: CookieJar, url: str = SHOP, now: float = NOW, errand: Errand | None = None) -> str:
    return jar.header(urlsplit(url), now, errand or Errand())


@pytest.mark.parametrize(
    ("line", "url", "sent"),
    [
        ("a=1", SHOP, "a=1"),
        ("a=1", "https://other.shop.example.com/", ""),
        ("a=1; Domain=example.com", "https://other.example.com/orders/2", "a=1"),
        ("a=1; Domain=.example.com; Path=/", "https://example.com/", "a=1"),
        ("a=1; Domain=example.com; Path=/", "https://notexample.com/", ""),
        ("a=1; Path=/orders", "https://shop.example.com/orders", "a=1"),
        ("a=1; Path=/orders", "https://shop.example.com/orders/9", "a=1"),
        ("a=1; Path=/orders", "https://shop.example.com/ordersx", ""),
        ("a=1", "https://shop.example.com/other", ""),
        ("a=1; Path=/", "https://shop.example.com:8443/", "a=1"),
        ("a=1; Secure; Path=/", "http://shop.example.com/", ""),
        ('a="x y"; Path=/', SHOP, 'a="x y"'),
        ("just text", SHOP, "just text"),
    ],
)
def test_a_cookie_goes_where_it_may(line: str, url: str, sent: str) -> None:
    """Host-only, Domain, Path, Secure; ports do not matter; values are not unquoted."""
    assert _sent(_jar(line), url) == sent


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a=1; Domain=other.example.com", "a Domain that is not its host's"),
        ("a=1; Domain=com", "a Domain that is a public suffix"),
        ("a=\x01", "a control character"),
        ("a=" + "x" * 4096, "4097 bytes"),
        ("=", "empty"),
        ("a=1; SameSite=None", "SameSite=None without Secure"),
        ("__Secure-a=1", "__Secure- without Secure"),
        ("__Host-a=1; Secure", "__Host- without Secure and Path=/, or with Domain"),
        ("__Host-a=1; Path=/", "__Host- without Secure and Path=/, or with Domain"),
        ("__HOST-a=1; Secure; Path=/; Domain=shop.example.com", "__Host- without Secure and Path=/, or with Domain"),
        ("=__Host-a=1; Secure; Path=/", "a prefix in a nameless cookie"),
    ],
)
def test_a_cookie_that_breaks_a_rule_is_refused(line: str, reason: str) -> None:
    """The refusal is kept with its reason."""
    jar = _jar(line)
    assert _sent(jar) == ""
    assert [text for _, text in jar.refused] == [reason]


def test_a_prefixed_cookie_that_keeps_its_rules_is_taken() -> None:
    """`__Host-`: Secure, Path=/, no Domain."""
    assert _sent(_jar("__Host-a=1; Secure; Path=/; HttpOnly")) == "__Host-a=1"


def test_secure_cookies_live_on_loopback_as_in_chromium_and_not_as_in_safari() -> None:
    """http://localhost is trustworthy to one and not to the other; no other http host is."""
    line = "a=1; Secure; Path=/"
    assert _sent(_jar(line, url=LOCALHOST), LOCALHOST) == "a=1"
    assert _sent(_jar(line, url=LOCALHOST), "http://127.0.0.1:9080/") == ""
    assert _sent(_jar(line, url=LOCALHOST, trusts_loopback=False), LOCALHOST) == ""
    assert _jar(line, url="http://shop.example.com/").refused == [("a", "Secure over http")]


def test_http_cannot_replace_a_secure_cookie() -> None:
    """RFC 6265bis §5.7, «leave secure cookies alone»."""
    jar = _jar("a=1; Secure; Path=/")
    jar.store("a=2; Path=/", urlsplit("http://shop.example.com/"), NOW)
    assert _sent(jar) == "a=1"


def test_max_age_wins_over_expires_and_both_end() -> None:
    """Lifetimes, and their end."""
    jar = _jar("a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "b=2; Expires=Tue, 14-Nov-2023 22:15:00 GMT")
    assert (_sent(jar), _sent(jar, now=NOW + 59), _sent(jar, now=NOW + 101)) == ("a=1; b=2", "a=1; b=2", "")


def test_a_cookie_that_is_set_again_is_replaced_or_deleted_in_its_place() -> None:
    """Name, domain and path make it the same; another path makes it another."""
    jar = _jar("a=1; Path=/", "b=1; Path=/", "a=2; Path=/", "a=3; Path=/orders")
    assert _sent(jar) == "a=3; a=2; b=1"
    jar.store("a=; Path=/; Max-Age=0", urlsplit(SHOP), NOW)
    assert _sent(jar) == "a=3; b=1"


@pytest.mark.parametrize(
    ("attributes", "errand", "is_sent"),
    [
        ("", Errand(is_same_site=False, is_safe_navigation=True), True),
        ("", Errand(is_same_site=False, is_safe_navigation=False), False),
        ("; SameSite=Lax", Errand(is_same_site=False, is_safe_navigation=False), False),
        ("; SameSite=Strict", Errand(is_same_site=False, is_safe_navigation=True), False),
        ("; SameSite=Strict", Errand(is_same_site=True, is_safe_navigation=False), True),
        ("; SameSite=None; Secure", Errand(is_same_site=False, is_safe_navigation=False), True),
    ],
)
def test_same_site_decides_on_requests_from_elsewhere(attributes: str, errand: Errand, is_sent: bool) -> None:
    """Unset means Lax."""
    assert (_sent(_jar(f"a=1{attributes}"), errand=errand) == "a=1") is is_sent
