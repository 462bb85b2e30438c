"""Writes docs/reference/*.md, a page for each plugin, from the configuration's models: `make reference`.

Types, defaults and limits come from the models' JSON Schema, meanings from their fields' descriptions, subjects from
the docstrings of the classes that declare them: nothing is typed twice. What a schema cannot say, that a field is
required under a condition, a model says in words (`needed`). With `--check` nothing is written: exit code 1 when a page
is not what would be.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

from ostiary.plugins.oauth2.config import OAuth2Config
from ostiary.plugins.oidc.config import OidcConfig
from ostiary.plugins.openid_connect.config import OpenIdConnectConfig

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"
REMEDY = "run `make reference` and commit docs/reference"

_COMMON = """\
`ostiary check FILE` finds every mistake at once, with its place, and says what to write instead. Any value may come
from a variable of the environment (`$ENV://NAME`), numbers and truth values included. Something inside an object is
required where the object is written. Secrets are shown nowhere.

This page is written by `make reference` from the models that read the configuration.
"""
_OPENID_CONNECT = """\
# `openid-connect`: every attribute

People sign in at an OpenID provider, programs show its tokens. The plugin goes under `plugins` of a route. Names, types
and defaults are those of APISIX's plugin of this name; what differs on purpose is in
[compatibility](../compatibility.md), and what to do when something fails in [troubleshooting](../troubleshooting.md).
"""
_OIDC = """\
# `oidc`: every option

People sign in at an OpenID provider. The plugin goes under `plugins` of a route, a service, a domain or the whole
gateway. Names, types and defaults are those of Higress's plugin of this name, and of oauth2-proxy besides; how to use
it is in [the guide](../oidc.md), what differs on purpose in [compatibility](../compatibility.md), and what to do when
something fails in [troubleshooting](../troubleshooting.md).

Durations are in Go's notation: `168h0m0s`, `1h30m`, `15m`, `300ms`, and `0` for none.
"""
_OAUTH2 = """\
# `oauth2`: every field

Machines get access tokens for their credentials, and routes are opened by those. The plugin goes under `plugins` of a
route, a service, a domain or the whole gateway. Names, types and defaults are those of Higress's plugin of this name;
what differs on purpose is in [compatibility](../compatibility.md).
"""


class Manual(NamedTuple):
    """A page: the plugin that it is about, its model, how it begins, and whose plugin it is held against."""

    plugin: str
    model: type[BaseModel]
    introduction: str
    original: str

    @property
    def path(self) -> Path:
        """Where the page is."""
        return FOLDER / f"{self.plugin}.md"


MANUALS = (
    Manual("openid-connect", OpenIdConnectConfig, _OPENID_CONNECT, "APISIX"),
    Manual("oidc", OidcConfig, _OIDC, "Higress"),
    Manual("oauth2", OAuth2Config, _OAUTH2, "Higress"),
)

_CONCLUSION = """\
## What differs from {original}

Defaults that are safer, values that are stricter or not known there: each with its reason in
[compatibility](../compatibility.md).
"""

Json = Any  # what a schema or a file can say
Annotation = Any  # what may stand after a colon

# The names under which a model may list what it refuses by name, and how that is introduced.
REFUSALS = {"refused": "what to write instead", "not_yet": "until it works", "renamed": "what it is called here"}

_LIMITS = (
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "minItems", "maxItems",
    "pattern", "format", "enum", "const",
)  # fmt: skip
# How a schema spells a limit of a value that is read through a function first.
_SPELLINGS = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum",
              "min_length": "minLength", "max_length": "maxLength"}  # fmt: skip
_FORMATS = {"uri": "an http or https URL"}


class Attribute(NamedTuple):
    """One attribute: its dotted name, what the schema says of its value, and where it belongs.

    `alternatives` are the schemas of the values that may be written, without null. `default` is None where there is
    none, or an empty one. `needed` says in words when it is required; "yes" always, "no" never.
    """

    name: str
    alternatives: tuple[Mapping[str, Json], ...]
    needed: str
    default: Json
    meaning: str
    subject: str


def list_attributes(model: type[BaseModel]) -> Iterator[Attribute]:
    """Yield every attribute of a configuration, in the order of its subjects, what is inside after what it is in."""
    owners = [base for base in model.__mro__ if issubclass(base, BaseModel) and "model_fields" in dir(base)]
    schema = model.model_json_schema()
    for owner in [*owners[1:], owners[0]]:
        for name in owner.__annotations__:
            if name in model.model_fields and _find_owner(model, name) is owner:
                yield from _list_at(model, name, schema, "", _first_line(owner))


def _list_at(
    model: type[BaseModel], name: str, schema: Mapping[str, Json], prefix: str, subject: str
) -> Iterator[Attribute]:
    """Yield an attribute and those inside it. `schema` is the root's: every definition is there."""
    field = model.model_fields[name]
    written = _definition_of(model, schema)["properties"][name]
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    needed = "yes" if field.is_required() else "no"
    yield Attribute(
        name=prefix + name,
        alternatives=tuple(_alternatives(written, schema)),
        needed=getattr(model, "needed", {}).get(name, needed),
        default=_plain(default),
        meaning=field.description or "",
        subject=subject,
    )
    mark = "[]" if _is_list(field.annotation) else ""
    for inner in find_models(field.annotation):
        for inner_name in inner.model_fields:
            yield from _list_at(inner, inner_name, schema, f"{prefix}{name}{mark}.", subject)


def find_models(annotation: Annotation) -> Iterator[type[BaseModel]]:
    """Yield the models that may stand where an annotation is."""
    origin: object = get_origin(annotation)
    if origin is Annotated:
        yield from find_models(get_args(annotation)[0])
    elif origin in (Union, UnionType, tuple, list):
        for choice in get_args(annotation):
            yield from find_models(choice)
    elif isinstance(annotation, type) and annotation is not NoneType and issubclass(annotation, BaseModel):
        yield annotation


def _is_list(annotation: Annotation) -> bool:
    """Say whether several values may stand where an annotation is."""
    origin: object = get_origin(annotation)
    if origin is Annotated:
        return _is_list(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return any(_is_list(choice) for choice in get_args(annotation))
    return origin in (tuple, list)


def _find_owner(model: type[BaseModel], name: str) -> type:
    return next(base for base in model.__mro__ if name in getattr(base, "__annotations__", {}))


def _definition_of(model: type[BaseModel], schema: Mapping[str, Json]) -> Mapping[str, Json]:
    definition: Mapping[str, Json] = schema.get("$defs", {}).get(model.__name__, schema)
    return definition


def _alternatives(written: Mapping[str, Json], schema: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    """Yield the schemas that a value may fit, references followed, limits spelt in one way."""
    if "$ref" in written:
        written = schema["$defs"][written["$ref"].rpartition("/")[2]]
    if "anyOf" in written:
        for choice in written["anyOf"]:
            yield from _alternatives(choice, schema)
        return
    if written.get("type") == "null":
        return
    normal = {_SPELLINGS.get(name, name): value for name, value in written.items()}
    if normal.get("type") == "array":  # a tuple's limits are those of a text where a function reads it first
        normal = {name.replace("Length", "Items"): value for name, value in normal.items()}
        normal["items"] = next(_alternatives(normal.get("items", {}), schema), {})
    yield normal


def _plain(default: Json) -> Json:
    """Return what a default looks like in a file; None for one that says nothing."""
    if isinstance(default, BaseModel) or default in (None, (), [], {}, ""):
        return None
    return list(default) if isinstance(default, tuple | frozenset) else default


def _first_line(model: type) -> str:
    return (model.__doc__ or "").partition("\n")[0].rstrip(".")


def write_type(attribute: Attribute) -> str:
    """Write the kinds of values: `string`, `array[string] or string`, ..."""
    return " or ".join(dict.fromkeys(_write_kind(each) for each in attribute.alternatives)) or "object"


def _write_kind(schema: Mapping[str, Json]) -> str:
    kind = str(schema.get("type", "any"))
    return f"array[{_write_kind(schema['items'])}]" if kind == "array" else kind


def write_limits(attribute: Attribute) -> str:
    """Write which values are accepted; nothing when all of the type are."""
    several = len(attribute.alternatives) > 1
    told = []
    for each in attribute.alternatives:
        limits = _write_limits(each)
        if limits:
            told.append(f"{_write_kind(each)}: {limits}" if several else limits)
    return "; ".join(dict.fromkeys(told))


def _write_limits(schema: Mapping[str, Json]) -> str:
    found = {name: schema[name] for name in _LIMITS if name in schema}
    words = [_write_choices(found.get("enum", [found["const"]] if "const" in found else []))]
    words.append(_write_range(found.get("minimum"), found.get("maximum"), ""))
    words.append(f"more than {found['exclusiveMinimum']}" if "exclusiveMinimum" in found else "")
    words.append(f"less than {found['exclusiveMaximum']}" if "exclusiveMaximum" in found else "")
    words.append(_write_range(found.get("minLength"), found.get("maxLength"), " characters"))
    words.append(_write_range(found.get("minItems"), found.get("maxItems"), " entries"))
    words.append(f"matches `{found['pattern']}`" if "pattern" in found else "")
    words.append(_FORMATS.get(str(found.get("format")), ""))
    inner = _write_limits(schema["items"]) if schema.get("type") == "array" else ""
    words.append(f"each: {inner}" if inner else "")
    return ", ".join(word for word in words if word)


def _write_choices(choices: list[Json]) -> str:
    return ", ".join(_write_value(choice) for choice in choices)


def _write_range(least: Json, most: Json, unit: str) -> str:
    if least is not None and most is not None:
        return f"{least} to {most}{unit}"
    if least is not None:
        return f"{least} or more{unit}"
    return f"at most {most}{unit}" if most is not None else ""


def _write_value(value: Json) -> str:
    return "" if value is None else f"`{value if isinstance(value, str) else json.dumps(value)}`"


def render_page(manual: Manual) -> str:
    """Return the whole page."""
    parts = [manual.introduction, "\n", _COMMON]
    subject = ""
    for attribute in list_attributes(manual.model):
        if attribute.subject != subject:
            subject = attribute.subject
            parts.append(f"\n## {subject}\n\n| name | type | required | default | valid values | meaning |\n"
                         "| --- | --- | --- | --- | --- | --- |\n")  # fmt: skip
        parts.append(_write_row(attribute))
    parts += ["\n", *_write_refusals(manual.model), _CONCLUSION.format(original=manual.original)]
    return "".join(parts)


def _write_row(attribute: Attribute) -> str:
    cells = (f"`{attribute.name}`", write_type(attribute), attribute.needed, _write_value(attribute.default),
             write_limits(attribute), attribute.meaning)  # fmt: skip
    return "".join(f"| {cell} " if cell else "| " for cell in (cell.replace("|", "\\|") for cell in cells)) + "|\n"


def _write_refusals(model: type[BaseModel]) -> Iterator[str]:
    """Yield a table for each kind of names that are refused with what to write in their place."""
    for kind, introduction in REFUSALS.items():
        rows = dict(list_refusals(model, kind))
        if rows:
            yield f"## Refused by name: {introduction}\n\n| name | {introduction} |\n| --- | --- |\n"
            for name, remedy in rows.items():
                shown = f"`{remedy}`" if kind == "renamed" else remedy
                yield f"| `{name}` | {shown} |\n".replace("|  |", "| |")
            yield "\n"


def list_refusals(model: type[BaseModel], kind: str, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the names that a model and those inside it refuse, each with what to write in its place."""
    for name, remedy in getattr(model, kind, {}).items():
        yield prefix + name, prefix + remedy if kind == "renamed" else remedy
    for name, field in model.model_fields.items():
        for inner in find_models(field.annotation):
            yield from list_refusals(inner, kind, f"{prefix}{name}.")


def main(arguments: list[str]) -> int:
    """Write the pages, or look whether they are right; return the exit code."""
    pages = {manual.path: render_page(manual) for manual in MANUALS}
    wrong = [path for path, page in pages.items() if not path.exists() or path.read_text(encoding="utf-8") != page]
    if wrong and "--check" in arguments:
        names = ", ".join(path.name for path in wrong)
        print(f"docs/reference is not what the models say ({names}): {REMEDY}", file=sys.stderr)
        return 1
    for path in wrong:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(pages[path], encoding="utf-8")
        print(f"{path.name} is written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
