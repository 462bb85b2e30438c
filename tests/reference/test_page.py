"""The generated reference pages: they are what the models say; that of `openid-connect` is complete against APISIX's.

What the other two pages have to hold is in `test_oidc_page.py` and `test_oauth2_page.py`.
"""

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field

from ostiary.plugins.openid_connect.config import OpenIdConnectConfig
from tests.reference.openid_connect import DIFFERENCES, ROWS, Row
from tools import reference
from tools.reference import (
    MANUALS,
    REMEDY,
    Attribute,
    Manual,
    list_attributes,
    list_refusals,
    main,
    render_page,
    write_limits,
    write_type,
)

(MANUAL,) = [manual for manual in MANUALS if manual.plugin == "openid-connect"]
ATTRIBUTES = {attribute.name: attribute for attribute in list_attributes(OpenIdConnectConfig)}
COLUMNS = ("type", "required", "default", "choices", "minimum", "min_length")


@pytest.mark.parametrize("manual", MANUALS, ids=lambda manual: manual.plugin)
def test_the_pages_are_what_the_models_say(manual: Manual) -> None:
    """Nobody edits them by hand, and nobody forgets them."""
    assert render_page(manual) == manual.path.read_text("utf-8"), REMEDY


@pytest.mark.parametrize("manual", MANUALS, ids=lambda manual: manual.plugin)
def test_every_attribute_has_its_row_and_its_meaning(manual: Manual) -> None:
    """What can be written is explained in a sentence, and stands in the page once."""
    page = render_page(manual)
    attributes = list(list_attributes(manual.model))

    assert [] == [attribute.name for attribute in attributes if not attribute.meaning.endswith(".")]
    assert [] == [attribute.name for attribute in attributes if page.count(f"\n| `{attribute.name}` |") != 1]


@pytest.mark.parametrize("manual", MANUALS, ids=lambda manual: manual.plugin)
def test_every_refused_name_has_its_replacement(manual: Manual) -> None:
    """Nothing is refused without a word about what to write."""
    page = render_page(manual)

    for kind in reference.REFUSALS:
        for name, remedy in list_refusals(manual.model, kind):
            assert remedy, name
            assert f"| `{name}` |" in page


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_attribute_of_the_reference_is_there(row: Row) -> None:
    """With its type, whether it is required, its default and its valid values, or a listed difference."""
    assert row.name in ATTRIBUTES, f"{row.name} is not among the attributes that work"

    ours = {column: tell_ours(ATTRIBUTES[row.name], row, column) for column in COLUMNS}
    expected = {column: tell_expected(row, column) for column in COLUMNS}

    assert expected == ours


@pytest.mark.parametrize(("name", "column"), DIFFERENCES)
def test_every_difference_is_one_and_has_its_reason(name: str, column: str) -> None:
    """What became the same leaves the list, and what is otherwise says why."""
    (row,) = [row for row in ROWS if row.name == name]
    difference = DIFFERENCES[name, column]

    assert difference.ours != tell_row(row, column)
    assert len(difference.reason.split()) > 3


def test_every_difference_is_told() -> None:
    """Somebody who comes from APISIX finds it on the page that says what differs."""
    page = (MANUAL.path.parents[1] / "compatibility.md").read_text("utf-8")

    assert [] == sorted({name for name, _ in DIFFERENCES if f"`{name}" not in page})


def test_the_rows_are_those_of_the_reference() -> None:
    """82, each once."""
    assert 82 == len(ROWS) == len({row.name for row in ROWS})


class Inner(BaseModel):
    """Inside."""

    size: int = Field(ge=1, le=9, description="A size.")


class Outer(BaseModel):
    """A subject.

    With a second paragraph.
    """

    inner: Inner | None = Field(default=None, description="What is inside.")
    names: tuple[str, ...] = Field(default=("a",), max_length=3, description="Names | others.")
    either: str | list[str] = Field(default="x", description="One or several.")
    word: str = Field(pattern="^a|b$", min_length=2, description="A word.")


class Several(BaseModel):
    """Some."""

    entries: tuple[Inner, ...] | None = Field(default=None, description="All of them.")


def test_a_model_becomes_a_table() -> None:
    """Types, limits, defaults, what is inside, and no cell that breaks the table."""
    found = {attribute.name: attribute for attribute in list_attributes(Outer)}
    page = render_page(Manual("outer", Outer, "# Outer\n", "others"))

    assert ["inner", "inner.size", "names", "either", "word"] == list(found)
    assert ["object", "integer", "array[string]", "string or array[string]", "string"] == [
        write_type(attribute) for attribute in found.values()
    ]
    assert ("yes", "no") == (found["word"].needed, found["inner"].needed)
    assert "\n## A subject\n" in page
    assert "| `inner.size` | integer | yes | | 1 to 9 | A size. |" in page
    assert '| `names` | array[string] | no | `["a"]` | at most 3 entries | Names \\| others. |' in page
    assert "2 or more characters, matches `^a\\|b$`" in page


@pytest.mark.parametrize(
    ("schema", "limits"),
    [
        ({"type": "string", "enum": ["a", "b"]}, "`a`, `b`"),
        ({"type": "string", "const": "a"}, "`a`"),
        ({"type": "integer", "minimum": 1}, "1 or more"),
        ({"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 9}, "more than 0, less than 9"),
        ({"type": "string", "format": "uri"}, "an http or https URL"),
        ({"type": "string", "format": "password"}, ""),
        ({"type": "array", "items": {"type": "string", "maxLength": 2}}, "each: at most 2 characters"),
    ],
)
def test_limits_are_told_in_words(schema: dict[str, Any], limits: str) -> None:
    """And nothing where everything of the type is accepted."""
    attribute = Attribute("x", (schema,), "no", None, "X.", "Y")

    assert limits == write_limits(attribute)


def test_what_is_in_a_list_is_told_with_brackets() -> None:
    """So that nobody writes it beside the list."""
    assert ["entries", "entries[].size"] == [attribute.name for attribute in list_attributes(Several)]


def test_the_command_writes_and_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--check` writes nothing, and names what is wrong; afterwards there is nothing to do."""
    monkeypatch.setattr(reference, "FOLDER", tmp_path / "reference")

    assert 1 == main(["--check"])
    assert "oidc.md" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
    assert 0 == main([])
    assert [render_page(manual) for manual in MANUALS] == [manual.path.read_text("utf-8") for manual in MANUALS]
    assert 0 == main(["--check"])


def tell_expected(row: Row, column: str) -> str:
    """What the page should say: the documented fact, or the difference that is listed."""
    difference = DIFFERENCES.get((row.name, column))
    return tell_row(row, column) if difference is None else difference.ours


def tell_row(row: Row, column: str) -> str:
    """A documented fact as text; empty where the documentation says nothing, and there a switch is off."""
    value = getattr(row, column)
    if column == "default" and row.type == "boolean" and value is None:
        return "false"
    if isinstance(value, tuple):
        return ", ".join(value)
    return tell(value)


def tell_ours(attribute: Attribute, row: Row, column: str) -> str:
    """The same fact of ours. Limits are compared only where the documentation has some."""
    first = attribute.alternatives[0] if attribute.alternatives else {}
    if column == "type":
        return write_type(attribute)
    if column == "required":
        return {"yes": "true", "no": "false"}.get(attribute.needed, "conditional")
    if column == "default":
        return tell(attribute.default)
    if not getattr(row, column):
        return ""
    if column == "choices":
        return ", ".join(first.get("enum", [first["const"]] if "const" in first else []))
    return tell(first.get({"minimum": "minimum", "min_length": "minLength"}[column]))


def tell(value: Any) -> str:
    """A value as both sides write it."""
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
