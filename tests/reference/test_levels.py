"""docs/levels.md is true: every configuration in it loads, and every command in it says what is printed there."""

import re
from io import StringIO
from pathlib import Path

import pytest

from ostiary.cli.explain import explain_file, read_request
from ostiary.cli.inert import make_inert_services
from ostiary.cli.presentation import Screen
from ostiary.config.loading import load_content
from ostiary.wiring import load_registry
from tests.architecture.tree import ROOT

DOCUMENT = (ROOT / "docs/levels.md").read_text("utf-8")
CONFIGURATIONS = re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)
COMMANDS = re.findall(r"```console\n\$ ostiary explain (\S+) (\S+)\n(.*?)```", DOCUMENT, re.DOTALL)
NAMES = ("API_SECRET", "SITE_SECRET", "SESSION_SECRET", "BILLING_SECRET", "REPORTS_SECRET")
ENVIRON = {name: f"{name.lower()}-0123456789abcdef0123456789abcdef" for name in NAMES}


def test_there_is_something_to_try() -> None:
    """Three configurations and the commands on the first."""
    assert (3, 4) == (len(CONFIGURATIONS), len(COMMANDS))
    assert DOCUMENT.count("```") == 2 * (3 + 4)


@pytest.mark.parametrize("written", CONFIGURATIONS)
def test_every_configuration_loads(written: str) -> None:
    """Whole, as somebody would copy it."""
    loaded = load_content(written.encode(), ENVIRON, load_registry(), make_inert_services)

    assert () == loaded.problems


@pytest.mark.parametrize(("method", "url", "printed"), COMMANDS, ids=lambda part: part[:50])
def test_every_command_says_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, url: str, printed: str
) -> None:
    """Line by line, on the first configuration."""
    (tmp_path / "ostiary.yaml").write_text(CONFIGURATIONS[0])
    monkeypatch.chdir(tmp_path)
    stream = StringIO()

    code = explain_file(read_request(method, url), Path("ostiary.yaml"), ENVIRON, screen=Screen(stream))

    assert (0, printed) == (code, stream.getvalue())
