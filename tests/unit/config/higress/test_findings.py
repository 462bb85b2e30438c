"""Problems are placed, and those of plugins' configurations are kept apart."""

from ostiary.config.section import Section
from tests.fakes.higress import make_findings, manifest, wasm


class Wanted(Section):
    """A part of an object."""

    number: int


PLUGIN = manifest(wasm({"domain": ["a.b"], "config": {"secret": "$ENV://S", "timeout": "$ENV://T"}}), {"T": "5"})
CONFIG = ("spec", "matchRules", 0, "config")


def test_a_problem_has_place_file_and_line() -> None:
    """The line of the nearest thing that stands there."""
    findings = make_findings()

    findings.refuse(PLUGIN, ("spec", "matchRules", 0, "ingress"), "wrong", "mend it")

    (problem,) = findings.problems
    assert ("WasmPlugin/login.spec.matchRules[0].ingress", "all.yaml", 8) == (problem.path, problem.file, problem.line)


def test_a_notice_names_its_place() -> None:
    """As a sentence."""
    findings = make_findings()

    findings.notice(PLUGIN, ("spec",), "it is so")

    assert ["WasmPlugin/login.spec: it is so"] == findings.notices


def test_a_part_is_validated_at_its_place() -> None:
    """None with a problem."""
    findings = make_findings()

    assert Wanted(number=3) == findings.validate(PLUGIN, Wanted, {"number": 3}, ("spec",))
    assert findings.validate(PLUGIN, Wanted, {"nummer": 3}, ("spec",)) is None
    assert ["spec.number", "spec.nummer"] == sorted(p.path.partition(".")[2] for p in findings.problems)


def test_a_configuration_that_stands_is_declared() -> None:
    """References are resolved, and told apart."""
    findings = make_findings()
    written = {"timeout": PLUGIN.tree["spec"]["matchRules"][0]["config"]["timeout"]}

    declared = findings.declare(PLUGIN, "oidc", written, CONFIG)

    assert declared.config is not None
    assert "WasmPlugin/login.spec.matchRules[0].config" == declared.path
    assert not findings.problems
    assert not findings.closing


def test_a_configuration_with_a_mistake_has_none_and_closes() -> None:
    """Whatever the mistake is."""
    mistakes: tuple[object, ...] = ({"secret": "short"}, {"_meta": {}}, "text")
    for written in mistakes:
        findings = make_findings()
        plugin = manifest(wasm({"domain": ["a.b"], "config": written}))

        assert findings.declare(plugin, "oidc", written, CONFIG).config is None
        assert findings.closing
        assert not findings.problems


def test_an_unresolved_reference_is_told_once_and_closes() -> None:
    """It would be taken literally: `$ENV://S` is long enough for a secret."""
    findings = make_findings()
    written = PLUGIN.tree["spec"]["matchRules"][0]["config"]

    assert findings.declare(PLUGIN, "oidc", written, CONFIG).config is None
    assert [] == findings.closing


def test_some_kinds_are_read_in_higress_s_own_namespace_only() -> None:
    """One elsewhere is without effect there, and refused here."""
    findings = make_findings()
    elsewhere = wasm(defaultConfig={})
    elsewhere["metadata"]["namespace"] = "team"

    findings.check_namespace(PLUGIN)
    findings.check_namespace(manifest(elsewhere))

    assert ["WasmPlugin/team/login.metadata.namespace"] == [problem.path for problem in findings.problems]


def test_a_problem_may_close_by_itself() -> None:
    """Where rules do not go together."""
    findings = make_findings()

    findings.close(PLUGIN, CONFIG, "wrong", "mend it")

    assert ["WasmPlugin/login.spec.matchRules[0].config"] == [problem.path for problem in findings.closing]
