"""The router: APISIX's order of routes, found by look-ups (reference: route matching)."""

from collections.abc import Callable, Iterator
from functools import partial
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.config.patterns import parse_networks
from ostiary.config.router import Entry, Router
from ostiary.config.routes import Route
from tests.fakes.counting import count_calls

ANYBODY = "192.0.2.1"


def entry(name: str, *paths: str, **conditions: Any) -> Entry:
    """An entry whose route has a name."""
    networks = conditions.pop("networks", None)
    methods = conditions.pop("methods", None)
    return Entry(
        Route(name),
        paths,
        methods=None if methods is None else frozenset(methods),
        networks=None if networks is None else parse_networks(networks),
        **conditions,
    )


def ask(router: Router, path: str, host: str = "www.example.com", method: str = "GET", client: str = ANYBODY) -> str:
    """The id of the route that a request meets, or nothing."""
    route = router.match(host, path, method, client)
    return "" if route is None else route.id


def test_without_routes_nothing_is_met() -> None:
    """An empty router finds nothing, for any path."""
    assert ask(Router(), "/") == ""
    assert ask(Router(), "*") == ""


def test_hosts_that_were_written_are_known() -> None:
    """By name or below a parent; a route for every host, and the end of a label, name nobody."""
    router = Router([entry("a", "/*", hosts=("a.example", "*.b.example", "*c.example")), entry("any", "/*")])

    names = ["a.example", "x.b.example", "y.x.b.example", "b.example", "xa.example", "evilc.example", "evil.example"]
    assert [True, True, True, False, False, False, False] == [router.names_host(name) for name in names]
    assert not Router([entry("all", "/*", hosts=("*",))]).names_host("a.example")


def test_an_exact_path_beats_a_prefix() -> None:
    """Whatever the priorities and the order."""
    router = Router([entry("prefix", "/a/*", priority=9), entry("exact", "/a/b"), entry("all", "/*", priority=99)])

    assert ask(router, "/a/b") == "exact"
    assert ask(router, "/a/b/") == "prefix"
    assert ask(router, "/a/c") == "prefix"
    assert ask(router, "/c") == "all"


def test_a_prefix_with_a_slash_is_not_the_path_without_it() -> None:
    """`/foo/*` is `/foo/` and deeper, not `/foo`."""
    router = Router([entry("foo", "/foo/*")])

    assert ask(router, "/foo/") == "foo"
    assert ask(router, "/foo/bar/baz") == "foo"
    assert ask(router, "/foo") == ""
    assert ask(router, "/foobar") == ""


def test_the_deepest_prefix_wins() -> None:
    """Also where it ends in the middle of a segment."""
    router = Router([entry("a", "/a/*"), entry("a/b", "/a/b/*"), entry("a/b*", "/a/b*"), entry("a/bc*", "/a/bc*")])

    assert ask(router, "/a/b/c") == "a/b"
    assert ask(router, "/a/b") == "a/b*"
    assert ask(router, "/a/bcd/e") == "a/bc*"
    assert ask(router, "/a/x") == "a"
    assert ask(router, "/a/bx/y/z") == "a/b*"


def test_an_exact_host_beats_wildcards_and_they_beat_none() -> None:
    """Whatever the paths: the host is looked at first."""
    router = Router(
        [
            entry("none", "/exact"),
            entry("any", "/*", hosts=("*",)),
            entry("short", "/*", hosts=("*.com",)),
            entry("long", "/*", hosts=("*.example.com",)),
            entry("exact", "/*", hosts=("www.example.com",)),
        ]
    )

    assert ask(router, "/exact") == "exact"
    assert ask(router, "/exact", host="shop.example.com") == "long"
    assert ask(router, "/exact", host="a.shop.example.com") == "long"
    assert ask(router, "/exact", host="example.com") == "short"
    assert ask(router, "/exact", host="localhost") == "any"


def test_a_wildcard_needs_its_dot() -> None:
    """`*.example.com` is not `example.com`, and not `badexample.com`."""
    router = Router([entry("a", "/*", hosts=("*.example.com",))])

    assert ask(router, "/", host="example.com") == ""
    assert ask(router, "/", host="badexample.com") == ""
    assert ask(router, "/", host="a.example.com") == "a"


def test_a_wildcard_without_a_dot_ends_inside_a_label() -> None:
    """`*shop.com` is APISIX's too; the longest still wins."""
    router = Router([entry("odd", "/*", hosts=("*shop.com",)), entry("even", "/*", hosts=("*.myshop.com",))])

    assert ask(router, "/", host="bookshop.com") == "odd"
    assert ask(router, "/", host="a.myshop.com") == "even"
    assert ask(router, "/", host="com") == ""


def test_priority_and_then_order_decide_between_equal_patterns() -> None:
    """A higher number first; among equals the one written first."""
    router = Router([entry("low", "/a"), entry("high", "/a", priority=5), entry("high too", "/a", priority=5)])

    assert ask(router, "/a") == "high"


def test_a_method_that_does_not_fit_gives_way() -> None:
    """To the next of equal patterns, then to shorter prefixes, then to wider hosts."""
    router = Router(
        [
            entry("post", "/a/b", methods=["POST"], hosts=("h",), priority=3),
            entry("put", "/a/b", methods=["PUT", "DELETE"], hosts=("h",)),
            entry("patch", "/a/*", methods=["PATCH"], hosts=("h",)),
            entry("get", "/*", methods=["GET"], hosts=("*",)),
            entry("head", "/*", methods=["HEAD"]),
        ]
    )

    methods = ("POST", "PUT", "DELETE", "PATCH", "GET", "HEAD", "OPTIONS")
    found = [ask(router, "/a/b", "h", method) for method in methods]

    assert found == ["post", "put", "put", "patch", "get", "head", ""]


def test_a_client_that_does_not_fit_gives_way() -> None:
    """Networks are looked up by prefix length, in the order of the routes."""
    router = Router(
        [
            entry("host", "/a", networks=["10.1.2.3", "2001:db8::1"], priority=2),
            entry("net", "/a", networks=["10.0.0.0/8", "192.168.0.0/16", "2001:db8::/32"], priority=1),
            entry("rest", "/a"),
            entry("never", "/a", networks=["0.0.0.0/0"]),
        ]
    )

    assert ask(router, "/a", client="10.1.2.3") == "host"
    assert ask(router, "/a", client="10.1.2.4") == "net"
    assert ask(router, "/a", client="192.168.9.9") == "net"
    assert ask(router, "/a", client="::ffff:10.1.2.3") == "host"
    assert ask(router, "/a", client="2001:db8::1") == "host"
    assert ask(router, "/a", client="2001:db8::2") == "net"
    assert ask(router, "/a", client="2001:db9::2") == "rest"
    assert ask(router, "/a", client="no address") == "rest"


def test_claims_stand_behind_exact_paths_and_before_prefixes() -> None:
    """Whatever their priority."""
    router = Router(
        [
            entry("claim", "/callback", "/taken", for_claim=True, priority=9),
            entry("all", "/*"),
            entry("owner", "/taken", methods=["GET"]),
        ]
    )

    assert ask(router, "/callback") == "claim"
    assert ask(router, "/taken") == "owner"
    assert ask(router, "/taken", method="POST") == "claim"


# ------------------------------------------------------------------------------------- against a plain walk

HOSTS = ["b", "a.b", "c.a.b", "xb", "xa.b", "[::1]"]
HOST_PATTERNS = [*HOSTS, "*", "*.b", "*.a.b", "*b", "*a.b"]
SEGMENT = st.sampled_from(["", "a", "b", "ab", "aBc", "A"])
PATHS = st.lists(SEGMENT, max_size=4).map(lambda segments: "/" + "/".join(segments))
PATTERNS = st.tuples(PATHS, st.sampled_from(["", "*"])).map("".join)
METHODS = ["GET", "POST", "PUT"]
CLIENTS = ["10.0.0.1", "10.0.0.2", "10.1.0.1", "::1", "2001:db8::1"]
NETWORKS = ["10.0.0.1/32", "10.0.0.0/16", "10.0.0.0/8", "0.0.0.0/0", "::1/128", "2001:db8::/32"]

ENTRIES = st.builds(
    Entry,
    route=st.builds(Route, st.just("?")),
    paths=st.lists(PATTERNS, min_size=1, max_size=3).map(tuple),
    hosts=st.lists(st.sampled_from(HOST_PATTERNS), max_size=2).map(tuple),
    methods=st.none() | st.frozensets(st.sampled_from(METHODS), min_size=1),
    networks=st.none() | st.lists(st.sampled_from(NETWORKS), min_size=1, max_size=3).map(parse_networks),
    priority=st.integers(-1, 1),
    for_claim=st.booleans(),
    ignores_case=st.sampled_from([False, False, False, True]),
).map(lambda entry: entry._replace(for_claim=entry.for_claim and not entry.ignores_case))


def walk(entries: list[Entry], host: str, path: str, method: str, client: str) -> Route | None:
    """What the router has to find, by looking at every entry."""
    found = []
    for index, each in enumerate(entries):
        if each.methods is not None and method not in each.methods:
            continue
        if each.networks is not None and not any(ip_address(client) in network for network in each.networks):
            continue
        for host_rank in ranks(host, each.hosts) if each.hosts else [(2, 0)]:
            found += [
                ((host_rank, path_rank, each.for_claim, each.ignores_case, -each.priority, index), each.route)
                for path_rank in (
                    ranks(path.lower(), tuple(pattern.lower() for pattern in each.paths))
                    if each.ignores_case
                    else ranks(path, each.paths)
                )
            ]
    return min(found, key=lambda pair: pair[0])[1] if found else None


def ranks(text: str, patterns: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """How well each pattern fits: exactly, or by how many characters."""
    for pattern in patterns:
        head, star, tail = pattern.partition("*")
        if pattern == text:
            yield 0, 0
        elif star and text.startswith(head) and text.endswith(tail):
            yield 1, -len(pattern)


@settings(max_examples=300)
@given(
    st.lists(ENTRIES, max_size=12),
    st.lists(st.tuples(st.sampled_from(HOSTS), PATHS, st.sampled_from(METHODS), st.sampled_from(CLIENTS)), min_size=20),
)
def test_it_finds_what_a_walk_over_all_routes_finds(
    entries: list[Entry], requests: list[tuple[str, str, str, str]]
) -> None:
    """The look-ups change the cost, never the answer."""
    router = Router(entries)

    for request in requests:
        assert router.match(*request) is walk(entries, *request)


def test_an_exact_path_that_ignores_case_goes_before_every_prefix() -> None:
    """Also before one that stands beside a longer prefix than the path is: `/ab*` lends `/a*` nothing of its length."""
    exact, prefix = entry("exact", "/a", ignores_case=True), entry("prefix", "/a*", "/ab*")

    for entries in ([exact, prefix], [prefix, exact]):
        found = Router(entries).match("h", "/a", "GET", ANYBODY)
        assert found is exact.route


# ------------------------------------------------------------------------------------------------- the cost


ROUTES_OF_A_SHAPE = [
    lambda number: entry("r", f"/service{number:05}/*"),
    lambda number: entry("r", f"/service{number:05}*"),
    lambda number: entry("r", f"/service{number:05}/exact"),
    lambda number: entry("r", "/*", hosts=(f"host{number:05}.example.com",)),
    lambda number: entry("r", "/*", hosts=(f"*.host{number:05}.example.com",)),
    lambda number: entry("r", "/a", networks=[f"10.0.{number >> 8}.{number & 255}"]),
    lambda number: entry("r", "/a", methods=["PUT"]),
]


@pytest.mark.parametrize("shape", ROUTES_OF_A_SHAPE)
def test_ten_thousand_routes_take_the_steps_of_ten(shape: Callable[[int], Entry]) -> None:
    """A request pays for its own path and host, not for the routes."""
    few = Router([shape(number) for number in range(10)])
    many = Router([shape(number) for number in range(10_000)])
    requests = [
        ("www.example.com", "/service00007/exact", "GET", "10.0.0.7"),
        ("host00007.example.com", "/a", "GET", "10.0.0.7"),
        ("a.host00007.example.com", "/a", "PUT", "10.0.0.7"),
        ("www.example.com", "/nothing/here", "POST", "10.9.9.9"),
    ]

    for request in requests:
        assert count_calls(partial(many.match, *request)) == count_calls(partial(few.match, *request))


def test_a_path_of_thousands_of_slashes_is_cut_where_patterns_end() -> None:
    """A long path costs no more look-ups than the longest pattern has slashes."""
    router = Router([entry("a", "/a/b/c/*"), entry("all", "/*")])

    assert ask(router, "/x" * 4000) == "all"
    assert count_calls(lambda: router.match("h", "/x" * 4000, "GET", ANYBODY)) < 20
