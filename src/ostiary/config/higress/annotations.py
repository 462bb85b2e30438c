"""The annotations of an `Ingress`: those that are read, those that mean nothing here, and all others by name.

Higress reads its annotations under `higress.io/` and, but for `destination`, under `nginx.ingress.kubernetes.io/` too,
which wins. One that nobody here knows is a problem: it may be what protects the route.
"""

from typing import NamedTuple

from ostiary.config.higress.findings import Findings
from ostiary.config.higress.manifests import Manifest
from ostiary.config.problems import Path, find_nearest

HIGRESS = "higress.io/"
NGINX = "nginx.ingress.kubernetes.io/"
DESTINATION = f"{HIGRESS}destination"
READ = ("backend-protocol", "ignore-path-case")

# Written by tools for themselves; no gateway reads them.
_INERT = ("kubernetes.io/ingress.class",)
_INERT_BEGINNINGS = (
    "kubectl.kubernetes.io/",
    "app.kubernetes.io/",
    "meta.helm.sh/",
    "helm.sh/",
    "argocd.argoproj.io/",
    "kustomize.toolkit.fluxcd.io/",
    "field.cattle.io/",
    "deployment.kubernetes.io/",
    "higress.io/resource-",
)
_REDIRECTS = ("ssl-redirect", "force-ssl-redirect")
_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")
_TO_COME = ("GRPC", "GRPCS", "HTTP2", "H2", "H2C", "FCGI", "AJP", "AUTO_HTTP")


class Annotations(NamedTuple):
    """What the annotations of an `Ingress` say. `is_https` is None where none says it."""

    is_https: bool | None = None
    ignores_path_case: bool = False
    destination: str | None = None


def place_of(name: str) -> Path:
    """Return where an annotation stands."""
    return ("metadata", "annotations", name)


def read_annotations(manifest: Manifest, findings: Findings) -> Annotations:
    """Read the annotations of an `Ingress`."""
    written = manifest.metadata.annotations
    for name, value in written.items():
        _check_known(manifest, name, value, findings)
    chosen: dict[str, str] = {}
    for name in READ:
        found = [prefix + name for prefix in (NGINX, HIGRESS) if prefix + name in written]
        if found:
            chosen[name] = found[0]
    protocol, case = chosen.get("backend-protocol"), chosen.get("ignore-path-case")
    return Annotations(
        None if protocol is None else _read_protocol(manifest, protocol, findings),
        case is not None and _read_truth(manifest, case, findings),
        written.get(DESTINATION),
    )


def _check_known(manifest: Manifest, name: str, value: str, findings: Findings) -> None:
    """Refuse an annotation that nobody here knows."""
    own = name.removeprefix(HIGRESS).removeprefix(NGINX)
    is_higress = own != name
    if name == DESTINATION or (is_higress and own in READ) or name in _INERT or name.startswith(_INERT_BEGINNINGS):
        return
    if is_higress and own in _REDIRECTS:
        if value not in _FALSE:
            remedy = "write `redirect_to_https: true` at a listener of the file that `--gateway` names, and remove it"
            findings.refuse(manifest, place_of(name), "listeners redirect here, not routes", remedy)
        return
    if name == f"{NGINX}destination":
        findings.refuse(manifest, place_of(name), "Higress does not read it", f"write `{DESTINATION}`")
        return
    nearest = find_nearest(own, (*READ, "destination")) if is_higress else None
    remedy = f"did you mean `{HIGRESS}{nearest}`?" if nearest else "remove it if the route is right without it"
    findings.refuse(manifest, place_of(name), "this annotation is not supported", remedy)


def _read_protocol(manifest: Manifest, name: str, findings: Findings) -> bool | None:
    value = manifest.metadata.annotations[name].strip().upper()
    if value in ("HTTP", "HTTPS"):
        return value == "HTTPS"
    problem = "is not supported yet" if value in _TO_COME else "is no protocol that is known"
    findings.refuse(manifest, place_of(name), f"this {problem}", 'write "HTTP" or "HTTPS"')
    return None


def _read_truth(manifest: Manifest, name: str, findings: Findings) -> bool:
    value = manifest.metadata.annotations[name]
    if value not in (*_TRUE, *_FALSE):
        findings.refuse(manifest, place_of(name), "this is neither true nor false", 'write "true" or "false"')
    return value in _TRUE
