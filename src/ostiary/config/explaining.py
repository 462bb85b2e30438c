"""pydantic's errors → problems: the path as the file has it, the value's shape, and what to write.

pydantic tells which rule broke where in its own tree; here that becomes the operator's. Values are never shown, only
what a model's own refusal says about them (`ostiary.config.section.refuse`, or a ValueError of a plugin's model).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import AliasChoices, BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from ostiary.config.problems import Path, PathPart, Problem, Written, describe_shape, render_path, word_unknown
from ostiary.config.section import REFUSAL

Annotation = Any  # what may stand after a colon

_WANTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "`true` or `false`",
    "bool_parsing": "`true` or `false`",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
    "too_short": "at least {min_length} in the list",
    "too_long": "at most {max_length} in the list",
    "literal_error": "{expected}",
    "enum": "{expected}",
}
_VALUE_ERROR = "Value error, "
_MISPLACED = Problem(
    "", "is a plugin, and no field of this", "write it below `plugins:` of a route, a service, a domain or the instance"
)


def explain(
    error: ValidationError,
    model: type[BaseModel],
    written: Written,
    base: Path,
    sources: Mapping[str, str],
    plugins: Collection[str] = (),
) -> list[Problem]:
    """Word every error of a validation of `written` by `model`; `base` is where that stands in the file.

    `sources` names the environment variable that a path's value came from; `plugins` are the names of all plugins,
    which people put where fields are.
    """
    problems: dict[str, Problem] = {}
    bare = []
    for line in error.errors(include_url=False):
        path, value = _locate(line["loc"], written, is_missing=line["type"] == "missing")
        if line["type"] == "too_short" and len(value) >= line["ctx"]["min_length"]:
            continue  # only its wrong entries were not counted, and they have problems of their own
        place = render_path((*base, *path))
        if line["type"] == "extra_forbidden" and path[-1] in plugins:
            problem = _MISPLACED
        else:
            problem = _word(line, model, path, value, sources.get(place))
        if line["type"] == REFUSAL and not path:
            bare.append(Problem(place, problem.problem, problem.remedy))
        else:
            problems.setdefault(place, Problem(place, problem.problem, problem.remedy))
    return [*bare, *problems.values()]


def _locate(location: Sequence[PathPart], written: Written, *, is_missing: bool) -> tuple[Path, Written]:
    """Find pydantic's location in the written values: tags of unions and the like are not there."""
    path: list[PathPart] = []
    value = written
    for index, part in enumerate(location):
        if isinstance(value, Mapping) and part in value:
            path.append(part)
            value = value[part]
        elif isinstance(value, Mapping) and isinstance(part, int) and part < len(value):
            rest = location[index + 1 :]
            if rest and (rest[0] in value or (is_missing and len(rest) == 1)):
                continue  # one mapping that the model reads as a list of it
            name = list(value)[part]  # a mapping that the model reads as a list, like `nodes`
            path.append(name)
            value = value[name]
        elif isinstance(value, list | tuple) and isinstance(part, int) and part < len(value):
            path.append(part)
            value = value[part]
        elif is_missing and index == len(location) - 1:
            path.append(part)
    return tuple(path), value


def _word(line: ErrorDetails, model: type[BaseModel], path: Path, value: Written, source: str | None) -> Problem:
    kind, context = line["type"], line.get("ctx") or {}
    if kind == REFUSAL:
        return Problem("", context["problem"], context["remedy"] or _name_source(source))
    if kind == "extra_forbidden":
        owners = list(_find_models(model, line["loc"][:-1]))
        return word_unknown(str(path[-1]), *_list_names(owners))
    if kind == "missing":
        return Problem("", "required, but missing", _teach(model, line["loc"]))
    wanted = _WANTED.get(f"string_{kind}" if isinstance(value, str) else kind) or _WANTED.get(kind)
    if wanted is not None:
        wants_text = kind == "string_type"  # what should have been a text may be a secret that lacks its quotes
        shape = describe_shape(value, is_secret=wants_text or source is not None)
        remedy = "put it in quotes" if wants_text and isinstance(value, int | float) else ""
        return Problem("", f"expected {wanted.format_map(context)}, found {shape}", remedy or _name_source(source))
    message = line["msg"].removeprefix(_VALUE_ERROR)
    return Problem("", message, _name_source(source))


def _name_source(source: str | None) -> str:
    return f"its value comes from the environment variable {source}" if source else ""


def _teach(model: type[BaseModel], location: Sequence[PathPart]) -> str:
    """Say what a missing field is for."""
    name = str(location[-1])
    for owner in _find_models(model, location[:-1]):
        for field_name, field in owner.model_fields.items():
            if name in _spellings(field_name, field):
                return f"add `{name}`: {field.description}" if field.description else f"add `{name}`"
    return f"add `{name}`"


def _list_names(
    owners: Sequence[type[BaseModel]],
) -> tuple[list[str], dict[str, str], dict[str, str], dict[str, str]]:
    """Collect the known, coming, renamed and refused names of the models that a mapping may stand for."""
    known: list[str] = []
    not_yet: dict[str, str] = {}
    renamed: dict[str, str] = {}
    refused: dict[str, str] = {}
    for owner in owners:
        for field_name, field in owner.model_fields.items():
            known += _spellings(field_name, field)
        not_yet.update(getattr(owner, "not_yet", {}))
        renamed.update(getattr(owner, "renamed", {}))
        refused.update(getattr(owner, "refused", {}))
    return known, not_yet, renamed, refused


def _spellings(name: str, field: FieldInfo) -> list[str]:
    """List the names under which a field may be written."""
    alias = field.validation_alias or field.alias
    if alias is None:
        return [name]
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    return [choice for choice in choices if isinstance(choice, str)] or [name]


def _find_models(annotation: Annotation, location: Sequence[PathPart]) -> Iterator[type[BaseModel]]:
    """Yield the models that may stand at a location below an annotation."""
    for choice in _flatten(annotation):
        is_model = isinstance(choice, type) and issubclass(choice, BaseModel)
        if not location:
            if is_model:
                yield choice
            continue
        part, rest = location[0], location[1:]
        if is_model:
            fields = choice.model_fields
            inner = next((field for name, field in fields.items() if part in _spellings(name, field)), None)
            yield from _find_models(choice, rest) if inner is None else _find_models(inner.annotation, rest)
        elif _origin_of(choice) in (list, tuple, set, frozenset, dict):
            for argument in get_args(choice)[-2:]:
                yield from _find_models(argument, rest)


def _flatten(annotation: Annotation) -> Iterator[Annotation]:
    """Yield the plain alternatives of an annotation."""
    origin = _origin_of(annotation)
    if origin is Annotated:
        yield from _flatten(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for choice in get_args(annotation):
            yield from _flatten(choice)
    elif annotation not in (NoneType, Ellipsis):
        yield annotation


def _origin_of(annotation: Annotation) -> object:
    return get_origin(annotation)
