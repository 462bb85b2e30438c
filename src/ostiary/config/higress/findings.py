"""What was found while reading manifests: problems with their file and line, and what the operator should know.

Problems inside a plugin's configuration are kept apart (`closing`): they close that plugin's routes, all others refuse
the whole folder.
"""

from collections.abc import Mapping
from typing import TypeVar, final

from pydantic import BaseModel

from ostiary.config.declaring import Checker, Registry
from ostiary.config.files import make_context
from ostiary.config.higress.manifests import SYSTEM_NAMESPACE, Manifest
from ostiary.config.problems import Path, Problem, Written, render_path
from ostiary.config.scopes import DeclaredPlugin

M = TypeVar("M", bound=BaseModel)


@final
class Findings:
    """Collects, and validates what it collects from."""

    def __init__(self, registry: Registry) -> None:
        """Start without any."""
        self.problems: list[Problem] = []
        self.closing: list[Problem] = []
        self.notices: list[str] = []
        self.registry = registry

    def refuse(self, manifest: Manifest, path: Path, problem: str, remedy: str) -> None:
        """Add a problem of an object."""
        self.problems.append(manifest.origin.locate(Problem(render_path(path), problem, remedy)))

    def close(self, manifest: Manifest, path: Path, problem: str, remedy: str) -> None:
        """Add a problem that closes the routes of the plugin configuration at `path`."""
        self.closing.append(manifest.origin.locate(Problem(render_path(path), problem, remedy)))

    def notice(self, manifest: Manifest, path: Path, text: str) -> None:
        """Add what the operator should know."""
        self.notices.append(f"{manifest.origin.place(render_path(path))}: {text}")

    def check_namespace(self, manifest: Manifest) -> None:
        """Refuse an object of a kind that Higress reads in its own namespace only, where it is of another."""
        if manifest.metadata.namespace != SYSTEM_NAMESPACE:
            problem = f"Higress reads a {manifest.kind} in its own namespace only, which is {SYSTEM_NAMESPACE} here"
            self.refuse(
                manifest, ("metadata", "namespace"), problem, f"write `{SYSTEM_NAMESPACE}`, or remove the object"
            )

    def validate(self, manifest: Manifest, model: type[M], written: Written, path: Path) -> M | None:
        """Return a part of an object as its model, or None; an unresolved reference in it was told before."""
        checker = self._make_checker(manifest)
        valid = checker.validate(model, written, path)
        self.problems += self._locate(manifest, checker)
        return valid

    def declare(self, manifest: Manifest, name: str, written: Written, path: Path) -> DeclaredPlugin:
        """Read a plugin's configuration; one that does not stand closes its routes."""
        checker = self._make_checker(manifest)
        declared = checker.declare_plugin(name, written, path)
        self.closing += self._locate(manifest, checker)
        names = written if isinstance(written, Mapping) else ()
        is_whole = not checker.problems and not any(manifest.lacks(render_path((*path, each))) for each in names)
        config = declared.config if is_whole else None
        return declared._replace(path=manifest.origin.place(declared.path), config=config)

    def _make_checker(self, manifest: Manifest) -> Checker:
        return Checker(self.registry, manifest.sources, make_context(manifest.folder))

    @staticmethod
    def _locate(manifest: Manifest, checker: Checker) -> list[Problem]:
        """Place what a checker found, but for values whose reference could not be resolved."""
        told = (problem for problem in checker.problems if not manifest.hides(problem.path))
        return [manifest.origin.locate(problem) for problem in told]
