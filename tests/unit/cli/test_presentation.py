"""How the command line shows things: plain lines for pipes, rich for terminals, no markup from files."""

from io import StringIO

import pytest

from ostiary.cli.presentation import Screen
from ostiary.config.problems import Problem

ROWS = [("orders", "every"), ("a", "[red]shop.example.com")]


def test_a_pipe_gets_plain_columns() -> None:
    """As wide as their widest cell, without trailing spaces."""
    stream = StringIO()
    Screen(stream).show_table(("Route", "Hosts"), ROWS)

    assert stream.getvalue() == "Route   Hosts\norders  every\na       [red]shop.example.com\n"


def test_a_pipe_gets_problems_for_editors() -> None:
    """No colours."""
    stream = StringIO()
    Screen(stream).show_problems("o.yaml", [Problem("a", "wrong [bold]", "mend it", 3)])

    assert stream.getvalue() == ("o.yaml:3: a: wrong [bold]\n    mend it\n1 problem; nothing was started or changed\n")


def test_a_terminal_gets_styles_and_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Text from files is not read as markup."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    stream = StringIO()
    screen = Screen(stream, is_terminal=True)
    screen.show_table(("Route", "Hosts"), ROWS)
    screen.show_problems("o.yaml", [Problem("a", "wrong [bold]", "mend it", 3)])

    shown = stream.getvalue()
    assert "\x1b[" in shown
    assert "[red]shop.example.com" in shown
    assert "wrong [bold]" in shown


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    """https://no-color.org: no colours; bold may stay."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    stream = StringIO()
    Screen(stream, is_terminal=True).say("wrong", "red")

    assert stream.getvalue() == "wrong\n"
