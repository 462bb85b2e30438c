"""How the command line shows things: with rich on a terminal, as plain lines everywhere else.

NO_COLOR is respected (rich does); text from files is never read as markup.
"""

from collections.abc import Sequence
from typing import IO, final

from ostiary.config.problems import NOTHING_DONE, Problem, report_problems


@final
class Screen:
    """Where a command prints."""

    def __init__(self, stream: IO[str], *, is_terminal: bool | None = None) -> None:
        """Print to `stream`; rich is used when it is a terminal."""
        self._stream = stream
        self._is_terminal = stream.isatty() if is_terminal is None else is_terminal

    def say(self, text: str, style: str = "") -> None:
        """Print a line."""
        if self._is_terminal:
            from rich.text import Text

            self._print(Text(text, style=style))
        else:
            print(text, file=self._stream)

    def show_problems(self, file: str, problems: Sequence[Problem], outcome: str = NOTHING_DONE) -> None:
        """Print problems with their remedies, and what they led to."""
        for line in report_problems(file, problems, outcome).splitlines():
            self.say(line, "cyan" if line.startswith("    ") else "red")

    def show_table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print rows under headings."""
        if not self._is_terminal:
            widths = [max(len(row[index]) for row in (columns, *rows)) for index in range(len(columns))]
            for row in (columns, *rows):
                self.say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
            return
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        self._print(table)

    def _print(self, thing: object) -> None:
        from rich.console import Console

        Console(file=self._stream, force_terminal=True, highlight=False, soft_wrap=False).print(thing)
