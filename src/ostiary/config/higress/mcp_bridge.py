"""`McpBridge` (networking.higress.io/v1): registries → service sources, `<name>.dns` and `<name>.static`.

Registries that have to be asked for their services (nacos, consul, zookeeper, eureka) are refused: their addresses are
written down as `static`, or their names as `dns`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, NamedTuple

from pydantic import Field

from ostiary.config.higress.findings import Findings
from ostiary.config.higress.manifests import Manifest
from ostiary.config.problems import Written
from ostiary.config.section import Section
from ostiary.config.service_sources import ServiceSource

_ONLY_DISCOVERED = "only registries that are asked for their services have this: remove it"


class Registry(ServiceSource):
    """Where a service is found."""

    not_yet: ClassVar[Mapping[str, str]] = {
        "proxyName": "there are no proxies between gateway and services so far: remove it",
        "vport": "a `static` service is called by its `port`: write it there",
    }
    refused: ClassVar[Mapping[str, str]] = {
        "authSecretName": _ONLY_DISCOVERED,
        "nacosNamespace": _ONLY_DISCOVERED,
        "nacosNamespaceId": _ONLY_DISCOVERED,
        "nacosGroups": _ONLY_DISCOVERED,
        "nacosAddressServer": _ONLY_DISCOVERED,
        "nacosAccessKey": _ONLY_DISCOVERED,
        "nacosSecretKey": _ONLY_DISCOVERED,
        "nacosRefreshInterval": _ONLY_DISCOVERED,
        "consulNamespace": _ONLY_DISCOVERED,
        "consulDatacenter": _ONLY_DISCOVERED,
        "consulServiceTag": _ONLY_DISCOVERED,
        "consulRefreshInterval": _ONLY_DISCOVERED,
        "zkServicesPath": _ONLY_DISCOVERED,
        "metadata": _ONLY_DISCOVERED,
    }


class McpBridgeSpec(Section):
    """All registries of a gateway; each is read by itself, so that a wrong one hides no other."""

    registries: tuple[Any, ...] = Field((), description="Where services are found.")

    not_yet: ClassVar[Mapping[str, str]] = {
        "proxies": "there are no proxies between gateway and services so far: remove it"
    }


class Sources(NamedTuple):
    """The sources by their full names; `doubtful` are names of registries that do not stand."""

    known: dict[str, ServiceSource]
    doubtful: set[str]


def read_sources(manifests: Iterable[Manifest], findings: Findings) -> Sources:
    """Return the sources of the `McpBridge`."""
    sources = Sources({}, set())
    for manifest in manifests:
        if manifest.metadata.name != "default":
            findings.refuse(manifest, ("metadata", "name"), "Higress reads one McpBridge only", "call it `default`")
        findings.check_namespace(manifest)
        spec = findings.validate(manifest, McpBridgeSpec, manifest.tree["spec"], ("spec",))
        for index, written in enumerate(spec.registries if spec is not None else ()):
            _read_registry(manifest, index, written, sources, findings)
    return sources


def _read_registry(manifest: Manifest, index: int, written: Written, sources: Sources, findings: Findings) -> None:
    path = ("spec", "registries", index)
    source = findings.validate(manifest, Registry, written, path)
    if source is None:
        if isinstance(written, Mapping):
            sources.doubtful.add(f"{written.get('name')}.{written.get('type')}")
        return
    if source.full_name in sources.known:
        findings.refuse(manifest, (*path, "name"), f"{source.full_name} stands there twice", "rename one of them")
    sources.known.setdefault(source.full_name, source)
