"""What is written about plugins for more than one route."""

from typing import Any

from ostiary.config.checking import CheckedDocument, check_document
from ostiary.config.declaring import Checker, Registry, declare_levels
from ostiary.config.references import resolve_references
from tests.fakes.plugin_types import FakePluginType, registry_of
from tests.fakes.restricting_types import RestrictingFakeType

TYPES: Registry = {**registry_of(FakePluginType("other", 1)), "fake": RestrictingFakeType()}
UPSTREAM = {"nodes": {"a:80": 1}}


def check(tree: dict[str, Any]) -> tuple[CheckedDocument, list[str]]:
    """The document, and where its problems are."""
    checked = check_document(resolve_references(tree, {}), TYPES)
    assert checked.document is not None
    return checked.document, [f"{problem.path}: {problem.problem}; {problem.remedy}" for problem in checked.problems]


def test_every_level_reaches_its_routes() -> None:
    """Domains and instance everywhere, a service where it is named."""
    document, problems = check({
        "services": [{"id": "s", "upstream": UPSTREAM, "plugins": {"other": {}}}],
        "domains": [{"hosts": ["*.example.com"], "plugins": {"fake": {"members": ["a"]}}}],
        "instance": {"plugins": {"fake": {}}},
        "routes": [{"uri": "/a", "service_id": "s"}, {"uri": "/b", "upstream": UPSTREAM}],
    })  # fmt: skip

    assert [] == problems
    one, two = document.routes
    assert ["other", "fake"] == [policy.name for policy in one.policies]
    assert ["fake"] == [policy.name for policy in two.policies] == [policy.name for policy in document.nowhere]
    assert ["domain", "instance"] == [candidate.level for candidate in two.policies[0].candidates]
    assert ("s", "instance.plugins.fake") == (one.policies[0].candidates[0].scope, two.policies[0].candidates[1].place)


def test_problems_are_told_at_their_place() -> None:
    """All at once, of every level."""
    _, problems = check({
        "services": [{"id": "s", "plugins": {"fake": {"x": 1}}}, {"id": "s", "plugins": {}}, "no service"],
        "domains": [
            {"hosts": ["a"], "plugins": {"fake": {}}},
            {"hosts": ["b", "A"], "plugins": {"fake": {}}},
            {"plugins": {"faek": {}}},
        ],
        "instance": {"plugins": {"other": 5}},
        "routes": [{"uri": "/", "service_id": "t"}, {"uri": "/", "upstream": {"service_name": "id"}}],
        "service_sources": [{"name": "id", "type": "dns", "domain": "id"}] * 2,
    })  # fmt: skip

    told = dict(problem.split(": ", 1) for problem in problems)
    assert {
        "services[0].plugins.fake.x", "services[1].id", "services[2]", "domains[1].plugins.fake", "domains[2].hosts",
        "domains[2].plugins.faek", "instance.plugins.other", "routes[0].service_id", "routes[1].upstream.service_name",
        "service_sources[1].name",
    } == set(told)  # fmt: skip
    assert told["domains[1].plugins.fake"].startswith("a has this plugin from domains[0].plugins.fake too")
    assert "did you mean `id.dns`?" in told["routes[1].upstream.service_name"]
    assert told["routes[0].service_id"].startswith("there is no service with the id t; write it into")


def test_a_plugin_in_the_wrong_place_is_told_the_right_one() -> None:
    """Beside `plugins`, where it would look like a misspelt field, inside another plugin, and at the top."""
    _, problems = check({
        "routes": [{"uri": "/", "upstream": UPSTREAM, "fake": {}, "plugins": {"other": {"fake": {}}}}],
        "domains": [{"hosts": ["a"], "plugins": {}, "fake": {}}],
        "instance": {"plugins": {}, "other": {}},
        "plugins": {"fake": {}},
    })  # fmt: skip

    told = dict(problem.split(": ", 1) for problem in problems)
    misplaced = {"routes[0].fake", "routes[0].plugins.other.fake", "domains[0].fake", "instance.other"}
    assert {*misplaced, "plugins"} == set(told)
    assert {
        "is a plugin, and no field of this; write it below `plugins:` of a route, a service, a domain or the instance"
    } == {told[place] for place in misplaced}
    assert "write `instance: {plugins: ...}` for the whole gateway" in told["plugins"]


def test_nothing_written_is_no_level() -> None:
    """And no policy."""
    levels = declare_levels(Checker(TYPES, {}, {}), [], None, [])

    assert ({}, ()) == (levels.services, levels.nowhere)
