"""Which requests need somebody signed in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.http.request import Request
from ostiary.plugins.oidc.match_list import MatchList, MatchRule, MatchType, RuleType
from tests.fakes.requests import make_request


def is_exempt(match_type: MatchType, rule: tuple[str, str, RuleType], url: str) -> bool:
    """Hold one rule against a request."""
    return MatchList(match_type, [MatchRule(*rule)]).is_exempt(ask(url))


def ask(url: str) -> Request:
    """Return the canonical request for a URL, its host spelt as it is there."""
    host, slash, rest = url.removeprefix("http://").partition("/")
    return make_request("GET", slash + rest, {"Host": host})


@pytest.mark.parametrize(
    ("domain", "host", "fits"),
    [
        ("*.bar.com", "a.bar.com", True),
        ("*.bar.com", "a.b.bar.com", True),
        ("*.bar.com", "bar.com", False),
        ("*.bar.com", "a.bar.com.evil.example", False),
        ("*.bar.com", "abar.com", False),
        ("*.bar.com", "A.BAR.COM", True),
        ("*.bar.com", "a.bar.com:8080", True),
        ("*.bar.com", "a.bar.com.", True),
        ("*.BAR.com", "a.bar.com", True),
        ("foo.*", "foo.example", True),
        ("f*o.example", "fo.example", True),
        ("*", "anything.example", True),
        ("foo.bar.com", "foo.bar.com:8080", True),
        ("foo.bar.com.", "foo.bar.com", True),
        ("foo.bar.com", "foo-bar.com", False),
        ("[::1]", "[::1]:9080", True),
        ("[0:0:0:0:0:0:0:1]", "[::1]", True),
        ("[::1]", "[0:0::1]", True),
        ("f*.bar.com.", "foo.bar.com", True),
        ("*.bar.com.", "foo.bar.com", True),
    ],
)
def test_hosts_are_compared_without_case_port_and_trailing_dot(domain: str, host: str, fits: bool) -> None:
    """And `*` stands for any characters."""
    assert fits is is_exempt("whitelist", (domain, "/", "prefix"), f"http://{host}/x")
    assert fits is not is_exempt("blacklist", (domain, "/", "prefix"), f"http://{host}/x")


@pytest.mark.parametrize(
    ("path", "type_", "asked", "fits"),
    [
        ("/foo", "exact", "/foo", True),
        ("/foo", "exact", "/foo/", False),
        ("/foo", "exact", "/foo?a=1", True),
        ("/foo", "exact", "/Foo", False),
        ("/foo", "prefix", "/foo", True),
        ("/foo", "prefix", "/foobar", True),
        ("/foo", "prefix", "/foo/bar", True),
        ("/foo", "prefix", "/x/foo", False),
        ("/foo/", "prefix", "/foo", False),
        ("/foo", "prefix", "/%66oo", True),
        ("/b c", "exact", "/b%20c", True),
        (r"\.css$", "regex", "/a/b.css", True),
        (r"\.css$", "regex", "/a/b.css?x=1", True),
        (r"\.css$", "regex", "/a?x=.css", False),
        ("^/foo$", "regex", "/foo", True),
        ("^/foo$", "regex", "/foobar", False),
    ],
)
def test_whitelisted_paths_are_compared_decoded_and_without_query(
    path: str, type_: RuleType, asked: str, fits: bool
) -> None:
    """`prefix` is a plain one, as it is documented."""
    assert fits is is_exempt("whitelist", ("*", path, type_), f"http://foo.bar.com{asked}")


@pytest.mark.parametrize(
    ("path", "type_", "asked"),
    [
        ("/headers", "exact", "/headers"),
        ("/headers", "exact", "/headers/"),
        ("/headers/", "exact", "/headers"),
        ("/headers", "exact", "/%68eaders"),
        ("/headers", "exact", "/headers;a=1"),
        ("/headers", "prefix", "/headers/x"),
        ("/headers/", "prefix", "/headers"),
        ("/headers", "prefix", "/other%2Fheaders"),
        ("/headers", "regex", "/a/headers"),
        ("^/headers$", "regex", "/headers/"),
        ("^/headers/$", "regex", "/headers"),
        ("/headers", "exact", "/headers%3Fa"),
        ("/headers", "exact", "/%2568eaders"),
    ],
)
def test_what_is_blacklisted_is_protected_however_it_is_spelt(path: str, type_: RuleType, asked: str) -> None:
    """Also in spellings that only some servers take for the same."""
    assert not is_exempt("blacklist", ("*", path, type_), f"http://foo.bar.com{asked}")


def test_what_is_not_blacklisted_needs_nobody() -> None:
    """As the document says."""
    assert is_exempt("blacklist", ("*.bar.com", "/headers", "prefix"), "http://foo.bar.com/anything")
    assert is_exempt("blacklist", ("*.bar.com", "/headers", "prefix"), "http://foo.example/headers")


@pytest.mark.parametrize("path", ["/foo/a%2Fb", "/foo;a=1", "/foo%3Fa", "/foo%23a", "/foo%25", "/foo;/x"])
@pytest.mark.parametrize("match_type", ["whitelist", "blacklist"])
def test_a_path_that_servers_read_in_different_ways_is_never_exempt(match_type: MatchType, path: str) -> None:
    """Whatever the rules say."""
    rule: tuple[str, str, RuleType] = ("*", "/foo" if match_type == "whitelist" else "/other", "prefix")

    assert not is_exempt(match_type, rule, f"http://foo.bar.com{path}")


@pytest.mark.parametrize("match_type", ["whitelist", "blacklist"])
def test_without_rules_nothing_is_exempt(match_type: MatchType) -> None:
    """The configuration does not let an empty blacklist through; this would not either."""
    assert not MatchList(match_type, []).is_exempt(ask("http://foo.bar.com/"))


def test_one_rule_that_fits_is_enough() -> None:
    """The others may be about something else."""
    rules = [MatchRule("a.example", "/", "prefix"), MatchRule("b.example", "/x", "exact")]

    assert MatchList("whitelist", rules).is_exempt(ask("http://b.example/x"))
    assert not MatchList("whitelist", rules).is_exempt(ask("http://b.example/y"))


@given(st.text(alphabet="abAB/._-", max_size=12), st.sampled_from(["exact", "prefix"]))
def test_a_rule_that_exempts_is_a_rule_that_protects(tail: str, type_: RuleType) -> None:
    """What a whitelist lets through, the same rule in a blacklist protects."""
    path = "/" + "/".join(part for part in tail.split("/") if part.strip("."))
    rule: tuple[str, str, RuleType] = ("*", "/ab", type_)

    if is_exempt("whitelist", rule, f"http://foo.bar.com{path}"):
        assert not is_exempt("blacklist", rule, f"http://foo.bar.com{path}")
