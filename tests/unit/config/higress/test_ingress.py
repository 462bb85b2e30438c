"""Ingresses become paths on hosts with services behind them."""

from typing import Any

import pytest

from ostiary.config.higress.ingress import Ingresses, read_ingresses
from ostiary.config.higress.mcp_bridge import read_sources
from tests.fakes.higress import Object, bridge, ingress, make_findings, manifest, path_to

HTTPS = {"name": "safe", "type": "dns", "domain": "s.example.com", "port": 443, "protocol": "https"}
NAMED = {**HTTPS, "name": "named", "sni": "n.example.com"}
PLAIN = {"name": "apps", "type": "static", "domain": "10.0.0.7:8000", "port": 80}
ORDERS = {"name": "orders.team", "type": "static", "domain": "10.0.0.8:8000"}


def read(*trees: Object) -> tuple[Ingresses, list[str]]:
    """Read ingresses beside four registries."""
    findings = make_findings()
    sources = read_sources([manifest(bridge(HTTPS, NAMED, PLAIN, ORDERS))], findings)
    found = read_ingresses([manifest(tree) for tree in trees], sources, findings)
    return found, [str(problem) for problem in findings.problems]


def change(tree: Object, path: str, value: Any) -> Object:
    """Put a value at a path like `spec.rules.0.host`; None takes it away."""
    *way, last = path.split(".")
    part: Any = tree
    for step in way:
        part = part[int(step)] if step.isdigit() else part[step]
    if value is None:
        del part[last]
    else:
        part[last] = value
    return tree


@pytest.mark.parametrize(
    ("path", "kind", "expected"),
    [
        ("/", "Prefix", ("/*",)),
        ("/foo", "Prefix", ("/foo", "/foo/*")),
        ("/foo/", "Prefix", ("/foo", "/foo/*")),
        ("/foo", "ImplementationSpecific", ("/foo", "/foo/*")),
        ("/foo", "Exact", ("/foo",)),
        ("/foo/", "Exact", ("/foo/",)),
        ("/", "Exact", ("/",)),
    ],
)
def test_a_prefix_is_meant_element_by_element(path: str, kind: str, expected: tuple[str, ...]) -> None:
    """`/foo` is `/foo` and what is below it, never `/foobar`."""
    found, problems = read(ingress("shop", "a.b", path_to(path, kind)))

    assert [] == problems
    assert [expected] == [each.patterns for each in found.paths]


def test_every_path_knows_where_it_goes() -> None:
    """By the annotation, or to a service of the cluster for which a source stands."""
    tree = ingress("shop", "A.b", path_to("/x"), path_to("/y", service="orders"), namespace="team")
    tree["spec"]["rules"].append({"http": {"paths": [path_to("/z")]}})

    found, problems = read(tree)

    assert [] == problems
    assert [
        ("team/shop", "a.b", "/x", ["apps.static"]),
        ("team/shop", "a.b", "/y", ["orders.team.svc.cluster.local"]),
        ("team/shop", "", "/z", ["apps.static"]),
    ] == [(each.route_name, each.host, each.path, [s.name for s in each.services]) for each in found.paths]


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({"destination": "apps.static"}, False),
        ({"destination": "safe.dns"}, True),
        ({"destination": "apps.static", "backend_protocol": "HTTPS"}, True),
        ({"destination": "50% apps.static\n50% safe.dns", "backend_protocol": "HTTPS"}, True),
    ],
)
def test_https_is_said_by_the_annotation_or_the_registry(annotations: dict[str, str], expected: bool) -> None:
    """One is enough."""
    found, problems = read(ingress("shop", "a.b", **annotations))

    assert ([], [expected]) == (problems, [each.is_https for each in found.paths])


@pytest.mark.parametrize(
    ("annotations", "words"),
    [
        ({"destination": "safe.dns", "backend_protocol": "HTTP"}, "remove the annotation `backend-protocol`"),
        ({"destination": "50% apps.static\n50% safe.dns"}, "give their registries the same `protocol`"),
        ({"destination": "50% safe.dns\n50% named.dns"}, "give their registries the same `sni`"),
    ],
)
def test_protocols_that_contradict_each_other_are_refused(annotations: dict[str, str], words: str) -> None:
    """A secret never goes over the wrong one."""
    (problem,) = read(ingress("shop", "a.b", **annotations))[1]

    assert problem.startswith("Ingress/shop.spec.rules[0].http.paths[0] (line ")
    assert words in problem


@pytest.mark.parametrize(
    ("path", "value", "place", "words"),
    [
        ("spec.ingressClassName", "nginx", "spec.ingressClassName", "for another gateway"),
        ("spec.defaultBackend", {}, "spec.defaultBackend", "write a rule without host"),
        ("spec.rule", [], "spec.rule", "did you mean `rules`?"),
        ("spec.rules", [], "spec.rules", "at least 1"),
        ("spec.rules.0.host", "a.b:80", "spec.rules[0].host", "without their port"),
        ("spec.rules.0.http", None, "spec.rules[0].http", "required, but missing"),
        ("spec.rules.0.http.paths", [], "spec.rules[0].http.paths", "at least 1"),
        ("spec.rules.0.http.paths.0.path", "foo", "paths[0].path", "begins with `/`"),
        ("spec.rules.0.http.paths.0.path", "/foo*", "paths[0].path", "`*` is no wildcard"),
        ("spec.rules.0.http.paths.0.path", "/a//b", "paths[0].path", "no request has this path"),
        ("spec.rules.0.http.paths.0.pathType", None, "paths[0].pathType", "`Exact` or `Prefix`"),
        ("spec.rules.0.http.paths.0.pathType", "Regex", "paths[0].pathType", "expected"),
        ("spec.rules.0.http.paths.0.backend", None, "paths[0].backend", "required, but missing"),
        ("spec.rules.0.http.paths.0.backend", {}, "paths[0].backend", "a `service` or a `resource`"),
        ("spec.rules.0.http.paths.0.backend.resource.kind", "Bucket", "backend.resource.kind", "expected 'McpBridge'"),
        ("spec.rules.0.http.paths.0.backend.resource.name", "x", "backend.resource.name", "expected 'default'"),
        ("spec.rules.0.http.paths.0.backend.resource.apiGroup", "x", "backend.resource.apiGroup", "expected"),
        ("spec.tls", [{"secretname": "x"}], "spec.tls[0].secretname", "unknown name"),
    ],
)
def test_every_key_of_an_ingress_has_its_problem(path: str, value: Any, place: str, words: str) -> None:
    """With line and key."""
    problems = read(change(ingress("shop", "a.b"), path, value))[1]

    assert [p for p in problems if f"{place} (line " in p and words in p], problems


@pytest.mark.parametrize(
    ("backend", "place", "words"),
    [
        (
            {"service": {"name": "orders", "port": {"name": "http"}}},
            "backend.service.port",
            "write `port: {number: 80}`",
        ),
        ({"service": {"name": "orders"}}, "backend.service.port", "required, but missing"),
        ({"service": {"name": "orders", "port": {"number": 0}}}, "backend.service.port.number", "at least 1"),
        ({"service": {"name": "billing", "port": {"number": 80}}}, "backend.service", "known to its cluster only"),
    ],
)
def test_a_service_that_only_the_cluster_knows_is_refused(backend: Object, place: str, words: str) -> None:
    """With what to write in its place."""
    (problem,) = read(ingress("shop", "a.b", {**path_to(), "backend": backend}, namespace="team"))[1]

    assert f"Ingress/team/shop.spec.rules[0].http.paths[0].{place} (line " in problem
    assert words in problem


def test_the_class_may_stand_in_the_old_annotation() -> None:
    """Where it wins."""
    old = change(ingress("shop", "a.b"), "metadata.annotations", {"kubernetes.io/ingress.class": "nginx"})
    fine = change(ingress("shop", "a.b", path_to(service="orders"), namespace="team"), "spec.ingressClassName", None)

    assert 'metadata.annotations["kubernetes.io/ingress.class"] (line ' in read(old)[1][0]
    assert [] == read(fine)[1]


def test_a_bridge_without_destination_is_refused() -> None:
    """Nobody would know where it goes."""
    tree = change(ingress("shop", "a.b"), "metadata.annotations", {})

    (problem,) = read(tree)[1]

    assert "paths[0].backend.resource (line " in problem
    assert "add the annotation `higress.io/destination`" in problem


def test_two_that_want_the_same_requests_are_refused() -> None:
    """Higress takes the older one, and files have no age; an exact path and a prefix are not the same."""
    first = ingress("one", "a.b", path_to("/x"), path_to("/x", "Exact"))
    problems = read(first, ingress("two", "a.b", path_to("/x/")))[1]

    assert 1 == len(problems)
    assert "Ingress/two.spec.rules[0].http.paths[0] (line " in problems[0]
    assert "this prefix of a.b is in Ingress/one already" in problems[0]


@pytest.mark.parametrize(("one", "other", "count"), [("true", "true", 1), ("true", "false", 1), ("false", "false", 0)])
def test_paths_that_differ_in_case_are_the_same_where_case_does_not_count(one: str, other: str, count: int) -> None:
    """Some request fits both, and nobody could say whose rules it meets."""
    problems = read(
        ingress("one", "a.b", path_to("/Shop"), ignore_path_case=one),
        ingress("two", "a.b", path_to("/shop"), ignore_path_case=other),
    )[1]

    assert count == len(problems)


def test_a_star_is_every_host() -> None:
    """As no host is, and not a narrower one."""
    starred, problems = read(ingress("one", "*"), ingress("two", None, path_to("/x")))

    assert ([], ["", ""]) == (problems, [path.host for path in starred.paths])
    assert 1 == len(read(ingress("one", "*"), ingress("two", None))[1])


def test_a_tls_section_is_remembered() -> None:
    """Whether a listener has a certificate is not the Ingress's to know."""
    tree = change(ingress("shop", "a.b"), "spec.tls", [{"hosts": ["a.b"], "secretName": "x"}])

    assert ["Ingress/shop"] == [each.origin.label for each in read(tree)[0].with_tls]
