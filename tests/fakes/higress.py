"""Folders in Higress's notation for tests: manifests as values, written to files, loaded with fake plugin types."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ostiary.config.checking import Registry
from ostiary.config.higress.findings import Findings
from ostiary.config.higress.folder import FileDocument
from ostiary.config.higress.loading import HigressFolder
from ostiary.config.higress.manifests import Manifest, read_manifests
from ostiary.config.loading import Loaded
from ostiary.config.reading import read_documents
from ostiary.config.snapshot import Snapshot
from tests.fakes.plugin_types import FakePluginType, make_services, registry_of

TYPES: Registry = registry_of(FakePluginType("oidc", 350), FakePluginType("oauth2", 350))
Object = dict[str, Any]


def bridge(*registries: Mapping[str, Any]) -> Object:
    """Return an McpBridge; by default with `auth.dns` and `apps.static`."""
    standard = (
        {"name": "auth", "type": "dns", "domain": "id.example.com", "port": 443},
        {"name": "apps", "type": "static", "domain": "10.0.0.7:8000", "port": 80},
    )
    return {
        "apiVersion": "networking.higress.io/v1",
        "kind": "McpBridge",
        "metadata": {"name": "default", "namespace": "higress-system"},
        "spec": {"registries": [dict(registry) for registry in registries or standard]},
    }


def path_to(path: str = "/", kind: str = "Prefix", service: str | None = None) -> Object:
    """Return a path of an Ingress, to a service of the cluster or to the McpBridge."""
    resource = {"resource": {"apiGroup": "networking.higress.io", "kind": "McpBridge", "name": "default"}}
    backend: Object = resource if service is None else {"service": {"name": service, "port": {"number": 80}}}
    return {"path": path, "pathType": kind, "backend": backend}


def ingress(name: str, host: str | None, *paths: Object, namespace: str | None = None, **annotations: str) -> Object:
    """Return an Ingress; keywords are annotations of Higress, `destination` is `apps.static` unless it says so."""
    written = {"destination": "apps.static", **annotations}
    rule: Object = {"http": {"paths": list(paths) or [path_to()]}}
    metadata: Object = {
        "name": name,
        "annotations": {f"higress.io/{key.replace('_', '-')}": value for key, value in written.items()},
    }
    if namespace is not None:
        metadata["namespace"] = namespace
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata,
        "spec": {"ingressClassName": "higress", "rules": [rule if host is None else {"host": host, **rule}]},
    }


def wasm(*rules: Mapping[str, Any], name: str = "login", image: str = "oidc", **spec: Any) -> Object:
    """Return a WasmPlugin with these rules; keywords are further keys of its spec."""
    written: Object = {"url": f"oci://registry.example.com/plugins/{image}:1.0.0", **spec}
    if rules:
        written["matchRules"] = [dict(rule) for rule in rules]
    return {
        "apiVersion": "extensions.higress.io/v1alpha1",
        "kind": "WasmPlugin",
        "metadata": {"name": name},
        "spec": written,
    }


def secret(text: str) -> Object:
    """Return a configuration of the fake plugin that can be told from others."""
    return {"secret": f"secret of {text}"}


def write_folder(folder: Path, *objects: Object, **files: str) -> Path:
    """Write objects to `all.yaml`, one document each, and further files by name (`_` stands for the dot)."""
    folder.mkdir(parents=True, exist_ok=True)
    if objects:
        text = yaml.safe_dump_all(json.loads(json.dumps(objects)), sort_keys=False)
        (folder / "all.yaml").write_text(text, encoding="utf-8")
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content, encoding="utf-8")
    return folder


def load_folder(
    folder: Path,
    types: Registry = TYPES,
    environ: Mapping[str, str] | None = None,
    previous: Snapshot | None = None,
    gateway: Path | None = None,
) -> Loaded:
    """Load a folder with services that do nothing."""
    return HigressFolder(folder, gateway).load(environ or {}, types, make_services, previous)


def wrong(loaded: Loaded) -> list[tuple[str | None, int | None, str]]:
    """Return file, line and path of each problem."""
    return [(problem.file, problem.line, problem.path) for problem in loaded.problems]


def found_at(loaded: Loaded, host: str, path: str = "/") -> list[str]:
    """Return what the plugins of a GET were configured with, in the order in which they decide."""
    assert loaded.snapshot is not None, loaded.problems
    route = loaded.snapshot.router.find(host, path, "GET", "")
    return [] if route is None else [plugin.fingerprint for plugin in route.plugins]


def manifest(tree: Object, environ: Mapping[str, str] | None = None) -> Manifest:
    """Return an object as it is read from a file `all.yaml` that holds nothing else."""
    text = yaml.safe_dump(tree, sort_keys=False)
    documents = [
        FileDocument("all.yaml", Path("folder"), reading.tree, reading.problems, reading.lines)
        for reading in read_documents(text.encode())
    ]
    return read_manifests(documents, environ or {}).objects[0]


def make_findings(types: Registry = TYPES) -> Findings:
    """Return findings without any."""
    return Findings(types)
