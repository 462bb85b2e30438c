"""A folder in Higress's notation → a snapshot, or every problem of it at once.

Mistakes in the resources themselves refuse the folder. Mistakes in a plugin's configuration close its routes, which
answer 503: at start the gateway serves the others, and a reload keeps what serves.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from ostiary.config.checking import CheckedDocument, Registry
from ostiary.config.higress.assembly import Resources, assemble, read_resources
from ostiary.config.higress.findings import Findings
from ostiary.config.higress.folder import read_folder
from ostiary.config.higress.gateway_file import GatewayPart, read_gateway
from ostiary.config.higress.manifests import Manifest, Manifests, read_manifests
from ostiary.config.higress.wasm_models import RAW_NAMES
from ostiary.config.loading import Loaded, hide_secrets
from ostiary.config.problems import Problem, lies_within
from ostiary.config.snapshot import MakeServices, Snapshot, build_snapshot


class FolderReading(NamedTuple):
    """A folder, read: what it says, its document (None where it must not serve), and all problems.

    `closing` are problems in plugins' configurations, which close routes.
    """

    manifests: Manifests
    resources: Resources
    document: CheckedDocument
    problems: tuple[Problem, ...]
    closing: tuple[Problem, ...]
    notices: tuple[str, ...]

    def find_line(self, place: str) -> str:
        """Return a place with the file and line that it is in, for people."""
        manifest = self.find_manifest(place)
        if manifest is None:
            return place
        line = manifest.origin.find_line(_within(manifest, place))
        return f"{place}, {manifest.origin.file} line {line}"

    def find_manifest(self, place: str) -> Manifest | None:
        """Return the object that a place is in; names may begin alike, so the longest fits."""
        fitting = [
            m for m in self.manifests.objects if place == m.origin.label or place.startswith(f"{m.origin.label}.")
        ]
        return max(fitting, key=lambda manifest: len(manifest.origin.label), default=None)

    def locate(self, problem: Problem) -> Problem:
        """Return a problem that knows its place with its file and line."""
        manifest = self.find_manifest(problem.path)
        if manifest is None or problem.file is not None:
            return problem
        inner = msgspec.structs.replace(problem, path=_within(manifest, problem.path))
        return manifest.origin.locate(inner)


def _within(manifest: Manifest, place: str) -> str:
    return place.removeprefix(manifest.origin.label).removeprefix(".")


class HigressFolder(NamedTuple):
    """A folder to be served, and the file with the gateway's own settings, if there is one."""

    path: Path
    gateway_file: Path | None = None

    @property
    def state_folder(self) -> Path:
        """Where relative paths of state begin: beside the gateway's settings, or in the folder."""
        if self.gateway_file is not None:
            return self.gateway_file.absolute().parent
        path = self.path.absolute()
        return path if path.is_dir() else path.parent

    def read(self, environ: Mapping[str, str], registry: Registry) -> FolderReading:
        """Read everything; nothing is built. Raises OSError when something cannot be read."""
        gateway = read_gateway(self.gateway_file, environ)
        manifests = read_manifests(read_folder(self.path), environ)
        return read_all(manifests, gateway, registry)

    def load(
        self,
        environ: Mapping[str, str],
        registry: Registry,
        make_services: MakeServices,
        previous: Snapshot | None = None,
    ) -> Loaded:
        """Load the folder. Raises OSError when something cannot be read.

        A snapshot that comes with problems has closed routes, and is for a start only: with `previous` there is none.
        """
        return self.load_with_lines(environ, registry, make_services, previous)[0]

    def load_with_lines(
        self,
        environ: Mapping[str, str],
        registry: Registry,
        make_services: MakeServices,
        previous: Snapshot | None = None,
    ) -> tuple[Loaded, Callable[[str], str]]:
        """Load the folder, and return besides what tells the file and line of a place. Raises OSError."""
        reading = self.read(environ, registry)
        built = build_snapshot(reading.document, make_services, previous)
        refusing = (*reading.problems, *(problem for problem in built.problems if problem not in built.closing))
        problems = finish(reading, (*refusing, *reading.closing, *built.closing))
        if refusing or (problems and previous is not None):
            return Loaded(None, problems, reading.document), reading.find_line
        built.snapshot.take_effect()
        return Loaded(built.snapshot, problems, reading.document), reading.find_line


def read_all(manifests: Manifests, gateway: GatewayPart, registry: Registry) -> FolderReading:
    """Put what a folder says together."""
    findings = Findings(registry)
    resources = read_resources(manifests, findings)
    document = assemble(resources, gateway, findings)
    closed = [found.path for plugin in resources.plugins for found in plugin.rules.plugins if found.config is None]
    closing = [problem for problem in manifests.problems if any(_closes(problem, place) for place in closed)]
    refusing = (problem for problem in manifests.problems if problem not in closing)
    problems = (*gateway.problems, *refusing, *findings.problems)
    return FolderReading(
        manifests, resources, document, problems, (*closing, *findings.closing), tuple(findings.notices)
    )


def _closes(problem: Problem, place: str) -> bool:
    """Say whether a problem closes the configuration at a place: in a condition it hides what would be closed."""
    return lies_within(problem.path, place) and not any(
        lies_within(problem.path, f"{place}.{key}") for key in RAW_NAMES
    )


def finish(reading: FolderReading, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Place problems, take out values that came from references, and sort them by file and line."""
    placed = [reading.locate(problem) for problem in problems]
    hidden = hide_secrets(placed, reading.manifests.secrets)
    return tuple(sorted(dict.fromkeys(hidden), key=lambda problem: (problem.file or "", problem.line or 0)))
