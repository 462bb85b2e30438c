"""An export → the text of an `ostiary.yaml`: one that our own reader reads back as the same values.

PyYAML writes YAML 1.1 and we read YAML 1.2: a text that would be read back as something else is put in quotes, and so
is one with characters that some take for line breaks.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from ostiary.config.higress.exporting import Export, Piece, Tree
from ostiary.config.reading import read_plain


class _Dumper(yaml.SafeDumper):
    """Writes values out where they stand, without anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401 - as PyYAML has it
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002 - likewise
        super().increase_indent(flow, False)  # noqa: FBT003 - likewise


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    is_safe = read_plain(text) == text and text.replace("\n", "").isprintable()
    style = None if is_safe else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def write_export(export: Export, source: str, notes: Iterable[str]) -> str:
    """Return the file's text; `source` is what it was made from, `notes` are comments at its top."""
    return "\n".join(_list_lines(export, source, notes)) + "\n"


def _list_lines(export: Export, source: str, notes: Iterable[str]) -> Iterator[str]:
    yield _comment(f"Written by `ostiary import higress {source}`: it decides as that folder does.")
    yield "# Secrets stand here as they stood there. `gateway` is not part of Higress's resources: add it."
    found = [*export.notes, *notes]
    if found:
        yield "#"
        yield "# Worth knowing:"
        yield from (_comment(f"- {note}") for note in found)
    yield from _section("service_sources", export.sources)
    if export.instance:
        yield from ("", "instance:", *_indent(_dump({"plugins": export.instance})))
    yield from _section("domains", export.domains)
    yield from _section("services", export.services)
    yield from _section("routes", export.routes)


def _section(name: str, pieces: tuple[Piece, ...]) -> Iterator[str]:
    if not pieces:
        return
    yield ""
    yield f"{name}:"
    for piece in pieces:
        yield from (f"  {_comment(line)}" for line in piece.comment)
        yield from _indent(_dump([piece.tree]))


def _comment(text: str) -> str:
    return "# " + "".join(character if character.isprintable() else "?" for character in text)


def _dump(value: Tree | list[Tree]) -> list[str]:
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)
    return text.removesuffix("\n").split("\n")


def _indent(lines: Iterable[str]) -> Iterator[str]:
    yield from (f"  {line}" if line else line for line in lines)
