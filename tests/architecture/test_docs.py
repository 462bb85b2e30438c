"""The documents are true: configurations in them pass `ostiary check`, and what exists in the code is described.

It looks at what a reader copies or searches for: YAML, error codes, rooms, dependencies, decisions.
"""

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.architecture.tree import ROOT, modules, parse, rooms
from tests.fakes.client_keys import private_pem

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
DECISION_PARTS = ["Status", "Context", "Decision", "Consequences", "Changes"]


def configurations() -> list[tuple[str, str]]:
    """Every complete configuration of the documents: a YAML block that opens with `# ostiary.yaml`."""
    return [
        (f"{document.relative_to(ROOT)}#{number}", block)
        for document in DOCUMENTS
        for number, block in enumerate(
            re.findall(r"^```yaml\n(# ostiary\.yaml.*?)^```$", document.read_text("utf-8"), re.DOTALL | re.MULTILINE)
        )
    ]


@pytest.mark.parametrize(("where", "text"), configurations())
def test_every_configuration_of_the_documents_is_accepted(where: str, text: str, tmp_path: Path) -> None:
    """What a reader copies works: `ostiary check` finds nothing, once the variables it names are set."""
    file = tmp_path / "ostiary.yaml"
    file.write_text(text, encoding="utf-8")
    variables = {name: _make_value(name) for name in re.findall(r"\$ENV://(\w+)", text)}

    check = subprocess.run(
        [sys.executable, "-m", "ostiary", "check", file],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == check.returncode, f"{where}: {check.stdout}{check.stderr}"


def _make_value(name: str) -> str:
    """Return what stands for a variable: a key where its name says so."""
    return private_pem("EC P-256") if name.endswith("_KEY") else f"a-value-for-{name}-of-more-than-32-bytes"


def test_the_readme_has_a_configuration() -> None:
    """The test above must have something to try."""
    assert any(where.startswith("README.md") for where, _ in configurations())


def test_every_link_between_documents_leads_somewhere() -> None:
    """A page that was moved takes its links along."""
    pages = [*DOCUMENTS, *(ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"))]
    links = [(page, link) for page in pages for link in re.findall(r"\]\(([^):#]+)\)", page.read_text("utf-8"))]

    assert [] == [f"{page.name}: {link}" for page, link in links if not (page.parent / link).exists()]


def test_every_code_is_described() -> None:
    """Whoever finds a code in a log or an answer finds it in docs/errors.md too."""
    assert set() == {code for path in modules() for code in codes_in(parse(path))} - described_codes()


def test_no_code_is_described_that_does_not_exist() -> None:
    """A code that is no longer used leaves the page."""
    assert set() == described_codes() - {text for path in modules() for text in strings_in(parse(path))}


def test_the_architecture_page_names_the_rooms_that_exist() -> None:
    """No room without its line, and no line without its room."""
    page = (ROOT / "docs/architecture.md").read_text("utf-8")

    assert rooms() - {"__main__"} == set(re.findall(r"^\| `(\w+)(?:/|\.py)` \|", page, re.MULTILINE))


def test_the_reason_for_every_dependency_is_recorded() -> None:
    """A package comes with what it is for, who keeps it, and what was refused."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    names = {Requirement(line).name.lower() for lines in lists for line in lines}
    page = (ROOT / "docs/adr/0006-dependencies.md").read_text("utf-8")

    assert names == {name.lower() for name in re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE)}


@pytest.mark.parametrize("record", sorted((ROOT / "docs/adr").glob("0*.md")), ids=lambda path: path.stem)
def test_decision_records_have_one_form_and_one_page(record: Path) -> None:
    """Status, context, decision, consequences, dated changes: in this order, within a page."""
    text = record.read_text("utf-8")

    assert DECISION_PARTS == re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert 80 > len(text.splitlines())


def described_codes() -> set[str]:
    """The codes that docs/errors.md explains, one row each."""
    page = (ROOT / "docs/errors.md").read_text("utf-8")
    return set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))


def codes_in(tree: ast.Module) -> set[str]:
    """The codes written out in a module: of faults, refusals and ends, of log lines and pages, a verdict's `reason`."""
    codes: list[ast.expr] = []
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name.endswith(("Fault", "Refused", "NoSession", "Ended")):
            codes += call.args[:1]
        if name in ("event", "build_page_reply"):
            codes += call.args[1:2]
        codes += [keyword.value for keyword in call.keywords if keyword.arg == "reason"]
    return {code.value for code in codes if isinstance(code, ast.Constant) and isinstance(code.value, str)} - {""}


def strings_in(tree: ast.Module) -> set[str]:
    """Every text that a module writes out."""
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
