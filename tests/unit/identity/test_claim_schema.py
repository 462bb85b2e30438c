"""What claims have to look like."""

import socket
import urllib.request
from typing import Any

import pytest

from ostiary.identity.claim_schema import (
    MAX_MATCHED_CHARACTERS,
    MAX_PATTERN_CHARACTERS,
    MAX_SCHEMA_BYTES,
    compile_claim_schema,
)

SCHEMA = {
    "type": "object",
    "required": ["email"],
    "properties": {
        "email": {"type": "string", "pattern": "@shop\\.example$"},
        "roles": {"type": "array", "items": {"enum": ["admin", "clerk"]}},
        "address": {"$ref": "#/definitions/address"},
    },
    "definitions": {"address": {"type": "object", "additionalProperties": {"type": "string"}}},
}


def refusal(schema: Any) -> str:
    """Return why a schema is refused."""
    with pytest.raises(ValueError, match=r"\w") as caught:
        compile_claim_schema(schema)
    return str(caught.value)


@pytest.mark.parametrize(
    ("claims", "fault"),
    [
        ({"email": "ada@shop.example", "roles": ["clerk"], "address": {"street": "1"}}, None),
        ({}, "$ (required)"),
        ({"email": 7}, "$.email (type)"),
        ({"email": "ada@evil.example"}, "$.email (pattern)"),
        ({"email": "ada@shop.example", "roles": ["admin", "root"]}, "$.roles[1] (enum)"),
        ({"email": "ada@shop.example", "address": {"ada@home.example": 7}}, "$.address.* (type)"),
    ],
)
def test_what_does_not_fit_is_named_by_its_place_alone(claims: dict[str, Any], fault: str | None) -> None:
    """No value, and no name that the schema does not have: claims are personal."""
    assert fault == compile_claim_schema(SCHEMA).find_fault(claims)


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"type": "strin"}, "$.type"),
        ({"properties": {"a": {"type": 7}}}, "$.properties.a.type"),
        ({"required": "email"}, "$.required"),
        ({"$schema": "https://evil.example/schema"}, "$.$schema"),
        ({"$schema": 7}, "$.$schema"),
        ({"properties": {"a": {"$ref": "https://evil.example/a.json"}}}, "$.properties.a.$ref"),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "$.properties.a.$ref"),
        ({"allOf": [{"$ref": "other.json#/a"}]}, "$.allOf[0].$ref"),
        ({"not": {"$ref": "#/definitions/nothing"}}, "$.not.$ref"),
        ({"properties": {"a": {"$id": "https://evil.example/"}}}, "$.properties.a.$id"),
        ({"$ref": "#"}, "$: the schema refers to itself"),
        ({"properties": {"a": {"pattern": "("}}}, "$.properties.a.pattern"),
        ({"patternProperties": {"[": True}}, "$.patternProperties"),
        ({"pattern": "a{99999999999}"}, "repeats something too often"),
        ({"pattern": "a" * (MAX_PATTERN_CHARACTERS + 1)}, "$: a pattern"),
        ({"enum": ["x" * MAX_SCHEMA_BYTES]}, "the schema has more than"),
        ({"const": object()}, "the schema is no JSON object"),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused_with_its_place(schema: dict[str, Any], place: str) -> None:
    """When it is read, not when somebody comes."""
    assert place in refusal(schema)


def test_a_schema_that_is_nested_without_end_is_refused() -> None:
    """However it came to be."""
    schema: dict[str, Any] = {}
    for _ in range(5000):
        schema = {"not": schema}

    assert "nested too deeply" in refusal(schema)


def test_nothing_is_ever_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not when it is read, and not when claims are judged: the library's own default would."""
    asked: list[object] = []

    def refuse_to_connect(*arguments: object, **_: object) -> None:
        asked.append(arguments)
        raise OSError

    monkeypatch.setattr(urllib.request, "urlopen", refuse_to_connect)
    monkeypatch.setattr(socket.socket, "connect", refuse_to_connect)
    # A reference in a place where no schema belongs is not looked at when the schema is read.
    schema = compile_claim_schema({
        "$defs": {"hidden": {"x-extra": {"enum": [{"$ref": "http://127.0.0.1:1/a.json"}]}}},
        "properties": {"a": {"$ref": "#/$defs/hidden/x-extra/enum/0"}},
    })  # fmt: skip

    assert schema.find_fault({"a": 1}) is not None
    assert "$ref" in refusal({"$ref": "http://127.0.0.1:1/a.json"})
    assert [] == asked


@pytest.mark.parametrize(
    "draft",
    [
        "http://json-schema.org/draft-04/schema#", "http://json-schema.org/draft-06/schema#",
        "http://json-schema.org/draft-07/schema#", "http://json-schema.org/draft-07/schema",
        "https://json-schema.org/draft/2019-09/schema", "https://json-schema.org/draft/2020-12/schema",
    ],
)  # fmt: skip
def test_the_usual_drafts_are_known(draft: str) -> None:
    """By the names that they give themselves."""
    schema = compile_claim_schema({"$schema": draft, "$id": "https://shop.example/claims", **SCHEMA})

    assert "$.email (type)" == schema.find_fault({"email": None})
    assert schema.find_fault({"email": "a@shop.example", "address": {"a": "b"}}) is None


def test_names_that_are_like_keywords_are_names() -> None:
    """`properties` has the operator's names; a value is no schema."""
    schema = compile_claim_schema({
        "properties": {"$ref": {"type": "string"}, "pattern": {"type": "string"}, "id": {"const": {"$ref": "x"}}},
        "additionalProperties": False,
    })  # fmt: skip

    assert schema.find_fault({"$ref": "a", "pattern": "(", "id": {"$ref": "x"}}) is None
    assert "$.id (const)" == schema.find_fault({"id": 1})
    assert "$ (additionalProperties)" == schema.find_fault({"other": 1})


def test_a_pattern_judges_texts_of_a_bounded_length_only() -> None:
    """Searching may take much longer than the text is long; what is no text has no pattern."""
    schema = compile_claim_schema({"properties": {"a": {"pattern": "^a"}}})

    assert schema.find_fault({"a": "a" * MAX_MATCHED_CHARACTERS}) is None
    assert "$.a (pattern)" == schema.find_fault({"a": "a" * (MAX_MATCHED_CHARACTERS + 1)})
    assert schema.find_fault({"a": 7}) is None


def test_a_schema_is_a_copy_and_changes_no_claims() -> None:
    """What the operator's object becomes later, and its defaults, do not count."""
    written: dict[str, Any] = {"properties": {"a": {"type": "string", "default": "x"}}}
    schema = compile_claim_schema(written)
    written["required"] = ["b"]
    claims: dict[str, Any] = {}

    assert schema.find_fault(claims) is None
    assert {} == claims
