"""Plain values → a checked document, with every problem of every part at once."""

from typing import Any

from ostiary.config.checking import Checked, DeclaredRoute, check_document
from ostiary.config.references import resolve_references
from ostiary.config.scopes import DeclaredPlugin
from tests.fakes.plugin_types import FakeConfig, FakePluginType, registry_of

UPSTREAM = {"nodes": {"a:80": 1}}


def check(tree: object, environ: dict[str, str] | None = None, *types: FakePluginType) -> Checked:
    """Check plain values with the `fake` plugin known, unless told otherwise."""
    return check_document(resolve_references(tree, environ or {}), registry_of(*types))


def said(tree: object, environ: dict[str, str] | None = None) -> list[str]:
    """The problems, as lines."""
    return [str(problem) for problem in check(tree, environ).problems]


def route(**written: Any) -> dict[str, Any]:
    """A document of one route."""
    return {"routes": [{"uri": "/", "upstream": UPSTREAM, **written}]}


def plugins_of(found: DeclaredRoute) -> list[DeclaredPlugin]:
    """What a route's policies are made of."""
    candidates = (candidate for policy in found.policies for candidate in policy.candidates)
    return [candidate.plugin for candidate in candidates if candidate.plugin is not None]


def test_a_document_has_gateway_and_routes_with_their_plugins() -> None:
    """Plugins are read by their types; the order is that of the file."""
    types = FakePluginType("one", 1), FakePluginType("two", 2)
    checked = check(route(plugins={"one": {"timeout": 7}, "two": {}}, id="orders"), None, *types)

    assert checked.problems == ()
    assert checked.document is not None
    (found,) = checked.document.routes
    assert (found.id, found.path) == ("orders", "routes[0]")
    assert [(plugin.name, plugin.path, plugin.priority) for plugin in plugins_of(found)] == [
        ("one", "routes[0].plugins.one", 1),
        ("two", "routes[0].plugins.two", 2),
    ]
    assert plugins_of(found)[0].config == FakeConfig(timeout=7)


def test_a_plugins_repr_hides_its_configuration() -> None:
    """A document may be printed."""
    checked = check(route(plugins={"fake": {"secret": "hushed-secret"}}))

    assert "hushed" not in repr(checked.document)


def test_ids_are_indices_unless_written() -> None:
    """And no two routes share one."""
    tree = {"routes": [{"uri": "/a", "upstream": UPSTREAM}, {"id": 7, "uri": "/b", "upstream": UPSTREAM}]}
    checked = check(tree)
    assert checked.document is not None
    assert [found.id for found in checked.document.routes] == ["0", "7"]

    tree["routes"] += [{"id": "0", "uri": "/c", "upstream": UPSTREAM}]
    assert said(tree) == ["routes[2].id: the id 0 is that of routes[0] too; give each route an id of its own"]


def test_a_document_without_routes_is_worth_a_notice() -> None:
    """It stands, and answers 404."""
    checked = check({"gateway": {}})

    assert checked.problems == ()
    assert checked.document is not None
    assert "404" in checked.document.notices[0]


def test_what_is_no_mapping_is_no_document() -> None:
    """Nothing, and anything else."""
    assert said(None) == ["the file: the file is empty; begin with `routes:` and a list of routes"]
    assert said([1]) == ["the file: expected a mapping, found a list of 1; begin with `routes:` and a list of routes"]


def test_rooms_that_are_to_come_are_refused_by_name() -> None:
    """Each with what to do until then; none is ignored."""
    rooms = [
        *("admin", "store", "upstreams", "consumers", "consumer_groups", "global_rules"),
        *("plugin_configs", "plugin_metadata", "ssls", "secrets", "stream_routes"),
    ]
    found = said({room: [] for room in rooms})

    assert [line.split(": not supported yet; ")[0] for line in found] == rooms
    assert all(line.split("; ")[1] for line in found)
    assert said({"ssls": []})[0].startswith("ssls: not supported yet; name the files")


def test_every_problem_is_told_at_once() -> None:
    """Of the root, the gateway, routes, upstreams and plugins, also of plugins in a route that is wrong itself."""
    tree = {
        "rotues": [],
        "gateway": {"listen": [{"port": "x"}]},
        "routes": [
            {"upstream": {"nodes": {"a:80": 1}, "type": "chash"}, "plugins": {"fake": {"secrt": "x", "timeout": 0}}},
            {"uri": "/", "plugins": {"faek": {}, "fake": None}},
            "no route",
            {"uri": "/", "plugins": ["fake"]},
        ],
    }

    assert said(tree) == [
        "gateway.listen[0].port: expected a whole number, found a string of 1 character",
        "rotues: unknown name; did you mean `routes`?",
        "routes[0]: a route needs a path; add `uri: /*` for every path, or `uris` for a list",
        "routes[0].upstream.type: `chash` is not supported yet; write `type: roundrobin`, or remove it",
        "routes[0].plugins.fake.timeout: expected at least 1, found a number (0)",
        "routes[0].plugins.fake.secrt: unknown name; did you mean `secret`?",
        "routes[1].plugins.faek: there is no plugin of this name; did you mean `fake`?",
        "routes[1].plugins.fake: expected a mapping, found nothing; write its fields below it; `{}` for none",
        "routes[2]: expected a mapping, found a string of 8 characters",
        "routes[3].plugins: expected a mapping, found a list of 1",
    ]
    document = check(tree).document
    assert document is not None
    assert [found.path for found in document.routes] == ["routes[1]"]


def test_plugins_word_what_is_theirs() -> None:
    """Names to come, renamed names, rules between fields, and the common settings that are to come."""
    assert said(route(plugins={"fake": {"logout": "/x"}})) == [
        "routes[0].plugins.fake.logout: not supported yet; sign-out comes later"
    ]
    assert said(route(plugins={"fake": {"password": "x"}})) == [
        "routes[0].plugins.fake.password: unknown name; did you mean `secret`?"
    ]
    assert said(route(plugins={"fake": {"mode": "deny", "timeout": 1}})) == [
        "routes[0].plugins.fake: `mode: deny` takes longer than a second"
    ]
    assert said(route(plugins={"fake": {"_meta": {"disable": True}}})) == [
        "routes[0].plugins.fake._meta: not supported yet; plugins have no common settings so far: remove it"
    ]


def test_an_unknown_plugin_is_told_which_ones_there_are() -> None:
    """Unless one is near."""
    assert said(route(plugins={"xyzzy": {}}))[0].endswith("; known plugins: fake")
    empty = check_document(resolve_references(route(plugins={"xyzzy": {}}), {}), {})
    assert str(empty.problems[0]).endswith("; known plugins: none")


def test_a_plugin_that_does_not_stand_is_kept_as_such() -> None:
    """So that its route can be closed; an unknown one comes first."""
    checked = check(route(plugins={"fake": {"timeout": 0}, "faek": {}}))

    assert checked.document is not None
    known, unknown = plugins_of(checked.document.routes[0])
    assert (known.config, unknown.type, unknown.config) == (None, None, None)
    assert unknown.priority > known.priority


def test_constraints_apply_to_the_resolved_value() -> None:
    """A short reference may hold a long secret, and a text a number; the other way round is a problem."""
    tree = route(plugins={"fake": {"secret": "$ENV://S", "timeout": "$ENV://T"}})

    checked = check(tree, {"S": "long enough", "T": "12"})
    assert checked.problems == ()
    assert checked.document is not None
    assert plugins_of(checked.document.routes[0])[0].config == FakeConfig(secret="long enough", timeout=12)
    short, small = said(tree, {"S": "short", "T": "0"})
    assert short == (
        "routes[0].plugins.fake.secret: expected at least 8 characters, found a string of 5 characters; "
        "its value comes from the environment variable S"
    )
    assert small == (
        "routes[0].plugins.fake.timeout: expected at least 1, found a string of 1 character; "
        "its value comes from the environment variable T"
    )


def test_an_unresolved_reference_is_told_once() -> None:
    """Not again as whatever its text is not; its neighbours are still looked at."""
    tree = route(plugins={"fake": {"timeout": "$ENV://NO", "secret": "x"}}, hosts="$ENV://HOSTS")

    assert said(tree) == [
        "routes[0].plugins.fake.timeout: the environment variable NO is not set; set NO before starting the gateway",
        "routes[0].hosts: the environment variable HOSTS is not set; set HOSTS before starting the gateway",
        "routes[0].plugins.fake.secret: expected at least 8 characters, found a string of 1 character",
    ]


def test_services_and_sources_are_named_by_what_they_are_called() -> None:
    """A name that nobody has is told with the nearest; what is broken itself is told once, and there."""
    tree = {
        "services": [
            {"id": "books", "upstream": {"service_name": "shelf.static"}},
            {"id": "broken"},
            {"id": "bare", "hosts": ["h"]},
        ],
        "service_sources": [
            {"name": "shelf", "type": "dns", "domain": "shelf.example"},
            {"name": "wrong", "type": "dns", "domain": "a:1"},
        ],
        "routes": [
            {"uri": "/a", "service_id": "boks"},
            {"uri": "/b", "service_id": "broken"},
            {"uri": "/c", "service_id": "bare"},
            {"uri": "/d", "upstream": {"service_name": "shelf"}},
            {"uri": "/e", "upstream": {"service_name": "wrong.dns"}},
            {"uri": "/f", "upstream": {"service_name": "shelf.dns", "nodes": {"a:1": 1}}},
        ],
    }

    nothing = (
        "routes[2]: neither the route nor its service has `upstream` or `plugins`: nobody would answer its requests; "
        'add `upstream: {nodes: {"127.0.0.1:8000": 1}}` to one of the two'
    )
    assert sorted(said(tree)) == [
        "routes[0].service_id: there is no service with the id boks; did you mean `books`?",
        nothing,
        'routes[3].upstream.service_name: there is no service source "shelf"; did you mean `shelf.dns`?',
        "routes[5].upstream.service_name: an upstream has `nodes` or `service_name`, not both; remove one of them",
        "service_sources[1].domain: `a:1` has a port; write the name alone, and the port as `port`",
        'services[0].upstream.service_name: there is no service source "shelf.static"; did you mean `shelf.dns`?',
        "services[1]: a service needs `upstream`, `plugins` or `hosts`: its routes would get nothing of it",
    ]
