"""What a `WasmPlugin` (extensions.higress.io/v1alpha1) says: its models, in both notations of its rules.

What concerns the image (digest, pulling, verification) is read over: no image is fetched. A plugin's own configuration
is its type's to read; `split_raw` takes out of it what Higress keeps there.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field

from ostiary.config.higress.rules import ServicePattern
from ostiary.config.patterns import check_host_pattern
from ostiary.config.problems import Written
from ostiary.config.section import Section, refuse

RULES = "_rules_"
# What Higress keeps among the fields of a raw configuration.
RAW_NAMES = (RULES, "_match_route_", "_match_route_prefix_", "_match_domain_", "_match_service_", "_disable_")
PHASES = {"AUTHN": 0, "AUTHZ": 1, "STATS": 2, "UNSPECIFIED_PHASE": 3, "UNSPECIFIED": 3}

_HOST_BEGINNING = re.compile(r"[a-z0-9._-]+\Z")
_SERVICE = re.compile(r"([A-Za-z0-9._-]{1,253})(?::([0-9]{1,5}))?\Z")


def _check_domain(pattern: str) -> str:
    """Return a pattern of hosts: a name, `*x`, `x*` or `*`."""
    if not pattern:
        raise refuse("an empty domain is no host's", "write a host, or `*`")
    if not pattern.endswith("*") or pattern.startswith("*"):
        return check_host_pattern(pattern)
    beginning = pattern[:-1].lower()
    if not _HOST_BEGINNING.match(beginning) or ".." in beginning:
        raise refuse(
            "a wildcard is the beginning or the end of a host name", "write it like `*.example.com` or `www.*`"
        )
    return f"{beginning}*"


def _check_service(written: object) -> object:
    match = _SERVICE.match(written) if isinstance(written, str) else None
    port = None if match is None or match[2] is None else int(match[2])
    if match is None or port == 0 or (port or 0) > 65_535:
        raise refuse("no service can have this name", "write it like `auth.dns` or `auth.dns:443`")
    return match[1], port


Domain = Annotated[str, AfterValidator(_check_domain)]
Service = Annotated[ServicePattern, BeforeValidator(_check_service)]
Name = Annotated[str, Field(min_length=1)]


class MatchRule(Section):
    """A rule as the resource has it."""

    ingress: tuple[Name, ...] = Field((), description="Routes by name: `name`, or `namespace/name`.")
    domain: tuple[Domain, ...] = Field((), description="Hosts: a name, `*.example.com`, `www.*` or `*`.")
    service: tuple[Service, ...] = Field((), description="Services that routes go to, with or without port.")
    config: Any = Field(None, repr=False, description="The plugin's configuration there.")
    config_disable: bool = Field(default=False, alias="configDisable", description="As if the rule were not there.")
    route_type: Literal["HTTP"] = Field("HTTP", alias="routeType", description="`HTTP`.")


class RawRule(Section):
    """The conditions of a rule as the plugin itself receives it."""

    routes: tuple[Name, ...] = Field((), alias="_match_route_", description="Routes by name.")
    prefixes: tuple[Name, ...] = Field((), alias="_match_route_prefix_", description="Beginnings of routes' names.")
    domains: tuple[Domain, ...] = Field((), alias="_match_domain_", description="Hosts.")
    services: tuple[Service, ...] = Field((), alias="_match_service_", description="Services that routes go to.")
    is_off: bool = Field(default=False, alias="_disable_", description="Switch the plugin off there.")


class VmConfig(Section):
    """The surroundings of the plugin's machine, which there is none of here."""

    env: tuple[Any, ...] = Field((), max_length=0, description="Nothing: plugins get no environment.")


class WasmPluginSpec(Section):
    """A plugin, what it is for the whole gateway, and its rules."""

    url: str | None = Field(None, description="Its image, whose name says which plugin it is.")
    plugin_name: str | None = Field(None, alias="pluginName", description="Which plugin it is.")
    phase: str = Field("UNSPECIFIED_PHASE", description="When it decides: `AUTHN` before `AUTHZ` before `STATS`.")
    priority: int = Field(0, description="In a phase, the one with the higher decides first.")
    fail_strategy: str = Field("FAIL_CLOSE", alias="failStrategy", description="`FAIL_CLOSE`.")
    plugin_config: Any = Field(None, alias="pluginConfig", repr=False, description="Everything in one.")
    default_config: Any = Field(None, alias="defaultConfig", repr=False, description="For the whole gateway.")
    default_config_disable: bool = Field(
        default=False, alias="defaultConfigDisable", description="As if there were no `defaultConfig`."
    )
    match_rules: tuple[Any, ...] = Field((), alias="matchRules", repr=False, description="The rules.")
    vm_config: VmConfig | None = Field(None, alias="vmConfig", description="Nothing.")
    sha256: Any = None
    image_pull_policy: Any = Field(None, alias="imagePullPolicy")
    image_pull_secret: Any = Field(None, alias="imagePullSecret")
    verification_key: Any = Field(None, alias="verificationKey")

    refused: ClassVar[Mapping[str, str]] = {
        "selector": "there is one gateway here: remove it, or the resource if it is for another one",
        "targetRef": "there is one gateway here: remove it, or the resource if it is for another one",
        "targetRefs": "there is one gateway here: remove it, or the resource if it is for another one",
        "match": "plugins here see requests of clients, all of them: remove it",
    }


class Split(NamedTuple):
    """A raw configuration: the plugin's own keys, and those that Higress keeps among them."""

    own: dict[str, Any]
    kept: dict[str, Any]


def split_raw(written: Mapping[str, Written]) -> Split:
    """Part a raw configuration; Higress's keys begin and end with an underscore."""
    kept = {name: value for name, value in written.items() if name.startswith("_") and name.endswith("_")}
    return Split({name: value for name, value in written.items() if name not in kept}, kept)
