"""The base of every part of `ostiary.yaml`: frozen, unknown names refused, every error at once.

A section says four things besides its fields: `not_yet` (names that will come, each with what to do until then),
`refused` (names that never will, each with what stands in its place), `renamed` (names that people use for ours), and
`check_shape` (rules between fields). The last looks at what was written, not at the validated model: a wrong field does
not hide a missing one. `ostiary.config.explaining` words it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

REFUSAL = "ostiary_refusal"


def refuse(problem: str, remedy: str = "") -> PydanticCustomError:
    """Make the error for a value that cannot stand: `problem` completes "path: ...", `remedy` says what to write."""
    return PydanticCustomError(REFUSAL, "{problem}", {"problem": problem, "remedy": remedy})


class Section(BaseModel):
    """A part of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)

    not_yet: ClassVar[Mapping[str, str]] = {}
    refused: ClassVar[Mapping[str, str]] = {}
    renamed: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def check_shape(cls, written: Mapping[str, Any]) -> Iterator[tuple[str, PydanticCustomError]]:
        """Yield what is wrong between fields, each with the name it is best told at ("" for the section itself)."""
        del written
        yield from ()

    @model_validator(mode="wrap")
    @classmethod
    def _validate_all(cls, written: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        refusals = list(cls.check_shape(written)) if isinstance(written, Mapping) else []
        if not refusals:
            return handler(written)
        details = [
            InitErrorDetails(type=refusal, loc=(name,) if name else (), input=None) for name, refusal in refusals
        ]
        try:
            handler(written)
        except ValidationError as error:
            details += [_repeat(line) for line in error.errors(include_url=False)]
        raise ValidationError.from_exception_data(cls.__name__, details, hide_input=True)


def _repeat(line: ErrorDetails) -> InitErrorDetails:
    """Turn a reported error back into one that can be raised together with others."""
    kind: str | PydanticCustomError = line["type"]
    context = line.get("ctx") or {}
    if kind == REFUSAL:
        kind = PydanticCustomError(REFUSAL, "{problem}", context)
    return InitErrorDetails(type=kind, loc=line["loc"], input=line["input"], ctx=context)
