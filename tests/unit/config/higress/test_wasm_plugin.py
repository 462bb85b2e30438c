"""A WasmPlugin becomes a plugin with its rules, in either notation; what is wrong is told by key."""

from typing import Any

import pytest

from ostiary.config.higress.findings import Findings
from ostiary.config.higress.rule_checks import KnownRoutes
from ostiary.config.higress.wasm_plugin import ReadPlugin, find_image_name, read_plugins
from tests.fakes.higress import Object, make_findings, manifest, secret, wasm
from tests.fakes.plugin_types import registry_of
from tests.fakes.restricting_types import RestrictingFakeType

ROUTES = KnownRoutes(("shop/orders", "ledger"), None)


def read(*trees: Object, findings: Findings | None = None) -> tuple[ReadPlugin, ...]:
    """Read plugins whose rules may name two routes."""
    return read_plugins([manifest(tree) for tree in trees], ROUTES, findings or make_findings())


def mistakes(tree: Object) -> list[str]:
    """What is wrong with a plugin."""
    findings = make_findings()
    read(tree, findings=findings)
    return [str(problem).removeprefix("WasmPlugin/login.") for problem in findings.problems]


# --------------------------------------------------------------------------------------------- which plugin it is


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("oci://registry.example.com/plugins/oauth:1.0.0", "oauth"),
        ("oci://registry.example.com:5000/plugins/oidc@sha256:abc", "oidc"),
        ("registry.example.com/plugins/oidc", "oidc"),
        ("file:///opt/plugins/wasm-go/extensions/oidc/plugin.wasm", "oidc"),
        ("http://plugin-server.higress-system.svc/plugins/oidc/2.0.0/plugin.wasm?x=y/z", "oidc"),
        ("", ""),
    ],
)
def test_an_image_has_a_name(url: str, expected: str) -> None:
    """Its last part that is no version and no file."""
    assert expected == find_image_name(url)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"spec": {"url": "oci://x/plugins/oauth:1"}}, "oauth2"),
        ({"spec": {"url": "oci://x/plugins/oidc:1"}}, "oidc"),
        ({"spec": {"url": "oci://mirror/our-own:7", "pluginName": "oidc"}}, "oidc"),
        ({"metadata": {"name": "x", "labels": {"higress.io/wasm-plugin-name": "oauth"}}}, "oauth2"),
        ({"metadata": {"name": "oidc-1.0.0"}}, "oidc"),
        ({"metadata": {"name": "oauth.internal"}}, "oauth2"),
        ({"metadata": {"name": "oidc"}}, "oidc"),
    ],
)
def test_image_label_plugin_name_or_name_say_which_plugin_it_is(change: Object, expected: str) -> None:
    """Those that name none that is known do not count."""
    tree = wasm({"domain": ["a.b"], "config": secret("x")})
    del tree["spec"]["url"]
    tree["metadata"] = change.get("metadata", tree["metadata"])
    tree["spec"] |= change.get("spec", {})

    (plugin,) = read(tree)

    assert expected == plugin.rules.name


def test_names_that_contradict_each_other_are_refused() -> None:
    """One of them would be served, and nobody could tell which was meant."""
    (problem,) = mistakes(wasm({"domain": ["a.b"]}, pluginName="oauth"))

    assert problem.startswith("spec.url ")
    assert "it is called oauth2 and oidc, which are two plugins" in problem


def test_a_plugin_that_nobody_knows_is_refused() -> None:
    """It may be what protects a route."""
    (problem,) = mistakes(wasm({"domain": ["a.b"]}, image="key-auth"))

    assert problem.startswith("spec.url ")
    assert "key-auth is no plugin that is known here" in problem
    assert "known: oauth, oauth2, oidc;" in problem


# --------------------------------------------------------------------------------------------------- what holds


def places(plugin: ReadPlugin) -> tuple[str | None, list[str | None]]:
    """Where the instance's configuration stands, and those of the rules; None is switched off."""
    instance = plugin.rules.instance
    found = [None if each.plugin is None else each.plugin.path for each in plugin.rules.rules]
    cut = [None if place is None else place.removeprefix("WasmPlugin/login.spec.") for place in found]
    return None if instance is None else instance.place.removeprefix("WasmPlugin/login.spec."), cut


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"defaultConfig": secret("i")}, ("defaultConfig", [])),
        ({"pluginConfig": secret("i")}, ("pluginConfig", [])),
        ({"pluginConfig": {}}, ("pluginConfig", [])),
        ({"defaultConfig": secret("i"), "defaultConfigDisable": True}, (None, [])),
        ({"matchRules": [{"ingress": ["ledger"], "config": secret("r")}]}, (None, ["matchRules[0].config"])),
        ({"matchRules": [{"ingress": ["ledger"]}]}, (None, ["matchRules[0].config"])),
        ({"defaultConfig": {}, "matchRules": [{"ingress": ["ledger"]}]}, (None, ["matchRules[0].config"])),
        ({"defaultConfig": {}, "matchRules": [{"ingress": ["ledger"], "configDisable": True}]}, ("defaultConfig", [])),
        ({"matchRules": [{"ingress": ["ledger"], "configDisable": True}]}, (None, [])),
        (
            {"pluginConfig": {**secret("i"), "_rules_": [{"_match_route_": ["ledger"], **secret("r")}]}},
            ("pluginConfig", ["pluginConfig._rules_[0]"]),
        ),
        (
            {"defaultConfig": {"_rules_": [{"_match_domain_": ["a.b"], "_disable_": True}]}},
            (None, [None]),
        ),
        (
            {"defaultConfig": {"_rules_": [{"_match_route_prefix_": ["shop/"], **secret("r")}]}},
            (None, ["defaultConfig._rules_[0]"]),
        ),
    ],
)
def test_both_notations_say_the_same(spec: Object, expected: tuple[str | None, list[str | None]]) -> None:
    """`defaultConfig` and `matchRules`, or everything in one with `_rules_`."""
    findings = make_findings()
    (plugin,) = read(wasm(**spec), findings=findings)

    assert [] == findings.problems
    assert expected == places(plugin)


@pytest.mark.parametrize(
    ("spec", "key", "words"),
    [
        ({}, "spec ", "it configures nothing"),
        ({"defaultConfig": "text"}, "spec.defaultConfig ", "expected a mapping"),
        ({"pluginConfig": ["x"]}, "spec.pluginConfig ", "expected a mapping"),
        ({"pluginConfig": {}, "defaultConfig": {}}, "spec.pluginConfig ", "remove one or the other"),
        ({"pluginConfig": {}, "matchRules": [{"domain": ["a.b"]}]}, "spec.pluginConfig ", "remove one or the other"),
        ({"pluginConfig": {"_rules_": []}}, "spec.pluginConfig._rules_ ", "expected rules, found an empty list"),
        ({"pluginConfig": {"_rules_": ["x"]}}, "spec.pluginConfig._rules_[0] ", "expected a mapping"),
        ({"pluginConfig": {"_rules_": [{}]}}, "spec.pluginConfig._rules_[0] ", "without condition"),
        ({"pluginConfig": {"_disable_": True}}, "spec.pluginConfig._disable_ ", "this stands in a rule"),
        (
            {"pluginConfig": {"_rules_": [{"_match_method_": ["GET"]}]}},
            "spec.pluginConfig._rules_[0]._match_method_ ",
            "unknown name",
        ),
        (
            {"defaultConfig": {"_rules_": [{"_match_domain_": ["a.b"]}]}, "matchRules": [{"domain": ["a.b"]}]},
            "spec.defaultConfig._rules_ ",
            "Higress replaces these by `matchRules`",
        ),
        ({"matchRules": [{"config": {}}]}, "spec.matchRules[0] ", "a rule without condition fits nothing"),
        ({"matchRules": [{"ingress": [], "domain": []}]}, "spec.matchRules[0] ", "without condition"),
        ({"matchRules": ["x"]}, "spec.matchRules[0] ", "expected a mapping"),
        ({"matchRules": [{"ingress": ["orders"]}]}, "spec.matchRules[0].ingress[0] ", "did you mean `shop/orders`?"),
        ({"matchRules": [{"domain": ["a.b:80"]}]}, "spec.matchRules[0].domain[0] ", "without their port"),
        ({"matchRules": [{"domain": ["a.b"], "routeType": "GRPC"}]}, "spec.matchRules[0].routeType ", "'HTTP'"),
        ({"matchRules": [{"domain": ["a.b"], "conf": {}}]}, "spec.matchRules[0].conf ", "did you mean `config`?"),
        ({"matchRules": {"domain": ["a.b"]}}, "spec.matchRules ", "expected a list"),
        ({"defaultConfig": {}, "phase": "AUTHX"}, "spec.phase ", "this is no phase"),
        ({"defaultConfig": {}, "priority": "high"}, "spec.priority ", "a whole number"),
        ({"defaultConfig": {}, "failStrategy": "FAIL_OPEN"}, "spec.failStrategy ", "FAIL_OPEN would let everybody"),
        ({"defaultConfig": {}, "failStrategy": "FAIL"}, "spec.failStrategy ", "write `FAIL_CLOSE`"),
        ({"defaultConfig": {}, "selector": {}}, "spec.selector ", "there is one gateway here"),
        ({"defaultConfig": {}, "match": []}, "spec.match ", "remove it"),
        ({"defaultConfig": {}, "vmConfig": {"env": [1]}}, "spec.vmConfig.env ", "at most 0"),
        ({"defaultConfig": {}, "fooBar": 1}, "spec.fooBar ", "unknown name"),
        ({"defaultConfig": {}, "defaultConfigDisable": "x"}, "spec.defaultConfigDisable ", "`true` or `false`"),
    ],
)
def test_every_key_of_a_plugin_has_its_problem(spec: Object, key: str, words: str) -> None:
    """With line and key."""
    found = mistakes(wasm(**spec))

    assert [problem for problem in found if problem.startswith(f"{key}(line ") and words in problem], found


def test_a_disabled_rule_is_as_if_it_were_not_there() -> None:
    """Higress leaves it out, names and all; what is wider holds, and that is said."""
    findings = make_findings()
    rules = ({"ingress": ["nobody"], "configDisable": True, "config": {"secret": "short"}},)

    (plugin,) = read(wasm(*rules, defaultConfig=secret("i")), findings=findings)

    assert [] == [*findings.problems, *findings.closing]
    assert () == plugin.rules.rules
    (notice,) = findings.notices
    assert notice.startswith(
        "WasmPlugin/login.spec.matchRules[0]: the rule is disabled, which is as if it were not there"
    )


def test_what_is_never_in_force_is_said() -> None:
    """The console leaves such resources behind."""
    findings = make_findings()

    read(wasm(defaultConfig={}, defaultConfigDisable=True), findings=findings)

    assert ["WasmPlugin/login.spec: nothing of it is in force"] == findings.notices


def test_a_restriction_without_an_instance_closes() -> None:
    """Higress lets everybody pass there."""
    findings = make_findings(registry_of_restricting())
    rule = {"domain": ["a.b"], "config": {"allow": ["x"]}}

    (closed,) = read(wasm(rule, image="fake"), findings=findings)
    (open_one,) = read(wasm(rule, image="fake", defaultConfig={"members": ["x"]}), findings=findings)

    assert ["WasmPlugin/login.spec.matchRules[0].config"] == [problem.path for problem in findings.closing]
    assert [None] == [declared.config for declared in closed.rules.plugins]
    assert None not in [declared.config for declared in open_one.rules.plugins]


def registry_of_restricting() -> Any:
    """A registry of a type that may restrict."""
    return {**registry_of(), "fake": RestrictingFakeType()}


# ------------------------------------------------------------------------------------------------- order and text


def test_plugins_decide_by_phase_priority_and_name() -> None:
    """As Higress has them."""
    config: Object = {"defaultConfig": {}}
    trees = [
        wasm(name="last", phase="STATS", priority=900, **config),
        wasm(name="b", phase="AUTHN", priority=1, **config),
        wasm(name="a", phase="AUTHN", priority=1, **config),
        wasm(name="early", phase="AUTHN", priority=2, **config),
        wasm(name="middle", phase="AUTHZ", **config),
        wasm(name="whenever", **config),
    ]

    assert ["early", "a", "b", "middle", "last", "whenever"] == [
        plugin.manifest.metadata.name for plugin in read(*trees)
    ]


def test_configurations_are_kept_as_they_were_written() -> None:
    """References stay references, and Higress's keys are not the plugin's."""
    tree = wasm(pluginConfig={"secret": "$ENV://S", "_rules_": [{"_match_domain_": ["a.b"], "secret": "$ENV://T"}]})
    environ = {"S": "0123456789", "T": "9876543210"}

    (plugin,) = read_plugins([manifest(tree, environ)], ROUTES, make_findings())

    assert {
        "WasmPlugin/login.spec.pluginConfig": {"secret": "$ENV://S"},
        "WasmPlugin/login.spec.pluginConfig._rules_[0]": {"secret": "$ENV://T"},
    } == plugin.written
    assert "0123456789" not in repr(plugin)
