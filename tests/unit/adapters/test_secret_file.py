"""The generated secret: made once, whole, and for its owner's eyes only."""

import os
import stat
from pathlib import Path

import pytest

from ostiary.adapters.dice import SystemRandom
from ostiary.adapters.secret_file import load_or_make_secret
from ostiary.errors import OperatorFault
from tests.fakes.dice import FakeRandom

NAME = ".ostiary-session-secret"


def code_of(path: Path) -> tuple[str, str]:
    """Fail to load, and return the fault's code and detail."""
    with pytest.raises(OperatorFault) as caught:
        load_or_make_secret(path, FakeRandom())
    return caught.value.code, caught.value.detail


def test_it_is_made_once_and_read_ever_after(tmp_path: Path) -> None:
    """64 hexadecimal digits; nothing else is left in the directory."""
    path = tmp_path / NAME
    first = load_or_make_secret(path, SystemRandom())

    assert 64 == len(bytes.fromhex(first).hex())
    assert first == load_or_make_secret(path, SystemRandom())
    assert [NAME] == [entry.name for entry in tmp_path.iterdir()]


def test_two_places_have_two_secrets(tmp_path: Path) -> None:
    """They are not derived from anything."""
    random = SystemRandom()

    assert load_or_make_secret(tmp_path / "a", random) != load_or_make_secret(tmp_path / "b", random)


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    """0600, whatever the process's mask allows."""
    before = os.umask(0)
    try:
        load_or_make_secret(tmp_path / NAME, FakeRandom())
    finally:
        os.umask(before)

    assert 0o600 == stat.S_IMODE((tmp_path / NAME).stat().st_mode)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o601, 0o620])
def test_a_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    """Somebody may have read it, or written it; the remedy is named."""
    path = tmp_path / NAME
    load_or_make_secret(path, FakeRandom())
    path.chmod(mode)
    code, detail = code_of(path)

    assert ("secret_file", True) == (code, f"chmod 600 {path}" in detail)


@pytest.mark.parametrize("content", ["", "0123", "0" * 63, " " * 80 + "\n"])
def test_a_file_that_is_cut_short_is_refused(tmp_path: Path, content: str) -> None:
    """A short secret would be a weak one; its text is not told."""
    path = tmp_path / NAME
    path.write_text(content)
    path.chmod(0o600)
    code, detail = code_of(path)

    assert ("secret_file", True) == (code, "cut short" in detail)
    assert not content.strip() or content not in detail


def test_a_secret_of_the_operators_own_is_taken(tmp_path: Path) -> None:
    """Longer is fine; white space around it is not part of it."""
    path = tmp_path / NAME
    path.write_text("  " + "s" * 70 + "\n")
    path.chmod(0o600)

    assert "s" * 70 == load_or_make_secret(path, FakeRandom())


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    """Not guessed at."""
    path = tmp_path / NAME
    path.write_bytes(b"\xff" * 80)
    path.chmod(0o600)

    assert "secret_file" == code_of(path)[0]


def test_a_directory_that_takes_no_file_is_named(tmp_path: Path) -> None:
    """With the remedy: a secret in the configuration."""
    code, detail = code_of(tmp_path / "missing" / NAME)

    assert ("secret_file", True) == (code, "set session.secret" in detail)


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """Here it is a directory."""
    (tmp_path / NAME).mkdir(mode=0o700)

    assert "secret_file" == code_of(tmp_path / NAME)[0]


def test_the_first_of_several_processes_wins(tmp_path: Path) -> None:
    """Whoever finds the file made meanwhile reads it, and leaves no draft behind."""
    path = tmp_path / NAME

    class Slow:
        """Random bytes, while another process makes the file."""

        def token_bytes(self, count: int) -> bytes:
            if count == 32 and not path.exists():
                load_or_make_secret(path, FakeRandom())
            return SystemRandom().token_bytes(count)

    mine = load_or_make_secret(path, Slow())

    assert path.read_text().strip() == mine
    assert [NAME] == [entry.name for entry in tmp_path.iterdir()]
