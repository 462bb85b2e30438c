"""The small languages of a route: what is taken, how it is spelt afterwards, and what is refused with which remedy."""

from collections.abc import Callable

import pytest
from pydantic_core import PydanticCustomError

from ostiary.config import patterns
from ostiary.errors import ClientFault


def refusal(check: Callable[[str], object], text: str) -> tuple[str, str]:
    """What is said about a text that is refused."""
    with pytest.raises(PydanticCustomError) as refused:
        check(text)
    context = refused.value.context
    assert context is not None
    return context["problem"], context["remedy"]


@pytest.mark.parametrize(
    "text", ["/", "/*", "/a", "/a/", "/a/*", "/a*", "/a b", "/é", "/100%", "/a%2Fb", "/a/...", "/;a"]
)
def test_a_path_pattern_is_taken_as_it_is(text: str) -> None:
    """Exact paths and prefixes, decoded."""
    assert patterns.check_path_pattern(text) == text


@pytest.mark.parametrize(
    ("text", "problem", "remedy"),
    [
        ("a", "begins with `/`", "begin it with `/`"),
        ("", "begins with `/`", "begin it with `/`"),
        ("*", "begins with `/`", "write `/*`"),
        ("/" + "a" * 4096, "at most 4096 characters", ""),
        ("/a/*/b", "only at the end", "before the first `*`"),
        ("/a**", "only at the end", ""),
        ("/a//b", "two slashes", ""),
        ("/a\\b", "a backslash", ""),
        ("/a\nb", "control character", ""),
        ("/a?b=c", "no query", "before the `?`"),
        ("/a#b", "no fragment", ""),
        ("/a%20b", "matched decoded", "the character itself"),
        ("/a/../b", "segments are refused", ""),
        ("/a/.", "segments are refused", ""),
        ("/a/..*", "segments are refused", ""),
    ],
)
def test_a_path_pattern_that_can_never_match_is_refused(text: str, problem: str, remedy: str) -> None:
    """Each with the reason."""
    said = refusal(patterns.check_path_pattern, text)

    assert problem in said[0]
    assert remedy in said[1]


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("www.Example.COM", "www.example.com"),
        ("example.com.", "example.com"),
        ("10.0.0.1", "10.0.0.1"),
        ("[2001:DB8:0::1]", "[2001:db8::1]"),
        ("*", "*"),
        ("*.Example.com", "*.example.com"),
        ("*.example.com.", "*.example.com"),
        ("*shop.com", "*shop.com"),
    ],
)
def test_a_host_pattern_has_one_spelling(text: str, spelt: str) -> None:
    """The one that requests have."""
    assert patterns.check_host_pattern(text) == spelt


@pytest.mark.parametrize(
    ("text", "problem", "remedy"),
    [
        ("", "no host name", "www.example.com"),
        ("bücher.example", "ASCII", "xn--"),
        ("example.com:8080", "without their port", "`example.com`"),
        ("http://example.com", "no host name", "without scheme"),
        ("a.*.com", "no host name", ""),
        ("a..b", "no host name", ""),
        ("[::g]", "no host name", ""),
        ("**.com", "wildcard", "*.example.com"),
        ("*.a..b", "wildcard", ""),
        ("*.a:80", "wildcard", ""),
        ("*.", "wildcard", "*.example.com"),
        ("*..", "wildcard", ""),
        ("*.com..", "wildcard", ""),
    ],
)
def test_a_host_pattern_that_can_never_match_is_refused(text: str, problem: str, remedy: str) -> None:
    """Each with the reason."""
    said = refusal(patterns.check_host_pattern, text)

    assert problem in said[0]
    assert remedy in said[1]


def test_a_server_may_be_an_ipv6_address_without_brackets() -> None:
    """As addresses are written where no port can follow."""
    assert [patterns.parse_server(text).text for text in ("::1", "[::1]:80", "a:80")] == ["[::1]", "[::1]:80", "a:80"]


def test_a_servers_name_can_be_looked_up() -> None:
    """Each of its parts has 63 characters at most."""
    longest = "a" * 63

    assert f"{longest}.test" == patterns.parse_server(f"{longest}.test").text
    with pytest.raises(ClientFault):
        patterns.parse_server(f"{longest}a.test:80")


def test_networks_lose_their_host_bits() -> None:
    """As APISIX reads them."""
    assert patterns.check_network("10.1.2.3/8") == "10.0.0.0/8"
    assert patterns.check_network("10.1.2.3") == "10.1.2.3/32"
    assert patterns.check_network("2001:db8::1") == "2001:db8::1/128"
    assert "192.0.2.7" in refusal(patterns.check_network, "10.1.2")[1]
    assert [str(network) for network in patterns.parse_networks(["10.0.0.0/8"])] == ["10.0.0.0/8"]


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("https://Gateway.example.com", "https://gateway.example.com"),
        ("https://gateway.example.com:443/", "https://gateway.example.com"),
        ("http://localhost:9080", "http://localhost:9080"),
    ],
)
def test_a_public_url_is_scheme_and_authority(text: str, spelt: str) -> None:
    """In the spelling that browsers send."""
    assert patterns.check_public_url(text) == spelt


NO_PUBLIC_URLS = (
    *("gateway.example.com", "ftp://a", "https://", "https://a/path", "https://a?b", "https://a/#c", "https://u@a"),
    *("https://[a", "https://ü", "http://a:0", "http://a b"),
)


@pytest.mark.parametrize("text", NO_PUBLIC_URLS)
def test_anything_else_is_no_public_url(text: str) -> None:
    """A path in it would promise what routes decide."""
    assert "https://gateway.example.com" in refusal(patterns.check_public_url, text)[1]


def test_methods_are_those_of_the_reference_in_capitals() -> None:
    """CONNECT and TRACE may be named, as lists of all methods do."""
    assert [patterns.check_method(method) for method in patterns.METHODS] == list(patterns.METHODS)
    assert refusal(patterns.check_method, "get")[1] == "write `GET`"
    assert "GET, POST" in refusal(patterns.check_method, "GTE")[1]


def test_a_list_says_which_entry_stands_twice() -> None:
    """Doubles are a mistake somewhere."""
    assert patterns.check_distinct(("a", "b")) == ("a", "b")
    assert "entry 2" in refusal(lambda _: patterns.check_distinct(("a", "b", "a")), "")[0]
