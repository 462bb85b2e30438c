"""The command line: commands, options, help that teaches, exit codes."""

import sys
import types
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ostiary import __version__
from ostiary.cli import main
from ostiary.cli.application import app, is_compiled
from ostiary.cli.contenders import Asked
from ostiary.config.higress.loading import HigressFolder

RUNNER = CliRunner()


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What the commands were asked to do, in place of doing it."""
    found: list[object] = []

    def stand_in(module: str, function: str, code: int) -> None:
        def note(argument: object, *_: object) -> int:
            found.append(argument)
            return code

        double = types.ModuleType(module)
        setattr(double, function, note)
        monkeypatch.setitem(sys.modules, module, double)

    stand_in("ostiary.wiring", "run_gateway", 3)
    stand_in("ostiary.cli.check", "check_file", 4)
    stand_in("ostiary.cli.demo", "start_demo", 5)
    stand_in("ostiary.cli.import_higress", "import_folder", 6)
    return found


def test_each_command_passes_on_what_it_got_and_the_exit_code(calls: list[object]) -> None:
    """A file, the file's default name, ports."""
    assert RUNNER.invoke(app, ["run", "o.yaml"]).exit_code == 3
    assert RUNNER.invoke(app, ["run"]).exit_code == 3
    assert RUNNER.invoke(app, ["check", "o.yaml"]).exit_code == 4
    assert RUNNER.invoke(app, ["demo", "--echo-port", "8170"]).exit_code == 5

    assert calls == [
        Path("o.yaml"),
        Path("ostiary.yaml"),
        Path("o.yaml"),
        {"gateway": None, "provider": None, "echo": 8170},
    ]


@pytest.mark.parametrize(
    ("words", "method", "file"),
    [
        (["http://h/a"], "GET", "ostiary.yaml"),
        (["http://h/a", "o.yaml"], "GET", "o.yaml"),
        (["POST", "http://h/a"], "POST", "ostiary.yaml"),
        (["POST", "http://h/a", "o.yaml"], "POST", "o.yaml"),
    ],
)
def test_the_method_of_what_is_explained_may_be_left_out(
    words: list[str], method: str, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is GET then, as an address in a browser is."""
    found: list[object] = []

    def note(*arguments: object) -> int:
        found.extend(arguments)
        return 7

    monkeypatch.setattr("ostiary.cli.explain.explain_file", note)

    assert 7 == RUNNER.invoke(app, ["explain", *words]).exit_code
    assert [Asked(method, "h", "/a"), Path(file)] == found


@pytest.mark.parametrize("words", [[], ["GET"], ["http://h/a", "o.yaml", "p.yaml"]])
def test_too_few_and_too_many_words_are_told_with_an_example_of_enough(words: list[str]) -> None:
    """Exit code 2, as for every misuse."""
    result = RUNNER.invoke(app, ["explain", *words])

    assert 2 == result.exit_code
    assert "METHOD URL FILE" in result.output or "ostiary explain GET https://" in result.output


def test_a_folder_stands_in_the_place_of_a_file(calls: list[object]) -> None:
    """With the gateway's own settings beside it, or without."""
    assert RUNNER.invoke(app, ["run", "--higress", "folder", "--gateway", "g.yaml"]).exit_code == 3
    assert RUNNER.invoke(app, ["check", "--higress", "folder"]).exit_code == 4
    assert RUNNER.invoke(app, ["import", "higress", "folder"]).exit_code == 6

    assert calls == [
        HigressFolder(Path("folder"), Path("g.yaml")),
        HigressFolder(Path("folder")),
        Path("folder"),
    ]


def test_wrong_usage_is_exit_code_2(calls: list[object]) -> None:
    """Before anything is started."""
    assert RUNNER.invoke(app, ["run", "o.yaml", "--higress", "folder"]).exit_code == 2
    assert RUNNER.invoke(app, ["check", "--gateway", "g.yaml"]).exit_code == 2
    assert RUNNER.invoke(app, ["demo", "--echo-port", "0"]).exit_code == 2
    assert RUNNER.invoke(app, ["rnu"]).exit_code == 2
    assert calls == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--help"], ("run", "check", "demo", "ostiary check ostiary.yaml", "openid-connect:", "--version")),
        ([], ("ostiary demo",)),
        (["run", "-h"], ("FILE", "ostiary run ostiary.yaml", "standard output")),
        (["check", "--help"], ("FILE", "Exits with 0", "systemctl")),
        (["run", "--help"], ("--higress", "--gateway", "only close its routes")),
        (["import", "higress", "--help"], ("DIR", "kubectl get wasmplugin,mcpbridge,ingress", "Exits with 0")),
        (["demo", "--help"], ("--gateway-port", "9080", "OSTIARY_DEMO_PORTS=8080,8090,8070")),
    ],
)
def test_help_teaches_with_examples(arguments: list[str], words: tuple[str, ...]) -> None:
    """Of the whole, and of each command."""
    printed = RUNNER.invoke(app, arguments).output

    assert [word for word in words if word not in printed] == []


def test_the_version_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Through the entry point that is installed."""
    monkeypatch.setattr(sys, "argv", ["whatever", "--version"])

    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    compiled = " (compiled)" if is_compiled() else ""
    assert capsys.readouterr().out == f"ostiary {__version__}{compiled}\n"
