"""Plugins of wider levels: which of them is asked for which host, also where no route matches, and at what cost."""

from typing import Any

from ostiary.plugin import PASS
from tests.fakes.conversation import NODE, Conversation
from tests.fakes.messages import request, response
from tests.fakes.scripted_plugins import DENY, Later, ScriptedPlugin, admit

ROUTES: list[dict[str, Any]] = [
    {"id": "r1", "name": "orders", "uri": "/orders", "upstream": {"nodes": {NODE: 1}}},
    {"id": "r2", "uri": "/stock", "upstream": {"nodes": {NODE: 1}}},
]


def serve(wide: ScriptedPlugin, near: ScriptedPlugin) -> Conversation:
    """One plugin for the whole gateway, and another one besides on the hosts of a domain."""
    levels = {
        "instance": {"plugins": {"wide": {}}},
        "domains": [{"hosts": ["near.example"], "plugins": {"near": {}}}],
    }
    return Conversation({"wide": wide, "near": near}, routes=ROUTES, levels=levels)


def on(host: str, path: str) -> bytes:
    """A request for a host."""
    return request(f"GET {path}").replace(b"shop.example", host.encode("ascii"))


def test_a_plugin_is_told_which_route_it_decides_for() -> None:
    """By name, else by id; where none matched there is no name."""
    wide = ScriptedPlugin(DENY)
    with serve(wide, ScriptedPlugin()) as talk:
        client = talk.connect()
        for path in ("/orders", "/stock", "/nowhere"):
            client.says(request(f"GET {path}"))
            client.take()

    assert ["orders", "r2", ""] == [asked.route for asked, _, _ in wide.asked]


def test_where_no_route_matches_nobody_learns_it_unasked() -> None:
    """401 for whom nobody admits, 404 for whom somebody does, and whatever the plugin answers itself."""
    with serve(ScriptedPlugin(PASS, authenticates=True), ScriptedPlugin()) as talk:
        client = talk.connect()
        client.says(request("GET /nowhere"))
        assert client.take().startswith(b"HTTP/1.1 401 ")
    with serve(ScriptedPlugin(admit(), authenticates=True), ScriptedPlugin()) as talk:
        client = talk.connect()
        client.says(request("GET /nowhere"))
        assert client.take().startswith(b"HTTP/1.1 404 ")
    with serve(ScriptedPlugin(PASS), ScriptedPlugin(DENY)) as talk:
        client = talk.connect()
        client.says(on("near.example", "/nowhere"))
        assert client.take().startswith(b"HTTP/1.1 403 ")
        client.says(on("other.example", "/nowhere"))
        assert client.take().startswith(b"HTTP/1.1 404 ")
        assert ["", ""] == [record.get("route", "") for record in talk.records()]


def test_the_host_decides_without_a_task_and_shares_the_upstreams_connections() -> None:
    """Variants of one route are one route: one pool, one line in it, one name in the log."""
    wide, near = ScriptedPlugin(admit(), authenticates=True), ScriptedPlugin(admit(), authenticates=True)
    with serve(wide, near) as talk:
        client = talk.connect()
        client.says(on("near.example", "/orders"))
        upstream = talk.line()
        upstream.answers(response(body=b"hello"))
        made = talk.loop.tasks_made
        for host in ("other.example", "near.example", "NEAR.example:80", "other.example") * 5:
            client.says(on(host, "/orders"))
            upstream.answers(response(body=b"hello"))
        assert (21, 11) == (len(wide.asked), len(near.asked))
        assert made == talk.loop.tasks_made
        assert [NODE] == talk.dialled
        assert {"r1"} == {record["route"] for record in talk.records()}
        upstream.take()
        client.take()


def test_a_reload_in_the_middle_of_a_verdict_changes_nothing_for_that_request() -> None:
    """It is judged by the levels that it met and goes where its route went; the next request meets the new ones."""
    later = Later()
    wide, near = ScriptedPlugin(DENY), ScriptedPlugin(later.pending, authenticates=True)
    with serve(wide, near) as talk:
        talk.levels = {"domains": [{"hosts": ["near.example"], "plugins": {"near": {}}}]}
        wide_too = {**talk.levels, "instance": {"plugins": {"wide": {}}}}
        talk.install(ROUTES)
        client = talk.connect()
        client.says(on("near.example", "/orders"))
        talk.levels = wide_too
        talk.install([{**ROUTES[0], "upstream": {"nodes": {"10.0.0.2:8000": 1}}}])
        later.settle(admit())
        talk.work()
        upstream = talk.line()
        assert upstream.take().startswith(b"GET /orders HTTP/1.1\r\n")
        upstream.answers(response(body=b"hello"))
        assert client.take().startswith(b"HTTP/1.1 200 ")
        assert [NODE] == talk.dialled
        assert [] == wide.asked
        client.says(on("near.example", "/orders"))
        assert client.take().startswith(b"HTTP/1.1 403 ")
        assert (1, 1) == (len(wide.asked), len(near.asked))
