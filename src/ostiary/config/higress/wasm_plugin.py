"""`WasmPlugin` → a plugin with its rules: which plugin is meant, what it is configured with, where.

Which one it is, say the image's name in `url`, the label `higress.io/wasm-plugin-name`, `pluginName` or the resource's
own name; those that name a known one have to agree. Raw configurations with `_rules_` are read wherever they may stand.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ostiary.config.higress.findings import Findings
from ostiary.config.higress.manifests import Manifest
from ostiary.config.higress.rule_checks import RAW_KEYS, RULE_KEYS, ConditionCheck, Keys, KnownRoutes
from ostiary.config.higress.rules import Conditions, PluginRules, Rule
from ostiary.config.higress.wasm_models import PHASES, RULES, MatchRule, RawRule, WasmPluginSpec, split_raw
from ostiary.config.problems import Path, Written, describe_shape, render_path
from ostiary.config.scopes import Candidate, DeclaredPlugin, is_restricting

NAME_LABEL = "higress.io/wasm-plugin-name"
OTHER_NAMES = {"oauth": "oauth2"}

_VERSION = re.compile(r"(?:[-.](?:internal|v?[0-9][0-9A-Za-z.-]*))+\Z")


class ReadPlugin(NamedTuple):
    """A plugin with its rules, where it stands, and its place among the plugins of a request (the lowest first).

    `written` are its configurations by their places, with references as they were written.
    """

    manifest: Manifest
    rules: PluginRules
    rank: tuple[int, int, str, str]
    written: Mapping[str, Mapping[str, Written]]

    def __repr__(self) -> str:
        """Name the object; its configurations hold secrets."""
        return f"ReadPlugin({self.manifest.origin.label})"


class _Written(NamedTuple):
    """A rule as written: its conditions and configuration, and where both stand."""

    conditions: Conditions
    config: Written
    place: Path
    config_place: Path
    keys: Keys
    is_off: bool = False


def read_plugins(manifests: Iterable[Manifest], routes: KnownRoutes, findings: Findings) -> tuple[ReadPlugin, ...]:
    """Read every `WasmPlugin`, in the order in which they decide; their rules may name these routes."""
    found = (_Reader(manifest, routes, findings).read() for manifest in manifests)
    return tuple(sorted((plugin for plugin in found if plugin is not None), key=lambda plugin: plugin.rank))


def find_image_name(url: str) -> str:
    """Return the name of an image: `oauth`, of `oci://.../plugins/oauth:1.0.0` and `file:///.../oauth/plugin.wasm`."""
    path = url.partition("://")[2] or url
    for segment in reversed(path.partition("?")[0].split("/")):
        name = segment.partition("@")[0].partition(":")[0]
        if name and not name.endswith(".wasm") and not re.fullmatch(r"v?[0-9][0-9A-Za-z.-]*", name):
            return name
    return ""


def _is_disabled(rule: Written) -> bool:
    return isinstance(rule, Mapping) and rule.get("configDisable") is True


class _Reader:
    """Reads one `WasmPlugin`."""

    def __init__(self, manifest: Manifest, routes: KnownRoutes, findings: Findings) -> None:
        self._manifest = manifest
        self._routes = routes
        self._findings = findings
        self._name = ""
        self._written: dict[str, Mapping[str, Written]] = {}

    def read(self) -> ReadPlugin | None:
        manifest = self._manifest
        self._findings.check_namespace(manifest)
        spec = self._findings.validate(manifest, WasmPluginSpec, manifest.tree["spec"], ("spec",))
        name = None if spec is None else self._identify(spec)
        if spec is None or name is None:
            return None
        self._name = name
        rank = PHASES.get(spec.phase)
        if rank is None:
            self._refuse(("spec", "phase"), "this is no phase", f"write one of {', '.join(PHASES)}")
        if spec.fail_strategy != "FAIL_CLOSE":
            problem = "what cannot decide lets nobody through here: FAIL_OPEN would let everybody through"
            self._refuse(("spec", "failStrategy"), problem, "write `FAIL_CLOSE`, or remove it")
        instance, rules = self._read_configuration(spec)
        metadata = manifest.metadata
        order = (rank or 0, -spec.priority, metadata.namespace, metadata.name)
        found = PluginRules(name, rules, instance)
        for rule, patterns in zip(found.rules, found.open_domains, strict=True):
            if rule.conditions.domains and not patterns:
                self._findings.notices.append(f"{rule.place}: it is never met: rules before it have all of its domains")
        return ReadPlugin(manifest, found, order, self._written)

    def _refuse(self, path: Path, problem: str, remedy: str) -> None:
        self._findings.refuse(self._manifest, path, problem, remedy)

    def _identify(self, spec: WasmPluginSpec) -> str | None:
        """Return the name of the plugin that is meant."""
        metadata = self._manifest.metadata
        names = (
            find_image_name(spec.url) if spec.url else "",
            metadata.labels.get(NAME_LABEL, ""),
            spec.plugin_name or "",
            _VERSION.sub("", metadata.name),
        )
        registry = self._findings.registry
        known = {OTHER_NAMES.get(name, name) for name in names if OTHER_NAMES.get(name, name) in registry}
        if len(known) == 1:
            return known.pop()
        place = ("spec", "url") if spec.url else ("spec",)
        if known:
            problem = f"it is called {' and '.join(sorted(known))}, which are two plugins"
            self._refuse(place, problem, f"let `url`, the label {NAME_LABEL}, `pluginName` and the name agree")
        else:
            there = ", ".join(sorted({*registry, *(old for old, new in OTHER_NAMES.items() if new in registry)}))
            called = next((name for name in names if name), metadata.name)
            problem = f"{called} is no plugin that is known here"
            self._refuse(place, problem, f"known: {there or 'none'}; name it in `url` or the label {NAME_LABEL}")
        return None

    def _read_configuration(self, spec: WasmPluginSpec) -> tuple[Candidate | None, tuple[Rule, ...]]:
        """Return what holds for the whole gateway, and the rules, in whichever notation they stand."""
        if spec.plugin_config is not None:
            written, place, is_off = spec.plugin_config, ("spec", "pluginConfig"), False
            if spec.default_config is not None or spec.match_rules:
                problem = "with `pluginConfig` Higress looks at no `defaultConfig` and no `matchRules`"
                self._refuse(place, problem, "remove one or the other")
        else:
            written, place = spec.default_config, ("spec", "defaultConfig")
            is_off = spec.default_config_disable
        if written is not None and not isinstance(written, Mapping):
            self._refuse(place, f"expected a mapping, found {describe_shape(written)}", "write the plugin's fields")
            written = None
        own, raw_rules = self._part(written or {}, place, has_match_rules=bool(spec.match_rules))
        # Where there are rules, Higress takes an empty `defaultConfig` for none.
        has_rules = bool(raw_rules) or any(not _is_disabled(rule) for rule in spec.match_rules)
        is_instance = written is not None and not is_off and (bool(own) or not has_rules)
        instance = self._declare_instance(own, place) if is_instance else None
        rules = (*self._list_raw(raw_rules, (*place, RULES)), *self._list_match_rules(spec.match_rules))
        if written is None and not spec.match_rules:
            self._refuse(("spec",), "it configures nothing", "add `defaultConfig` or `matchRules`")
        elif not is_instance and not rules:
            self._findings.notice(self._manifest, ("spec",), "nothing of it is in force")
        declared = (self._declare_rule(rule, instance) for rule in rules)
        return instance, tuple(rule for rule in declared if rule is not None)

    def _part(
        self, written: Mapping[str, Written], place: Path, *, has_match_rules: bool
    ) -> tuple[dict[str, Written], list[Written]]:
        """Part a raw configuration into the plugin's own fields and its rules."""
        own, kept = split_raw(written)
        rules = kept.pop(RULES, None)
        for name in kept:
            self._refuse((*place, name), "this stands in a rule", f"write it into an entry of `{RULES}`")
        if rules is None:
            return own, []
        if not isinstance(rules, list) or not rules:
            self._refuse((*place, RULES), f"expected rules, found {describe_shape(rules)}", "write them, or remove it")
            return own, []
        if has_match_rules:
            self._refuse((*place, RULES), "Higress replaces these by `matchRules`", "remove one or the other")
        return own, rules

    def _declare_instance(self, own: dict[str, Written], place: Path) -> Candidate:
        declared = self._declare(own, place)
        return Candidate("instance", declared.path, (), declared, "instance")

    def _list_match_rules(self, rules: Iterable[Written]) -> Iterator[_Written]:
        for index, written in enumerate(rules):
            place = ("spec", "matchRules", index)
            rule = self._findings.validate(self._manifest, MatchRule, written, place)
            if rule is None:
                continue
            conditions = Conditions(routes=rule.ingress, services=rule.service, domains=rule.domain)
            if rule.config_disable:
                text = "the rule is disabled, which is as if it were not there: what it names gets what is wider"
                self._findings.notice(self._manifest, place, text)
                continue
            config = {} if rule.config is None else rule.config
            yield _Written(conditions, config, place, (*place, "config"), RULE_KEYS)

    def _list_raw(self, rules: Iterable[Written], base: Path) -> Iterator[_Written]:
        for index, written in enumerate(rules):
            place = (*base, index)
            if not isinstance(written, Mapping):
                self._refuse(
                    place, f"expected a mapping, found {describe_shape(written)}", "write conditions and fields"
                )
                continue
            own, kept = split_raw(written)
            rule = self._findings.validate(self._manifest, RawRule, kept, place)
            if rule is not None:
                conditions = Conditions(rule.routes, rule.prefixes, rule.services, rule.domains)
                yield _Written(conditions, own, place, place, RAW_KEYS, is_off=rule.is_off)

    def _declare_rule(self, written: _Written, instance: Candidate | None) -> Rule | None:
        """Return a rule, or None with a problem."""
        if not any(written.conditions):
            remedy = "say where it holds: `ingress`, `domain` or `service`; for everywhere use `defaultConfig`"
            self._refuse(written.place, "a rule without condition fits nothing", remedy)
            return None
        conditions, ignored = written.conditions.settle(self._name)
        check = ConditionCheck(self._manifest, written.place, written.keys, self._findings)
        check.note(conditions, ignored)
        check.find_strangers(conditions, self._routes)
        place = self._manifest.origin.place(render_path(written.config_place))
        if written.is_off:
            return Rule(place, conditions, None)
        declared = self._declare(written.config, written.config_place)
        return Rule(place, conditions, self._check_basis(declared, written, instance))

    def _declare(self, config: Written, place: Path) -> DeclaredPlugin:
        """Read a configuration, and keep it as it was written."""
        declared = self._findings.declare(self._manifest, self._name, config, place)
        written: Written = self._manifest.written
        for part in place:
            written = written.get(part) if isinstance(written, Mapping) else written[part]
        self._written[declared.path] = split_raw(written if isinstance(written, Mapping) else {}).own
        return declared

    def _check_basis(self, declared: DeclaredPlugin, rule: _Written, instance: Candidate | None) -> DeclaredPlugin:
        """A rule that only restricts needs what it restricts; without, Higress lets everybody pass."""
        if instance is None and is_restricting(declared):
            problem = "it only restricts, and there is no `defaultConfig` that it could restrict"
            self._findings.close(self._manifest, rule.config_place, problem, "write one, or what is missing here")
            return declared._replace(config=None)
        return declared
