"""Numbers and truth values that may come from a variable, and are then text: `$ENV://NAME` holds nothing else.

Nothing else is converted: `yes` is no truth value, and `1.0` no whole number.
"""

from typing import Annotated

from pydantic import BeforeValidator, Field


def read_switch(value: object) -> object:
    """Take the texts that a variable can hold; nothing else that is merely like a truth value."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def read_number(value: object) -> object:
    """Take the digits that a variable can hold; no fractions and no truth values."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else value


Switch = Annotated[bool, Field(strict=True), BeforeValidator(read_switch)]
Number = Annotated[int, Field(strict=True), BeforeValidator(read_number)]
