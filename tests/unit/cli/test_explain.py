"""`ostiary explain`: what it says of a request, and its exit codes."""

from io import StringIO
from pathlib import Path

import pytest

from ostiary.cli.explain import explain_file, make_line_finder, read_request
from ostiary.cli.presentation import Screen
from ostiary.config.declaring import Registry
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


def explain(tmp_path: Path, method: str, url: str, text: str = TEXT) -> tuple[int, list[str]]:
    """The exit code, and the lines."""
    file = tmp_path / "o.yaml"
    file.write_text(text)
    stream = StringIO()
    code = explain_file(method, url, file, {}, TYPES, Screen(stream))
    return code, stream.getvalue().replace(f"{tmp_path}/", "").splitlines()


def test_the_route_and_every_level_are_told(tmp_path: Path) -> None:
    """Which won, where it stands, and why the others did not."""
    text = TEXT.replace("members: [b]", "members: [a]")
    code, lines = explain(tmp_path, "get", "https://WWW.example.com.:8443/orders/%34711?x=1", text)

    assert 0 == code
    restricted = "declares what the one above restricts"
    assert [
        "GET /orders/4711 on www.example.com",
        "Route orders (routes[0], o.yaml line 15): every host; /orders/*",
        "What may pass goes to 127.0.0.1:8000.",
        "Plugins, in the order in which they decide:",
        "  fake: from the route orders (routes[0].plugins.fake, o.yaml line 19)",
        f"    the domain www.example.com (domains[0].plugins.fake, o.yaml line 8): {restricted}",
        "    the domain *.example.com (domains[0].plugins.fake, o.yaml line 8): a route's replaces it whole",
        "    the instance (instance.plugins.fake, o.yaml line 4): a route's replaces it whole",
        "  other: from the service shop (services[0].plugins.other, o.yaml line 12)",
    ] == lines


def test_the_host_makes_the_difference(tmp_path: Path) -> None:
    """A domain's hosts are named where they do not fit."""
    text = TEXT.replace("members: [b]", "members: [a]")
    _, lines = explain(tmp_path, "GET", "http://h/orders/1", text)

    assert "    the instance (instance.plugins.fake, o.yaml line 4): declares what the one above restricts" in lines
    reason = "not for h, only for www.example.com"
    assert f"    the domain www.example.com (domains[0].plugins.fake, o.yaml line 8): {reason}" in lines


def test_claims_and_what_no_route_matches_are_told(tmp_path: Path) -> None:
    """Nothing is forwarded there, and plugins decide all the same."""
    text = TEXT.replace("members: [b]", "members: [a]")
    _, claimed = explain(tmp_path, "GET", "http://h/cb", text)
    _, nowhere = explain(tmp_path, "GET", "http://h/nowhere", text)

    assert "The path is claimed by a plugin of it: callback. Nothing is forwarded there." in claimed
    assert "No route matches: 404, after the plugins below." == nowhere[1]
    assert "  fake: from the instance (instance.plugins.fake, o.yaml line 4)" == nowhere[3]


def test_a_gateway_without_plugins_says_so(tmp_path: Path) -> None:
    """Open to everybody is said aloud."""
    text = 'routes: [{uri: /a, upstream: {nodes: {"a:80": 1}}}]'

    assert "No plugin: open to everybody." in explain(tmp_path, "GET", "http://h/a", text)[1]
    assert ["No route matches: 404.", "No plugin reaches it."] == explain(tmp_path, "GET", "http://h/b", text)[1][1:]


def test_mistakes_come_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Those of the configuration as in `ostiary check`, those of the command with what to write."""
    assert 1 == explain(tmp_path, "GET", "http://h/a", "routes: [{uri: a}]")[0]
    assert 2 == explain(tmp_path, "FETCH", "http://h/a")[0]
    assert 2 == explain_file("GET", "http://h/a", tmp_path / "none.yaml", {}, TYPES)
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    "url", ["/orders", "h/orders", "ftp://h/", "http://", "http://h h/", "http://h/%2e%2e/a", "http://a@h/"]
)
def test_what_is_no_request_is_said_to_be_none(url: str) -> None:
    """As the gateway would answer it."""
    assert isinstance(read_request("GET", url), str)


def test_a_place_that_is_in_no_file_is_named_alone() -> None:
    """The nearest thing above it otherwise."""
    find_line = make_line_finder("o.yaml", {"routes[0]": 3})

    assert "routes[0].plugins.x, o.yaml line 3" == find_line("routes[0].plugins.x")
    assert "instance" == find_line("instance")
