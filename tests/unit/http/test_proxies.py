"""Which proxy a URL takes, and what is said to it."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.http.proxies import Exclusion, Proxy, ProxySettings, parse_exclusions, parse_proxy_authorization

PLAIN = Proxy("http://proxy.example:3128", "Basic dXNlcjpwYXNzd29yZA==")
SECURE = Proxy("http://secure.example:3128")


def settle(url: str, no_proxy: str = "") -> Proxy | None:
    """Say which proxy a URL takes."""
    return ProxySettings(http=PLAIN, https=SECURE, excluded=parse_exclusions(no_proxy)).find(url)


def test_each_scheme_has_a_proxy_of_its_own() -> None:
    """And none where none is written."""
    assert (PLAIN, SECURE) == (settle("http://id.example/token"), settle("https://id.example/token"))
    assert ProxySettings(http=PLAIN).find("https://id.example/") is None
    assert ProxySettings(https=SECURE).find("http://id.example/") is None
    assert ProxySettings().find("http://id.example/") is None


@pytest.mark.parametrize(
    ("no_proxy", "url", "is_excluded"),
    [
        ("id.example", "https://id.example/", True),
        ("id.example", "https://ID.EXAMPLE./", True),
        ("ID.Example.", "https://id.example/", True),
        ("id.example", "https://other.id.example/", True),
        (".id.example", "https://id.example/", True),
        ("*.id.example", "https://a.id.example/", True),
        ("id.example", "https://notid.example/", False),
        ("id.example", "https://id.example.evil/", False),
        ("example", "https://id.example/", True),
        ("xample", "https://id.example/", False),
        ("id.example:8443", "https://id.example:8443/", True),
        ("id.example:8443", "https://id.example/", False),
        ("id.example:443", "https://id.example/", True),
        ("id.example:80", "http://id.example/", True),
        ("10.0.0.1", "https://10.0.0.1/", True),
        ("10.0.0.1", "https://110.0.0.1/", False),
        ("10.0.0.0/8", "https://10.1.2.3/", True),
        ("10.0.0.7/8", "https://10.1.2.3/", True),
        ("10.0.0.0/8", "https://11.1.2.3/", False),
        ("10.0.0.0/8", "https://id.example/", False),
        ("10.0.0.0/8", "https://[::1]/", False),
        ("::1", "https://[::1]/", True),
        ("[::1]", "https://[::1]:8443/", True),
        ("[::1]:8443", "https://[::1]:8443/", True),
        ("[::1]:8443", "https://[::1]/", False),
        ("0:0:0::1", "https://[::1]/", True),
        ("fd00::/8", "https://[fd12::1]/", True),
        ("*", "https://id.example/", True),
        ("*:8443", "https://id.example/", False),
        ("", "https://localhost/", False),
        ("", "https://127.0.0.1/", False),
        (" a.example , id.example,", "https://id.example/", True),
    ],
)
def test_hosts_that_go_without_a_proxy(no_proxy: str, url: str, is_excluded: bool) -> None:
    """Names and all below them, at label boundaries; addresses, networks, ports, all. Loopback is no exception."""
    assert (None if is_excluded else SECURE if url.startswith("https") else PLAIN) == settle(url, no_proxy)


@pytest.mark.parametrize(
    "entry",
    ["id.example:0", "id.example:65536", "id.example:x", "id.example:", "http://id.example", "a b", "a..b", "-a",
     "[::1", "[::1]x", "10.0.0.0/33", "10.0.0.0/8:80", "*x/", "ä.example", "x" * 64, "user@host",
     "0.0.1"],
)  # fmt: skip
def test_an_entry_that_is_no_host_is_refused_by_name(entry: str) -> None:
    """It would never match, and nobody would notice."""
    with pytest.raises(ValueError, match=r"has no valid port|is no host name, address or network") as refused:
        parse_exclusions(f"good.example, {entry}")

    assert repr(entry) in str(refused.value)


def test_a_url_that_is_none_takes_no_proxy() -> None:
    """The call refuses it anyway."""
    assert settle("http://[::1") is None
    assert settle("http://a:99999/") is None


@given(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?(\.[a-z0-9]{1,9}){0,3}\.[a-z]{2,5}", fullmatch=True))
def test_a_name_stands_for_itself_and_what_is_below(name: str) -> None:
    """Whatever name: it, and one label more."""
    excluded = parse_exclusions(name)

    assert all(each.excludes(name, 443) for each in excluded)
    assert all(each.excludes(f"www.{name}", 443) for each in excluded)
    assert not any(each.excludes(f"www{name}", 443) for each in excluded)


@given(*[st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=30)] * 2)
def test_any_user_and_password_are_taken(user: str, password: str) -> None:
    """As base64, in the one spelling that is sent."""
    token = b64encode(f"{user}:{password}".encode()).decode()

    assert f"Basic {token}" == parse_proxy_authorization(f"basic  {token}")


@pytest.mark.parametrize(
    "text",
    ["", "Basic", "Basic ", "dXNlcjpwYXNz", "Bearer dXNlcjpwYXNz", "Basic user:s3cret", "Basic czNjcmV0",
     "Basic dXNlcjpwYQ", "Basic dXNlcjpwYXNz\r\nX: s3cret", "Basic dXNlcjpw\nYXNz", "Basic czNjcmV0OgA=",
     "Basic " + "QTpB" * 2000, "Basic ä"],
)  # fmt: skip
def test_an_authorization_of_another_shape_is_refused(text: str) -> None:
    """Without repeating it: it may hold the password."""
    with pytest.raises(ValueError, match="Basic") as refused:
        parse_proxy_authorization(text)

    assert "s3cret" not in str(refused.value)


def test_no_text_shows_the_authorization() -> None:
    """Proxies are printed with the settings they are part of."""
    assert "dXNlcjpw" not in repr(ProxySettings(http=PLAIN))
    assert "proxy.example" in repr(PLAIN)


def test_equal_settings_are_equal_keys() -> None:
    """Providers are shared by the value of their settings."""
    one, other = (ProxySettings(http=PLAIN, excluded=parse_exclusions("a, b:1")) for _ in range(2))

    assert {one} == {other}
    assert one != ProxySettings(http=PLAIN, excluded=(Exclusion("a"),))
