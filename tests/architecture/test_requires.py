"""What a test does when the machine lacks something: tests/requires.py."""

import sys
from pathlib import Path

import pytest

from tests.requires import VARIABLE, find_program, require, summarise_skips


def test_a_program_that_is_there_is_given_by_its_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """The path comes from PATH, so that the test starts what it checked."""
    interpreter = Path(sys.executable)
    monkeypatch.setenv("PATH", str(interpreter.parent))

    assert str(interpreter) == require(interpreter.name, "it runs this test")


def test_a_missing_program_skips_the_test_and_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a developer's machine nothing fails for want of a server."""
    monkeypatch.delenv(VARIABLE, raising=False)

    with pytest.raises(pytest.skip.Exception, match="needs no-such-server: apt-get install it"):
        require("no-such-server", "apt-get install it")


def test_a_missing_program_fails_the_test_where_everything_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    """In CI a skip would be a test that nobody notices missing."""
    monkeypatch.setenv(VARIABLE, "all")

    with pytest.raises(pytest.fail.Exception, match="needs no-such-server: apt-get install it"):
        require("no-such-server", "apt-get install it")


def test_a_condition_that_holds_lets_the_test_run() -> None:
    """A condition stands for what is no program."""
    assert "" == require(program_or_condition=True, how_to_get="never said")


def test_a_condition_that_does_not_hold_skips_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text then says both what is missing and how to get it."""
    monkeypatch.delenv(VARIABLE, raising=False)

    with pytest.raises(pytest.skip.Exception, match="needs the provider: npm ci"):
        require(program_or_condition=False, how_to_get="the provider: npm ci")


def test_a_misspelt_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """`OSTIARY_TEST_REQUIRE=All` must not quietly mean nothing."""
    monkeypatch.setenv(VARIABLE, "All")

    with pytest.raises(pytest.UsageError, match="not 'All'"):
        require("no-such-server", "apt-get install it")


def test_programs_of_the_system_directories_are_found_without_them_in_the_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Debian puts nginx into /usr/sbin, which a user's PATH lacks."""
    program = tmp_path / "server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr("tests.requires._SYSTEM_DIRECTORIES", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")

    assert str(program) == find_program("server")


def test_the_summary_has_one_line_for_each_thing_that_was_missing() -> None:
    """Ten tests without nginx are one line, not ten."""
    reasons = ["Skipped: needs wrk: apt-get install wrk", *["Skipped: needs nginx: apt-get install nginx"] * 2]

    assert ["2 skipped: needs nginx: apt-get install nginx", "1 skipped: needs wrk: apt-get install wrk"] == (
        summarise_skips(reasons)
    )
