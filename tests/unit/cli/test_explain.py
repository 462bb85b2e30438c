"""`ostiary explain`: what it says of a request, and its exit codes."""

from io import StringIO
from pathlib import Path

import pytest

from ostiary.cli.explain import explain_file, read_request
from ostiary.cli.presentation import Screen
from ostiary.config.declaring import Registry
from ostiary.config.higress.loading import HigressFolder
from tests.fakes.higress import TYPES as HIGRESS_TYPES
from tests.fakes.higress import bridge, ingress, write_folder
from tests.fakes.plugin_types import FakePluginType, registry_of
from tests.fakes.restricting_types import RestrictingFakeType

TYPES: Registry = {**registry_of(FakePluginType("other", 1)), "fake": RestrictingFakeType()}
TEXT = """
instance:
  plugins:
    fake: {members: [a]}
domains:
  - hosts: ["*.example.com", www.example.com]
    plugins:
      fake: {members: [b]}
services:
  - id: shop
    plugins:
      other: {claimed: /cb}
    upstream: {nodes: {"127.0.0.1:8000": 1}}
routes:
  - id: orders
    uri: /orders/*
    service_id: shop
    plugins:
      fake: {allow: [a]}
  - {id: open, uri: /open, host: www.example.com, upstream: {nodes: {"127.0.0.1:8000": 1}}}
"""


def explain(tmp_path: Path, method: str, url: str, text: str = TEXT, client: str = "") -> tuple[int, list[str]]:
    """The exit code, and the lines."""
    file = tmp_path / "o.yaml"
    file.write_text(text)
    stream = StringIO()
    code = explain_file(read_request(method, url, client), file, {}, TYPES, Screen(stream))
    return code, stream.getvalue().replace(f"{tmp_path}/", "").splitlines()


def test_the_route_and_every_level_are_told(tmp_path: Path) -> None:
    """Which won, where it stands, and why the others did not."""
    text = TEXT.replace("members: [b]", "members: [a]")
    code, lines = explain(tmp_path, "get", "https://WWW.example.com.:8443/orders/%34711?x=1", text)

    assert 0 == code
    restricted = "declares what the one above restricts"
    assert [
        "GET /orders/4711 on www.example.com",
        "Route orders (routes[0], o.yaml line 15): host every host, path /orders/*",
        "What may pass goes to 127.0.0.1:8000.",
        "It passes when a plugin admits it.",
        "Plugins, in the order in which they decide:",
        "  fake: from the route orders (routes[0].plugins.fake, o.yaml line 19)",
        f"    the domain www.example.com (domains[0].plugins.fake, o.yaml line 8): {restricted}",
        "    the instance (instance.plugins.fake, o.yaml line 4): a route's replaces it whole",
        "  other: from the service shop (services[0].plugins.other, o.yaml line 12)",
    ] == lines


def test_the_host_makes_the_difference(tmp_path: Path) -> None:
    """A domain's hosts are named where they do not fit."""
    text = TEXT.replace("members: [b]", "members: [a]")
    _, lines = explain(tmp_path, "GET", "http://h/orders/1", text)

    assert "    the instance (instance.plugins.fake, o.yaml line 4): declares what the one above restricts" in lines
    place = "the domain *.example.com, www.example.com (domains[0].plugins.fake, o.yaml line 8)"
    assert f"    {place}: not for h" in lines


def test_claims_and_what_no_route_matches_are_told(tmp_path: Path) -> None:
    """Nothing is forwarded there, and plugins decide all the same."""
    text = TEXT.replace("members: [b]", "members: [a]")
    _, claimed = explain(tmp_path, "GET", "http://h/cb", text)
    _, nowhere = explain(tmp_path, "GET", "http://h/nowhere", text)

    assert [
        "Route orders (routes[0], o.yaml line 15): this path is other's callback",
        "Nothing is forwarded there: what the plugin does not answer is answered 404.",
    ] == claimed[1:3]
    assert [
        "No route matches.",
        "It is answered 404, to those who are admitted; others are not told that there is nothing.",
        "Plugins, in the order in which they decide:",
        "  fake: from the instance (instance.plugins.fake, o.yaml line 4)",
        "    the domain *.example.com, www.example.com (domains[0].plugins.fake, o.yaml line 8): not for h",
    ] == nowhere[1:]


WIDER_CLAIM = """
instance: {plugins: {other: {claimed: /cb}}}
routes:
  - {id: all, uri: /*, upstream: {nodes: {"a:80": 1}}}
  - id: own
    uri: /own/*
    host: h
    plugins: {other: {claimed: /own/cb, secret: of-its-own}}
    upstream: {nodes: {"a:80": 1}}
"""


def test_a_wider_plugins_own_path_is_nobodys_route(tmp_path: Path) -> None:
    """Routes whose patterns fit it are named with the reason; within a route it is the route's."""
    _, lines = explain(tmp_path, "GET", "http://h/cb", WIDER_CLAIM)
    assert [
        "This path is other's callback; no route has it.",
        "  not all (routes[0], o.yaml line 4): a path of a plugin's own goes before",
    ] == lines[1:3]

    _, lines = explain(tmp_path, "GET", "http://h/own/cb", WIDER_CLAIM)
    assert "This path is other's callback." in lines
    assert "What may pass goes to a:80." in lines


REPLACED_CLAIM = """
instance: {plugins: {other: {claimed: /cb}}}
domains: [{hosts: [h], plugins: {other: {secret: of-the-domain}}}]
routes:
  - {id: all, uri: /*, upstream: {nodes: {"a:80": 1}}}
"""


def test_a_path_of_a_plugin_that_is_replaced_here_is_told_as_such(tmp_path: Path) -> None:
    """The instance keeps its path on every host; where a domain's plugin decides, that is still why no route has it."""
    _, lines = explain(tmp_path, "GET", "http://h/cb", REPLACED_CLAIM)

    assert [
        "This path is other's callback; no route has it.",
        "  not all (routes[0], o.yaml line 5): a path of a plugin's own goes before",
    ] == lines[1:3]
    assert "  other: from the domain h (domains[0].plugins.other, o.yaml line 3)" in lines


INNER_CLAIM = """
routes:
  - {id: all, uri: /*, plugins: {other: {claimed: /in/cb}}, upstream: {nodes: {"a:80": 1}}}
  - {id: inner, uri: /in/*, upstream: {nodes: {"a:80": 1}}}
"""


def test_a_path_of_a_plugins_own_goes_before_a_more_exact_prefix(tmp_path: Path) -> None:
    """That is the reason, and not which pattern is the more exact one."""
    _, lines = explain(tmp_path, "GET", "http://h/in/cb", INNER_CLAIM)

    assert [
        "Route all (routes[0], o.yaml line 3): host every host, path /*",
        "This path is other's callback.",
        "  not inner (routes[1], o.yaml line 4): a path of a plugin's own goes before",
    ] == lines[1:4]


@pytest.mark.parametrize("method", ["CONNECT", "TRACE"])
def test_a_method_that_the_gateway_refuses_is_explained_as_such(method: str) -> None:
    """405, whatever the routes say: no policy decides there and nothing is forwarded."""
    told = read_request(method, "http://h/")

    assert isinstance(told, str)
    assert "405 (method_refused)" in told


def test_a_route_that_a_mistake_closes_is_told_as_it_is_answered(tmp_path: Path) -> None:
    """503: Higress's notation serves the others, and nothing may pass here, whatever a plugin would admit."""
    kind = {"config": {"secret": "short"}}
    plugin = {"apiVersion": "extensions.higress.io/v1alpha1", "kind": "WasmPlugin", "metadata": {"name": "login"}}
    rules = {"pluginName": "oidc", "defaultConfigDisable": True, "matchRules": [{"domain": ["a.test"], **kind}]}
    everywhere = (bridge(), ingress("all", None), {**plugin, "spec": rules})
    stream = StringIO()
    folder = HigressFolder(write_folder(tmp_path, *everywhere))

    assert 1 == explain_file(read_request("GET", "http://a.test/"), folder, {}, HIGRESS_TYPES, Screen(stream))
    assert "It is answered 503: " in stream.getvalue()
    assert "What may pass goes to" not in stream.getvalue()
    assert 1 == explain_file(read_request("GET", "http://b.test/"), folder, {}, HIGRESS_TYPES, Screen(stream))
    assert "What may pass goes to 10.0.0.7:8000." in stream.getvalue()


def test_routes_that_fit_too_are_named_with_why_they_are_not_met(tmp_path: Path) -> None:
    """The first few of them; the client's address counts when it is said."""
    many = "".join(f'  - {{id: r{n}, uri: /o*, upstream: {{nodes: {{"a:80": 1}}}}}}\n' for n in range(9))
    net = '  - {id: net, uri: /orders, remote_addr: 10.0.0.0/8, upstream: {nodes: {"[::1]:80": 1}}}\n'
    _, lines = explain(tmp_path, "GET", "http://h/orders", f"routes:\n{many}{net}")

    assert "Route r0 (routes[0], o.yaml line 2): host every host, path /o*" == lines[1]
    assert (
        "  not net (routes[9], o.yaml line 11): it takes clients of 10.0.0.0/8 only: say who asks with --client"
        == lines[2]
    )
    assert "  not r1 (routes[1], o.yaml line 3): it stands further down" == lines[3]
    assert "  nor 4 more whose host and path fit" == lines[7]
    _, lines = explain(tmp_path, "GET", "http://h/orders", f"routes:\n{many}{net}", client="10.1.2.3")
    assert lines[1].startswith("Route net ")
    assert "What may pass goes to [::1]:80." in lines


def test_an_encoded_slash_is_told_as_it_is_answered(tmp_path: Path) -> None:
    """400, unless the route lets it through."""
    text = 'routes: [{id: a, uri: /a/*, upstream: {nodes: {"a:80": 1}}}]'

    answered = "It is answered 400: the path encodes a slash, and `allow_encoded_slash` is not on."
    assert answered in explain(tmp_path, "GET", "http://h/a/b%2fc", text)[1]
    allowed = text.replace("id: a,", "id: a, allow_encoded_slash: true,")
    assert answered not in explain(tmp_path, "GET", "http://h/a/b%2fc", allowed)[1]


def test_servers_of_a_source_are_named_with_how_they_are_spoken_to(tmp_path: Path) -> None:
    """As the gateway would dial them."""
    sources = "service_sources: [{name: id, type: dns, domain: a.test, port: 8443, protocol: https}]\n"
    text = f"{sources}routes: [{{uri: /a, upstream: {{service_name: id.dns}}}}]"

    assert "What may pass goes to a.test:8443 over https." in explain(tmp_path, "GET", "http://h/a", text)[1]


def test_a_crowd_of_domains_is_counted(tmp_path: Path) -> None:
    """Those that fit the host come first."""
    crowd = "".join(f'  - {{hosts: [h{n}.test], plugins: {{other: {{secret: "0123456-{n}"}}}}}}\n' for n in range(9))
    route = 'routes: [{uri: /a, upstream: {nodes: {"a:80": 1}}}]'
    text = f"domains:\n{crowd}instance: {{plugins: {{other: {{}}}}}}\n{route}"
    _, lines = explain(tmp_path, "GET", "http://h8.test/a", text)

    assert "    the instance (instance.plugins.other, o.yaml line 11): a domain's replaces it whole" in lines
    assert "    and 4 more, which are not for h8.test or stand behind these" == lines[-1]


def test_a_gateway_without_plugins_says_so(tmp_path: Path) -> None:
    """Open to everybody is said aloud."""
    text = 'routes: [{uri: /a, upstream: {nodes: {"a:80": 1}}}]'

    assert "Nobody has to say who they are." in explain(tmp_path, "GET", "http://h/a", text)[1]
    unmatched = ["No route matches.", "It is answered 404.", "No plugin decides."]
    assert unmatched == explain(tmp_path, "GET", "http://h/b", text)[1][1:]


def test_mistakes_come_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Those of the configuration as in `ostiary check`, those of the command with what to write."""
    assert 1 == explain(tmp_path, "GET", "http://h/a", "routes: [{uri: a}]")[0]
    assert 2 == explain(tmp_path, "FETCH", "http://h/a")[0]
    assert 2 == explain_file(read_request("GET", "http://h/a"), tmp_path / "none.yaml", {}, TYPES)
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    "url",
    ["/orders", "h/orders", "ftp://h/", "http://", "http://h h/", "http://h/#a", "http://h/%2e%2e/a", "http://a@h/"],
)
def test_what_is_no_request_is_said_to_be_none(url: str) -> None:
    """As the gateway would answer it."""
    assert isinstance(read_request("GET", url), str)


def test_a_client_is_an_address() -> None:
    """Of either family."""
    assert isinstance(read_request("GET", "http://h/", "me"), str)
    assert not isinstance(read_request("GET", "HTTP://h/", "2001:db8::7"), str)
