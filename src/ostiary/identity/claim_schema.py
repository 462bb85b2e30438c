"""What the claims of a token have to look like, as a JSON Schema of the operator's (drafts 4, 6, 7, 2019-09, 2020-12).

A schema is checked whole when it is read. It stands for itself: no reference leads out of it, so nothing is ever
fetched. What does not fit is named by its place alone, in words that the schema itself has: claims are personal.
`format` is a remark, as the specification has it, and `default` changes nothing. Without `$schema` it is draft 7.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, final

import msgspec

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

MAX_SCHEMA_BYTES = 65_536
MAX_PATTERN_CHARACTERS = 512
MAX_MATCHED_CHARACTERS = 4096

_DEFAULT_DRAFT = "http://json-schema.org/draft-07/schema"
_DRAFTS = MappingProxyType({
    "http://json-schema.org/draft-04/schema": "Draft4Validator",
    "http://json-schema.org/draft-06/schema": "Draft6Validator",
    _DEFAULT_DRAFT: "Draft7Validator",
    "https://json-schema.org/draft/2019-09/schema": "Draft201909Validator",
    "https://json-schema.org/draft/2020-12/schema": "Draft202012Validator",
})  # fmt: skip
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_ROOT_ONLY = ("$schema", "$id", "id")
# Keywords below which names are the operator's, and those below which there are values, no schemas.
_NAMED = frozenset({"properties", "patternProperties", "definitions", "$defs", "dependentSchemas", "dependencies"})
_VALUES = frozenset({"enum", "const", "default", "examples"})


@final
class ClaimSchema:
    """A schema that was checked; its only maker is `compile_claim_schema`."""

    __slots__ = ("_names", "_validator")

    def __init__(self, validator: "Validator", names: frozenset[str]) -> None:
        """Hold the compiled schema, and the names that may be repeated in a log because the operator wrote them."""
        self._validator = validator
        self._names = names

    def find_fault(self, claims: Mapping[str, Any]) -> str | None:
        """Return None for claims that fit, else where they do not: `$.user.email (pattern)`; never a value.

        A name that the schema does not have is written `*`. What cannot be judged does not fit.
        """
        try:
            fault = next(self._validator.iter_errors(claims), None)
        except Exception as error:  # noqa: BLE001 - a schema that cannot be applied admits nobody
            return f"$ ({type(error).__name__})"
        if fault is None:
            return None
        return f"${''.join(self._spell(step) for step in fault.absolute_path)} ({fault.validator})"

    def _spell(self, step: str | int) -> str:
        if isinstance(step, int):
            return f"[{step}]"
        return f".{step}" if step in self._names else ".*"


def compile_claim_schema(schema: Mapping[str, Any]) -> ClaimSchema:
    """Check a schema and make it ready. Raises ValueError with a text that names the place in it."""
    try:
        encoded = msgspec.json.encode(schema)
        if len(encoded) > MAX_SCHEMA_BYTES:
            raise ValueError(f"the schema has more than {MAX_SCHEMA_BYTES} bytes")
        own: dict[str, Any] = msgspec.json.decode(encoded)
        compiled = ClaimSchema(_build_validator(own), frozenset(_list_names(own)))
        if compiled.find_fault({}) == "$ (RecursionError)":
            raise ValueError("$: the schema refers to itself without end")
    except RecursionError:
        raise ValueError("the schema is nested too deeply") from None
    except (TypeError, msgspec.MsgspecError):
        raise ValueError("the schema is no JSON object") from None
    return compiled


def _build_validator(schema: dict[str, Any]) -> "Validator":
    # It takes a tenth of a second to import, and most configurations have no schema.
    import jsonschema  # noqa: PLC0415
    import referencing  # noqa: PLC0415
    from referencing.jsonschema import specification_with  # noqa: PLC0415

    uri = schema.get("$schema", _DEFAULT_DRAFT)
    name = _DRAFTS.get(uri.removesuffix("#")) if isinstance(uri, str) else None
    if name is None:
        raise ValueError(f"$.$schema: no draft that is known here; they are {', '.join(_DRAFTS)}")
    draft = getattr(jsonschema, name)
    try:
        draft.check_schema(schema)
    except jsonschema.SchemaError as error:
        raise ValueError(f"{error.json_path}: {error.message[:200]}") from None
    except OverflowError:
        raise ValueError("a pattern in the schema repeats something too often") from None
    root = specification_with(draft.META_SCHEMA.get("$schema")).create_resource(schema)
    # An empty registry without a way to retrieve: the library's own default would fetch what is referred to.
    registry: referencing.Registry[Any] = referencing.Registry()
    resolver = registry.resolver_with_root(root)
    for place, part in _walk(schema, "$"):
        _check_part(place, part)
        for keyword in _REFERENCES:
            reference = part.get(keyword)
            if not isinstance(reference, str):
                continue
            if not reference.startswith("#"):
                raise ValueError(f"{place}.{keyword}: it leads out of the schema, and nothing is fetched")
            try:
                resolver.lookup(reference)
            except (referencing.exceptions.Unresolvable, LookupError, ValueError):
                raise ValueError(f"{place}.{keyword}: there is nothing of that name in the schema") from None
    bounded: Any = jsonschema.validators.extend(draft, {"pattern": _match_pattern})  # type: ignore[no-untyped-call]
    made: Validator = bounded(schema, registry=registry)
    return made


def _check_part(place: str, part: Mapping[str, Any]) -> None:
    """Check what the drafts' own schemas do not: long patterns, and members that only the whole may have."""
    if place != "$":
        for keyword in _ROOT_ONLY:
            if type(part.get(keyword)) is str:
                raise ValueError(f"{place}.{keyword}: only the schema as a whole may have this")
    patterns = [part.get("pattern"), *(part.get("patternProperties") or ())]
    for pattern in patterns:
        if isinstance(pattern, str) and len(pattern) > MAX_PATTERN_CHARACTERS:
            raise ValueError(f"{place}: a pattern has more than {MAX_PATTERN_CHARACTERS} characters")


def _match_pattern(
    validator: "Validator",
    pattern: str,
    instance: Any,  # noqa: ANN401 - whatever a claim is
    schema: Mapping[str, Any],
) -> Iterator[Exception]:
    """`pattern`, for texts of a bounded length: searching takes more than linear time."""
    from jsonschema import ValidationError  # noqa: PLC0415 - as above

    del schema
    if not validator.is_type(instance, "string"):
        return
    if len(instance) > MAX_MATCHED_CHARACTERS or not re.search(pattern, instance):
        yield ValidationError("it does not match the pattern")


def _walk(part: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:  # noqa: ANN401 - a schema, or true or false
    """Yield every schema inside of a schema, itself first, with its place."""
    if not isinstance(part, dict):
        return
    yield place, part
    for keyword, value in part.items():
        if keyword in _VALUES:
            continue
        here = f"{place}.{keyword}"
        if isinstance(value, list):
            for index, each in enumerate(value):
                yield from _walk(each, f"{here}[{index}]")
        elif keyword in _NAMED and isinstance(value, dict):
            for name, each in value.items():
                yield from _walk(each, f"{here}.{name}")
        else:
            yield from _walk(value, here)


def _list_names(schema: dict[str, Any]) -> Iterator[str]:
    for _, part in _walk(schema, "$"):
        properties = part.get("properties")
        if isinstance(properties, dict):
            yield from properties
