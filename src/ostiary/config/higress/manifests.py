"""Documents → manifests: Kubernetes objects with kind, namespace and name, and where each of their keys stands.

A `List`, as `kubectl get ... -o yaml` prints it, is its items. References like `$ENV://NAME` are resolved here, before
anything is validated. What a kind means is its own module's business.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path as FolderPath
from typing import Any, ClassVar, NamedTuple

import msgspec
from pydantic import Field, ValidationError

from ostiary.config.explaining import explain
from ostiary.config.higress.folder import FileDocument
from ostiary.config.problems import (
    Path,
    Problem,
    Written,
    describe_shape,
    find_line,
    find_nearest,
    lies_within,
    quote,
    render_path,
)
from ostiary.config.references import resolve_references
from ostiary.config.section import Section

SYSTEM_NAMESPACE = "higress-system"
KINDS = {
    "WasmPlugin": "extensions.higress.io/v1alpha1",
    "McpBridge": "networking.higress.io/v1",
    "Ingress": "networking.k8s.io/v1",
}


class Metadata(Section):
    """The part of `metadata` that counts; what a cluster adds is known by name and read over."""

    name: str = Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$", description="the object's name")
    namespace: str = Field(SYSTEM_NAMESPACE, pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", description="")
    labels: dict[str, str] = Field(default_factory=dict, description="Marks.")
    annotations: dict[str, str] = Field(default_factory=dict, description="Settings that a kind has no key for.")
    uid: Any = None
    generation: Any = None
    finalizers: Any = None
    resource_version: Any = Field(None, alias="resourceVersion")
    creation_timestamp: Any = Field(None, alias="creationTimestamp")
    managed_fields: Any = Field(None, alias="managedFields")
    owner_references: Any = Field(None, alias="ownerReferences")
    self_link: Any = Field(None, alias="selfLink")

    not_yet: ClassVar[Mapping[str, str]] = {"generateName": "an object has a name of its own here: write `name`"}


class Origin(NamedTuple):
    """Where an object stands: in a file, below a path of one of its documents. `label` is what people call it."""

    label: str
    file: str
    base: Path
    lines: Mapping[str, int]

    def place(self, path: str) -> str:
        """Return the place of a path of the object among all objects."""
        return f"{self.label}.{path}" if path else self.label

    def find_line(self, path: str) -> int | None:
        """Return the line of a path of the object, or of what is nearest above it."""
        base = render_path(self.base)
        line = find_line(self.lines, f"{base}.{path}" if base and path else base or path)
        return min(self.lines.values(), default=None) if line is None else line

    def locate(self, problem: Problem) -> Problem:
        """Return a problem with a path of the object, with its place, file and line."""
        line = problem.line or self.find_line(problem.path)
        return msgspec.structs.replace(problem, path=self.place(problem.path), file=self.file, line=line)


class Manifest(NamedTuple):
    """An object: its `tree` with references resolved, and as it was `written`.

    `sources` and `unresolved` are paths whose values came, or should have come, from references.
    """

    kind: str
    metadata: Metadata
    tree: Mapping[str, Any]
    written: Mapping[str, Any]
    origin: Origin
    folder: FolderPath
    sources: Mapping[str, str]
    unresolved: frozenset[str]

    def __repr__(self) -> str:
        """Name the object; it holds secrets."""
        return f"Manifest({self.origin.label})"

    @property
    def full_name(self) -> str:
        """The name by which routes are called: with the namespace, unless that is Higress's own."""
        return join_names(self.metadata.namespace, self.metadata.name)

    def lacks(self, path: str) -> bool:
        """Say whether a value at or below a path could not be resolved."""
        return any(lies_within(place, path) for place in self.unresolved)

    def hides(self, path: str) -> bool:
        """Say whether a path is at or below a value that could not be resolved."""
        return any(lies_within(path, place) for place in self.unresolved)


class Manifests(NamedTuple):
    """All objects, all problems with telling them apart, and the values that came from references."""

    objects: tuple[Manifest, ...]
    problems: tuple[Problem, ...]
    secrets: frozenset[str]

    def __repr__(self) -> str:
        """Count the objects; they hold secrets."""
        return f"Manifests({len(self.objects)} objects, {len(self.problems)} problems)"

    def of_kind(self, kind: str) -> tuple[Manifest, ...]:
        """Return the objects of a kind."""
        return tuple(manifest for manifest in self.objects if manifest.kind == kind)


def join_names(namespace: str, name: str) -> str:
    """Return how Higress calls an object's route: `name` in its own namespace, `namespace/name` elsewhere."""
    return name if namespace == SYSTEM_NAMESPACE else f"{namespace}/{name}"


def read_manifests(documents: Iterable[FileDocument], environ: Mapping[str, str]) -> Manifests:
    """Tell the objects of all documents apart."""
    objects: list[Manifest] = []
    problems: list[Problem] = []
    secrets: set[str] = set()
    for document in documents:
        problems += (msgspec.structs.replace(problem, file=document.file) for problem in document.problems)
        if document.tree is not None:
            found, wrong, hidden = _read_document(document, environ)
            objects += found
            problems += wrong
            secrets |= hidden
    doubles = tuple(_find_doubles(objects))
    firsts = {manifest.origin.label: manifest for manifest in reversed(objects)}
    return Manifests(tuple(reversed(firsts.values())), (*problems, *doubles), frozenset(secrets))


def _read_document(
    document: FileDocument, environ: Mapping[str, str]
) -> tuple[list[Manifest], list[Problem], frozenset[str]]:
    objects: list[Manifest] = []
    whole = Origin(document.file, document.file, (), document.lines)
    problems = [whole.locate(problem) for problem in _check_list(document.tree)]
    secrets: frozenset[str] = frozenset()
    for base, written in _list_objects(document.tree):
        resolution = resolve_references(written, environ)
        secrets |= resolution.secrets
        origin = Origin(_label(resolution.tree, document.file), document.file, base, document.lines)
        metadata, wrong = _check_object(resolution.tree)
        problems += (origin.locate(problem) for problem in (*wrong, *resolution.problems))
        if metadata is None:
            continue
        unresolved = frozenset(problem.path for problem in resolution.problems)
        tree = resolution.tree
        objects.append(
            Manifest(tree["kind"], metadata, tree, written, origin, document.folder, resolution.sources, unresolved)
        )
    return objects, problems, secrets


def _is_list(tree: Written) -> bool:
    kind = tree.get("kind") if isinstance(tree, Mapping) else None
    return isinstance(kind, str) and kind.endswith("List") and isinstance(tree.get("items"), list)


def _check_list(tree: Written) -> Iterator[Problem]:
    """Yield a problem for each key of a list that lists have not: an object may have slipped in there."""
    for name in tree if _is_list(tree) else ():
        if name not in ("apiVersion", "kind", "metadata", "items"):
            yield Problem(render_path((name,)), "unknown name", "a list has `items`")


def _list_objects(tree: Written) -> Iterator[tuple[Path, Written]]:
    """Yield the objects of a document, those of a list one by one."""
    if _is_list(tree):
        for index, item in enumerate(tree["items"]):
            yield ("items", index), item
    else:
        yield (), tree


def _label(tree: Written, file: str) -> str:
    """Return what people call an object: kind and name, or its file when it has none."""
    metadata = tree.get("metadata") if isinstance(tree, Mapping) else None
    if not isinstance(metadata, Mapping) or not isinstance(tree.get("kind"), str):
        return file
    namespace = metadata.get("namespace") or SYSTEM_NAMESPACE
    return f"{tree['kind']}/{join_names(str(namespace), str(metadata.get('name')))}"


def _check_object(tree: Written) -> tuple[Metadata | None, list[Problem]]:
    """Return what an object is called, or None when it is none of ours; and what is wrong with its frame."""
    if not isinstance(tree, Mapping):
        return None, [Problem("", f"expected an object with `kind`, found {describe_shape(tree)}", "remove it")]
    kind = tree.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        return None, [_refuse_kind(kind)]
    problems = []
    if tree.get("apiVersion") != KINDS[kind]:
        problems.append(Problem("apiVersion", f"this is no version of {kind} that is known", f"write {KINDS[kind]}"))
    for name in tree:
        if name not in ("apiVersion", "kind", "metadata", "spec", "status"):
            nearest = find_nearest(name, ("metadata", "spec"))
            remedy = f"did you mean `{nearest}`?" if nearest else "an object has `metadata` and `spec`"
            problems.append(Problem(render_path((name,)), "unknown name", remedy))
    if not isinstance(tree.get("spec"), Mapping):
        problems.append(Problem("spec", f"expected a mapping, found {describe_shape(tree.get('spec'))}", "write it"))
    try:
        metadata = Metadata.model_validate(tree.get("metadata"))
    except ValidationError as error:
        return None, [*problems, *explain(error, Metadata, tree.get("metadata"), ("metadata",), {})]
    return (None if problems else metadata), problems


def _refuse_kind(kind: Written) -> Problem:
    known = ", ".join(KINDS)
    if kind is None:
        return Problem("kind", "required, but missing", f"add `kind`: one of {known}")
    shown = quote(kind) if isinstance(kind, str) else describe_shape(kind)
    remedy = f"keep only {known} in this folder; what the others do has to be written in another way"
    return Problem("kind", f"{shown} is not read", remedy)


def _find_doubles(objects: Sequence[Manifest]) -> Iterator[Problem]:
    seen: dict[str, Origin] = {}
    for manifest in objects:
        first = seen.setdefault(manifest.origin.label, manifest.origin)
        if first is not manifest.origin:
            where = f"{first.file} line {first.find_line('')}"
            problem = f"there is another {manifest.kind} of this name, in {where}"
            yield manifest.origin.locate(Problem("metadata.name", problem, "remove one of them"))
