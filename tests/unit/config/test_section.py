"""The base of every part of the configuration: frozen, closed, and telling everything at once."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import pytest
from pydantic import Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from ostiary.config.section import Section, refuse


class Inner(Section):
    """A part of a part."""

    count: int = 0

    @field_validator("count")
    @classmethod
    def _check(cls, count: int) -> int:
        if count > 9:
            raise refuse("too many {braces}", "fewer")
        if count > 5:
            raise ValueError("many")
        return count


class Outer(Section):
    """A part with a rule between its fields."""

    first: str | None = Field(None, pattern="^a")
    second: str | None = None
    mode: Literal["x", "y"] = "x"
    inner: Inner = Inner()

    @classmethod
    def check_shape(cls, written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
        """One of the two."""
        if "first" in written and "second" in written:
            yield "second", refuse("not both", "keep one")
        if not written:
            yield "", refuse("empty")


def errors(model: type[Section], written: object) -> list[tuple[tuple[str | int, ...], str]]:
    """Where and what."""
    with pytest.raises(ValidationError) as refused:
        model.model_validate(written)
    return [(line["loc"], line["type"]) for line in refused.value.errors()]


def test_what_is_right_is_a_frozen_value() -> None:
    """And equal to another with the same fields."""
    outer = Outer.model_validate({"first": "a", "inner": {"count": 2}})

    assert outer == Outer(first="a", inner=Inner(count=2))
    with pytest.raises(ValidationError):
        outer.first = "b"  # type: ignore[misc]


def test_unknown_names_and_infinite_numbers_are_refused() -> None:
    """Never ignored."""
    assert errors(Inner, {"cuont": 1}) == [(("cuont",), "extra_forbidden")]
    assert errors(Inner, {"count": float("inf")}) == [(("count",), "finite_number")]


def test_rules_between_fields_are_told_with_errors_of_fields() -> None:
    """A wrong field does not hide them, and every kind of error survives being told again."""
    written = {"first": "b", "second": 2, "mode": "z", "inner": {"count": 12}, "extra": 1}

    assert sorted(errors(Outer, written)) == [
        (("extra",), "extra_forbidden"),
        (("first",), "string_pattern_mismatch"),
        (("inner", "count"), "ostiary_refusal"),
        (("mode",), "literal_error"),
        (("second",), "ostiary_refusal"),
        (("second",), "string_type"),
    ]
    assert (("inner", "count"), "value_error") in errors(Outer, {"first": "a", "second": "b", "inner": {"count": 7}})


def test_rules_between_fields_are_told_alone_too() -> None:
    """At the section itself, or at the field they are best told at."""
    assert errors(Outer, {"first": "a", "second": "b"}) == [(("second",), "ostiary_refusal")]
    assert errors(Outer, {}) == [((), "ostiary_refusal")]


def test_a_refusal_keeps_its_words() -> None:
    """Problem and remedy are data, not templates."""
    with pytest.raises(ValidationError) as refused:
        Inner.model_validate({"count": 12})

    assert refused.value.errors()[0]["ctx"] == {"problem": "too many {braces}", "remedy": "fewer"}
    assert refused.value.errors()[0]["msg"] == "too many {braces}"


def test_what_is_no_mapping_is_left_to_the_model() -> None:
    """`check_shape` sees mappings only."""
    assert errors(Outer, [1]) == [((), "model_type")]
