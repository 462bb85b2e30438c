"""What stands in the file and does nothing is said, and its mistakes are mistakes."""

from typing import Any

import msgspec
import yaml

from ostiary.config.declaring import Registry
from ostiary.config.idle import Idle, find_idle
from ostiary.config.loading import Loaded, load_content
from ostiary.plugin import Services
from tests.fakes.plugin_types import FakeConfig, FakePlugin, FakePluginType, make_services, registry_of
from tests.fakes.restricting_types import RestrictingFakeType

UPSTREAM = {"nodes": {"a:80": 1}}
TYPES: Registry = {**registry_of(FakePluginType("fake"), FakePluginType("late", 1)), "only": RestrictingFakeType()}


def load(service: dict[str, Any], *routes: dict[str, Any]) -> Loaded:
    """Load one service, and routes, of which the last has nothing to do with it."""
    document = {
        "services": [{"id": "s", "upstream": UPSTREAM, **service}],
        "routes": [*routes, {"uri": "/", "upstream": UPSTREAM}],
    }
    return load_content(yaml.safe_dump(document).encode(), {}, TYPES, make_services)


def notices(loaded: Loaded) -> tuple[str, ...]:
    """What the operator reads."""
    assert loaded.snapshot is not None, loaded.problems
    return loaded.snapshot.notices


def test_nothing_is_nothing() -> None:
    """Without services."""
    assert Idle((), ()) == find_idle((), (), ())


def test_a_service_that_no_route_in_use_names_is_said_to_be_none() -> None:
    """Also when the one that names it is off."""
    said = ("services[0]: nothing of it is in use: no route in use says `service_id: s`",)

    assert said == notices(load({}))
    assert said == notices(load({"plugins": {"fake": {}}}, {"uri": "/a", "service_id": "s", "status": 0}))
    assert () == notices(load({"plugins": {"fake": {}}}, {"uri": "/a", "service_id": "s"}))


def test_a_plugin_that_every_route_replaces_is_said_to_decide_nowhere() -> None:
    """One route that has none of its own is enough to use it; what only restricts replaces nothing."""
    own = {"uri": "/a", "service_id": "s", "plugins": {"fake": {}}}
    service: dict[str, Any] = {"plugins": {"fake": {}, "late": {}}}

    said = ("services[0].plugins.fake: not in use: every route of this service has this plugin itself",)
    assert said == notices(load(service, own))
    assert () == notices(load(service, own, {"uri": "/b", "service_id": "s"}))
    restricted = {"plugins": {"only": {"members": ["a"]}}}
    assert () == notices(load(restricted, {"uri": "/a", "service_id": "s", "plugins": {"only": {"allow": ["a"]}}}))


def test_mistakes_that_only_building_finds_are_told_of_what_is_not_in_use_too() -> None:
    """At their place, once each; whether a restriction has something to restrict nobody knows there."""
    wrong = {"plugins": {"fake": {"cannot_work": True}, "late": {"breaks": True}}}
    own = {"uri": "/a", "service_id": "s", "plugins": {"fake": {}}}

    assert ["fake", "late"] == [problem.path.split(".")[-1] for problem in load(wrong).problems]
    assert ["fake", "late"] == sorted(problem.path.split(".")[-1] for problem in load(wrong, own).problems)
    assert () == load({"plugins": {"only": {"allow": ["a"]}}}).problems


class SecretType(FakePluginType):
    """Builds plugins that need a secret nobody wrote down."""

    def build(self, config: FakeConfig, services: Services) -> FakePlugin:
        """Ask for it."""
        assert services.generated_secret()
        return super().build(config, services)


def test_what_is_not_in_use_leaves_nothing_behind() -> None:
    """No instance, no cookie of ours, and no secret that is generated for it: a real one is a file."""
    generated: list[str] = []

    def generate() -> str:
        generated.append("one")
        return generated[-1]

    def make(*arguments: Any) -> Services:
        services = make_services(*arguments)
        return msgspec.structs.replace(services, generated_secret=generate)

    document = {"services": [{"id": "s", "plugins": {"fake": {}}}], "routes": [{"uri": "/", "upstream": UPSTREAM}]}
    snapshot = load_content(yaml.safe_dump(document).encode(), {}, {"fake": SecretType()}, make).snapshot

    assert snapshot is not None
    assert ({}, (), []) == (snapshot.instances, snapshot.cookie_names, generated)
