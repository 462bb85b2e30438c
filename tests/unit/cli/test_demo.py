"""`ostiary demo`: which ports it takes from where, and what it says without its packages."""

import sys
from importlib import import_module

import pytest

from ostiary.cli.demo import start_demo
from ostiary.demo import command
from ostiary.demo.ports import DemoPorts

NOTHING = {"gateway": None, "provider": None, "echo": None}


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[DemoPorts]:
    """The ports of the demos that were started; none really is."""
    found: list[DemoPorts] = []

    def note(ports: DemoPorts) -> int:
        found.append(ports)
        return 7

    monkeypatch.setattr(command, "run_demo", note)
    return found


def test_without_choices_it_takes_the_defaults(started: list[DemoPorts]) -> None:
    """And its exit code is the command's."""
    assert start_demo(NOTHING, {}) == 7
    assert started == [DemoPorts()]


def test_options_go_before_the_variable(started: list[DemoPorts]) -> None:
    """Each port by itself."""
    start_demo({**NOTHING, "provider": 8191}, {"OSTIARY_DEMO_PORTS": "8180,8190,8170"})

    assert started == [DemoPorts(gateway=8180, provider=8191, echo=8170)]


def test_ports_that_make_no_sense_are_told_in_a_line(
    started: list[DemoPorts], capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the variable, and of the combination."""
    assert start_demo(NOTHING, {"OSTIARY_DEMO_PORTS": "8180"}) == 2
    assert "OSTIARY_DEMO_PORTS must be three ports" in capsys.readouterr().err
    assert start_demo({**NOTHING, "gateway": 9090}, {}) == 2
    assert "three different ports" in capsys.readouterr().err
    assert started == []


def test_a_missing_package_is_told_with_the_way_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The demo is an extra."""
    monkeypatch.delitem(sys.modules, "ostiary.demo.command")
    monkeypatch.setitem(sys.modules, "jinja2", None)
    monkeypatch.setattr("ostiary.cli.demo._import_demo", _import_something_that_needs_jinja2)

    assert start_demo(NOTHING, {}) == 1
    assert capsys.readouterr().err == (
        "ostiary demo: the demo needs jinja2, which is not installed: pip install 'ostiary[demo]'\n"
    )


def test_a_defect_of_ours_is_not_taken_for_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """That needs a traceback."""
    monkeypatch.setattr("ostiary.cli.demo._import_demo", _import_something_of_ours_that_is_not_there)

    with pytest.raises(ModuleNotFoundError):
        start_demo(NOTHING, {})


def _import_something_of_ours_that_is_not_there() -> None:
    import_module("ostiary.demo.nowhere")


def _import_something_that_needs_jinja2() -> None:
    import jinja2  # noqa: F401
