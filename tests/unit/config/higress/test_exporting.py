"""What is written down decides what the folder decides, for every host and path; what cannot be is refused."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ostiary.config.checking import Registry
from ostiary.config.higress.exporting import Export, export_resources
from ostiary.config.higress.folder import FileDocument
from ostiary.config.higress.gateway_file import read_gateway
from ostiary.config.higress.loading import FolderReading, read_all
from ostiary.config.higress.manifests import read_manifests
from ostiary.config.higress.writing import write_export
from ostiary.config.host_index import covers_host
from ostiary.config.loading import load_content
from ostiary.config.reading import read_documents
from ostiary.config.router import Router
from ostiary.config.snapshot import build_snapshot
from tests.fakes.higress import TYPES, Object, bridge, ingress, path_to, secret, wasm
from tests.fakes.plugin_types import make_services
from tests.fakes.restricting_types import RestrictingFakeType

NOTHING: tuple[str, tuple[Any, ...], bool] = ("", (), False)
MORE: Registry = {**TYPES, "fake": RestrictingFakeType()}


def read(objects: Iterable[Object]) -> FolderReading:
    """Read objects as if they stood in a file."""
    text = yaml.safe_dump_all(list(objects), sort_keys=False)
    documents = [
        FileDocument("all.yaml", Path(), reading.tree, reading.problems, reading.lines)
        for reading in read_documents(text.encode())
    ]
    return read_all(read_manifests(documents, {}), read_gateway(None, {}), MORE)


def export(*objects: Object) -> Export:
    """Write objects down."""
    reading = read((bridge(), *objects))
    assert () == reading.problems
    return export_resources(reading.resources)


def routers(reading: FolderReading, exported: Export) -> tuple[Router, Router]:
    """The router of the folder, and that of what was written down."""
    text = write_export(exported, "folder", ())
    loaded = load_content(text.encode(), {}, MORE, make_services)
    assert loaded.snapshot is not None, (loaded.problems, text)
    return build_snapshot(reading.document, make_services).snapshot.router, loaded.snapshot.router


def compare(reading: FolderReading, exported: Export) -> None:
    """Ask both what they make of every host and path."""
    before, after = routers(reading, exported)
    for host in HOSTS:
        is_own = any(covers_host(own, host) for own in reading.document.own_hosts)
        for path in PATHS:
            expected = decide(before, host, path)
            if expected != NOTHING or not is_own:  # nothing without a plugin is a note, and no route
                assert expected == decide(after, host, path), (host, path)


def decide(router: Router, host: str, path: str) -> tuple[str, tuple[Any, ...], bool]:
    """What a request meets: the route's name, its plugins, and whether anything is behind it."""
    route = router.find(host, path, "GET", "")
    if route is None:
        return NOTHING
    name = route.name if route.upstream is not None else ""  # nothing is forwarded where no route matches
    # Those of one rank are ordered by their levels in the one and by their resources in the other, which is noted.
    plugins = sorted((plugin.fingerprint, getattr(plugin, "members", ())) for plugin in route.plugins)
    return name, tuple(plugins), route.upstream is not None


# ----------------------------------------------------------------------------------------------- for every host

HOSTS = ["a.b", "x.a.b", "y.x.a.b", "z.x.a.b", "c.d", "x.c.d"]
PATHS = ["/", "/x", "/x/y", "/X/y", "/z", "/other"]
INGRESS_HOSTS = [None, "a.b", "*.a.b", "x.a.b", "*.x.a.b", "c.d"]
PATTERNS = ["a.b", "*.a.b", "x.a.b", "*.x.a.b", "y.x.a.b", "c.d", "*.d", "*"]
NAMES = ["one", "two", "three"]


def some(values: list[Any]) -> st.SearchStrategy[list[Any]]:
    """One or two of these."""
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)


CONDITIONS = st.one_of(
    some(NAMES).map(lambda names: {"ingress": names}),
    some(["apps.static", "auth.dns:443"]).map(lambda services: {"service": services}),
    some(PATTERNS).map(lambda domains: {"domain": domains}),
    some(PATTERNS).map(lambda domains: {"domain": domains}),
)
INGRESSES = st.tuples(
    st.sampled_from(INGRESS_HOSTS),
    st.lists(st.sampled_from(["/", "/x", "/x/y", "/z"]), min_size=1, max_size=2, unique=True),
    st.sampled_from(["apps.static", "auth.dns"]),
    st.sampled_from(["Prefix", "Prefix", "Exact"]),
    st.sampled_from(["false", "true"]),
)


def make_ingress(name: str, drawn: tuple[Any, ...]) -> Object:
    """An Ingress of what was drawn."""
    host, paths, service, kind, case = drawn
    return ingress(name, host, *(path_to(path, kind) for path in paths), destination=service, ignore_path_case=case)


@settings(max_examples=100, deadline=None)
@given(
    st.tuples(INGRESSES, INGRESSES, INGRESSES),
    st.lists(CONDITIONS, max_size=5),
    st.booleans(),
    st.lists(CONDITIONS, max_size=2),
)
def test_what_is_written_down_decides_the_same(
    drawn: tuple[Any, ...], rules: list[Object], has_instance: bool, others: list[Object]
) -> None:
    """Two plugins with rules in any order, on routes with and without hosts."""
    instance: Object = {"defaultConfig": secret("all")} if has_instance else {}
    objects = [
        bridge(),
        *(make_ingress(name, each) for name, each in zip(NAMES, drawn, strict=True)),
        wasm(*({**rule, "config": secret(f"rule {i}")} for i, rule in enumerate(rules)), **instance),
        wasm(
            *({**rule, "config": secret(f"other {i}")} for i, rule in enumerate(others)),
            name="tokens",
            image="oauth",
            defaultConfig=secret("tokens"),
        ),
    ]
    reading = read(objects)
    assume(not reading.problems)
    exported = export_resources(reading.resources)
    assume(not exported.problems)

    compare(reading, exported)


@settings(max_examples=100, deadline=None)
@given(
    st.tuples(INGRESSES, INGRESSES, INGRESSES),
    st.lists(st.tuples(CONDITIONS, st.sampled_from(["allow", "members", "off"])), max_size=4),
    st.booleans(),
)
def test_what_restricts_or_switches_off_is_written_down_or_refused(
    drawn: tuple[Any, ...], rules: list[tuple[Object, str]], has_instance: bool
) -> None:
    """Never something near it."""
    keys = {"ingress": "_match_route_", "service": "_match_service_", "domain": "_match_domain_"}
    configs: dict[str, Object] = {"allow": {"allow": ["a"]}, "off": {"_disable_": True}}
    written = [
        {**{keys[key]: value for key, value in rule.items()}, **configs.get(kind, {"members": ["a", str(index)]})}
        for index, (rule, kind) in enumerate(rules)
    ]
    config: Object = {"_rules_": written} if written else {}
    config |= {"members": ["a", "all"]} if has_instance else {}
    reading = read(
        [
            bridge(),
            *(make_ingress(name, each) for name, each in zip(NAMES, drawn, strict=True)),
            wasm(image="fake", pluginConfig=config),
        ]
    )
    assume(not reading.problems and not reading.closing)
    exported = export_resources(reading.resources)
    assume(not exported.problems)

    compare(reading, exported)


# ------------------------------------------------------------------------------------------------- how it is written


def trees(pieces: Iterable[Any]) -> list[Object]:
    """The entries without their comments."""
    return [piece.tree for piece in pieces]


def test_levels_stay_what_they_were() -> None:
    """Plugins look at them."""
    written = export(
        ingress("shop", "a.b"),
        ingress("idp", "c.d", destination="auth.dns"),
        wasm(
            {"ingress": ["shop"], "config": secret("route")},
            {"service": ["auth.dns"], "config": secret("service")},
            {"domain": ["e.f"], "config": secret("domain")},
            defaultConfig=secret("instance"),
        ),
    )

    assert {"oidc": secret("instance")} == written.instance
    assert [{"hosts": ["e.f"], "plugins": {"oidc": secret("domain")}}] == trees(written.domains)
    assert [{"id": "auth.dns", "plugins": {"oidc": secret("service")}}] == trees(written.services)
    shop, idp = trees(written.routes)
    assert ({"oidc": secret("route")}, None) == (shop["plugins"], shop.get("service_id"))
    assert (None, "auth.dns") == (idp.get("plugins"), idp["service_id"])
    assert [
        {"name": "auth", "type": "dns", "domain": "id.example.com", "port": 443},
        {"name": "apps", "type": "static", "domain": "10.0.0.7:8000"},
    ] == trees(written.sources)


def test_a_domain_before_a_route_gives_it_a_route_of_its_own_there() -> None:
    """All routes of the host come along, so that the longest path still wins."""
    written = export(
        ingress("shop", "*.a.b"),
        ingress("deep", "*.a.b", path_to("/deep")),
        wasm({"domain": ["x.a.b"], "config": secret("x")}, {"ingress": ["shop"], "config": secret("shop")}),
    )

    assert [
        ("shop", "*.a.b", True),
        ("shop-on-x.a.b", "x.a.b", False),
        ("deep", "*.a.b", False),
        ("deep-on-x.a.b", "x.a.b", False),
    ] == [(route["id"], route["host"], "plugins" in route) for route in trees(written.routes)]
    assert {"shop", "deep"} == {route["name"] for route in trees(written.routes)}


def test_hosts_behind_a_wider_rule_are_left_out() -> None:
    """In Higress they are never met; here the name would go before the wildcard."""
    written = export(
        wasm({"domain": ["*.a.b"], "config": secret("1")}, {"domain": ["x.a.b", "c.d"], "config": secret("2")})
    )

    assert [["*.a.b"], ["c.d"]] == [domain["hosts"] for domain in trees(written.domains)]


def test_beginnings_of_hosts_become_the_hosts_that_there_are() -> None:
    """With a note; with a wildcard host that they may meet they are refused."""
    plugin = wasm({"domain": ["www.*"], "config": secret("www")})
    fine = export(ingress("a", "www.a"), ingress("b", "b.www"), plugin)
    wild = export(ingress("a", "www.a"), ingress("b", "*.b"), plugin)

    assert [["www.a"]] == [domain["hosts"] for domain in trees(fine.domains)]
    assert [
        "WasmPlugin/login.spec.matchRules[0].config: `www.*` is written as the hosts of Ingresses that it fits"
    ] == [*fine.notes]
    assert ["WasmPlugin/login.spec.matchRules[0].config"] == [problem.path for problem in wild.problems]


def test_a_host_that_two_patterns_of_a_rule_fit_is_written_once() -> None:
    """A list with a host twice is refused when it is read."""
    written = export(ingress("one", "x.a.b"), wasm({"domain": ["x.a.b", "x*"], "config": secret("s")}))

    assert [["x.a.b"]] == [domain["hosts"] for domain in trees(written.domains)]


def test_a_host_that_gets_no_wider_routes_has_a_last_one() -> None:
    """It forwards nothing; without any plugin there it has no servers, which is a note."""
    ingresses = ingress("own", "a.b", path_to("/x")), ingress("any", None)
    written = export(*ingresses, wasm(defaultConfig=secret("all")))

    (last,) = [route for route in trees(written.routes) if "upstream" not in route]
    assert {"id": "no-more-of-a.b", "host": "a.b", "uri": "/*", "plugins": {}} == last
    bare = export(*ingresses)
    assert {"id": "no-more-of-a.b", "host": "a.b", "uri": "/*", "upstream": {"nodes": []}} == bare.routes[-1].tree
    assert ["Higress goes no further for a.b; here what its paths leave open is answered 503, and 404 there"] == [
        *bare.notes
    ]


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        (
            [wasm({"domain": ["a.b"], "config": secret("1")}), wasm(name="b", defaultConfig=secret("2"))],
            "is oidc too, and a route names a plugin once",
        ),
        (
            [wasm(pluginConfig={**secret("i"), "_rules_": [{"_match_domain_": ["a.b"], "_disable_": True}]})],
            "it switches oidc off, which a wider level has there",
        ),
        (
            [
                wasm(
                    {"domain": ["x.a.b"], "config": {"allow": ["a"]}},
                    {"domain": ["*.a.b"], "config": {"members": ["b"]}},
                    image="fake",
                    defaultConfig={"members": ["a"]},
                )
            ],
            "it restricts the instance's configuration, and in ostiary.yaml that of",
        ),
        (
            [wasm({"domain": ["www.*"], "config": secret("www")}, defaultConfig=secret("all"))],
            "without rules oidc may hold everywhere",
        ),
    ],
)
def test_what_cannot_be_said_is_refused(objects: list[Object], words: str) -> None:
    """With what to do instead."""
    (problem,) = export(*objects).problems

    assert words in problem.problem
    assert "ostiary run --higress" in problem.remedy


def test_an_instance_behind_a_rule_for_every_host_is_left_out() -> None:
    """Nobody meets it, and its callback would be taken from the routes."""
    written = export(wasm({"domain": ["*"], "config": secret("1")}, defaultConfig=secret("all")))

    assert {} == written.instance
    assert [["*"]] == [domain["hosts"] for domain in trees(written.domains)]


def test_a_switch_that_others_cover_switches_nothing() -> None:
    """It is never met, and is left out."""
    rules = [
        {"_match_domain_": ["x*"], **secret("1")},
        {"_match_domain_": ["x.a.b"], "_disable_": True},
        {"_match_domain_": ["c.d"], **secret("2")},
    ]
    written = export(ingress("any", None, path_to("/")), wasm(pluginConfig={"_rules_": rules[1:]}))
    assert () == written.problems

    reading = read((bridge(), ingress("x", "x.a.b"), wasm(pluginConfig={"_rules_": rules})))
    assert [["x.a.b"], ["c.d"]] == [domain["hosts"] for domain in trees(export_resources(reading.resources).domains)]
    assert [
        "WasmPlugin/login.spec.pluginConfig._rules_[1]: it is never met: rules before it have all of its domains"
    ] == [*reading.notices]


def test_every_id_is_one_and_nobody_elses() -> None:
    """Also of hosts that are no words, and of routes that are called as the copies of others would be."""
    written = export(
        ingress("shop", None),
        ingress("shop-on-x.y", "c.d"),
        wasm({"domain": ["[::1]", "x.y"], "config": secret("1")}, {"ingress": ["shop"], "config": secret("2")}),
    )

    assert ["shop", "shop-on-___1_", "shop-on-x.y-2", "shop-on-x.y"] == [route["id"] for route in trees(written.routes)]


def test_two_rules_for_one_service_are_two_services() -> None:
    """Each with an id."""
    oidc = wasm({"service": ["apps.static"], "config": secret("1")})
    tokens = wasm(
        {"ingress": ["two"], "config": secret("own")},
        {"service": ["apps.static"], "config": secret("2")},
        name="tokens",
        image="oauth",
    )
    written = export(ingress("one", "a.b"), ingress("two", "c.d"), oidc, tokens)

    assert ["apps.static", "apps.static-1"] == [service["id"] for service in trees(written.services)]
    assert ["apps.static", "apps.static-1"] == [route["service_id"] for route in trees(written.routes)]


def test_no_repr_shows_a_configuration() -> None:
    """They hold secrets."""
    written = export(ingress("shop", "a.b"), wasm({"ingress": ["shop"], "config": secret("hushed")}))

    assert "hushed" not in repr(written) + repr(written.routes[0])
