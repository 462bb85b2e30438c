"""Numbers and truth values, also as the texts of variables."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from ostiary.config.scalars import Number, Switch


@pytest.mark.parametrize(("written", "expected"), [(0, 0), (-3, -3), ("0", 0), ("6379", 6379), ("007", 7)])
def test_digits_are_a_number(written: Any, expected: int) -> None:
    """A variable holds nothing else."""
    assert expected == TypeAdapter(Number).validate_python(written)


@pytest.mark.parametrize("written", [True, 1.0, "1.0", "-1", " 1", "1e3", "", "\u0661", None, [1]])
def test_nothing_else_is_a_number(written: Any) -> None:
    """Nothing is guessed at."""
    with pytest.raises(ValidationError):
        TypeAdapter(Number).validate_python(written)


@pytest.mark.parametrize(("written", "expected"), [(True, True), (False, False), ("true", True), ("false", False)])
def test_true_and_false_are_truth_values(written: Any, expected: bool) -> None:
    """Typed, or as a variable's text."""
    assert expected is TypeAdapter(Switch).validate_python(written)


@pytest.mark.parametrize("written", [0, 1, "yes", "no", "True", "on", "", None])
def test_nothing_else_is_a_truth_value(written: Any) -> None:
    """Least of all where it would switch a check off."""
    with pytest.raises(ValidationError):
        TypeAdapter(Switch).validate_python(written)
