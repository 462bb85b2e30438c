"""The generated page of `oauth2`: complete against Higress's document."""

import pytest

from ostiary.plugins.oauth2.config import OAuth2Config
from tests.reference.oauth2 import DIFFERENCES, ROWS, Row
from tools.reference import Attribute, list_attributes, write_type

ATTRIBUTES = {attribute.name: attribute for attribute in list_attributes(OAuth2Config)}
COLUMNS = ("type", "required", "default")


def test_the_rows_are_those_of_the_document() -> None:
    """13, each once."""
    assert 13 == len(ROWS) == len({row.place for row in ROWS})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.place)
def test_every_field_of_the_document_is_there(row: Row) -> None:
    """With its type, whether it is required and its default, or a listed difference."""
    assert row.place in ATTRIBUTES, f"{row.place} is not among the fields that work"

    ours = {column: tell_ours(ATTRIBUTES[row.place], column) for column in COLUMNS}
    expected = {column: tell_expected(row, column) for column in COLUMNS}

    assert expected == ours


@pytest.mark.parametrize(("place", "column"), DIFFERENCES)
def test_every_difference_is_one_and_has_its_reason(place: str, column: str) -> None:
    """What became the same leaves the list, and what is otherwise says why."""
    (row,) = [row for row in ROWS if row.place == place]

    assert DIFFERENCES[place, column].ours != tell_row(row, column)
    assert len(DIFFERENCES[place, column].reason.split()) > 3


def tell_expected(row: Row, column: str) -> str:
    """What the page should say: the documented fact, or the difference that is listed."""
    difference = DIFFERENCES.get((row.place, column))
    return tell_row(row, column) if difference is None else difference.ours


def tell_row(row: Row, column: str) -> str:
    """A documented fact as text."""
    value = getattr(row, column)
    return str(value).lower() if isinstance(value, bool) else str(value)


def tell_ours(attribute: Attribute, column: str) -> str:
    """The same fact of ours."""
    if column == "type":
        return write_type(attribute)
    if column == "required":
        return {"yes": "true", "no": "false"}.get(attribute.needed, "conditional")
    default = attribute.default
    return str(default).lower() if isinstance(default, bool) else "" if default is None else str(default)
