"""pydantic's errors in the operator's words: the file's path, the value's shape, the remedy."""

from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import AfterValidator, AliasChoices, BaseModel, Field, SecretStr, ValidationError
from typing_extensions import TypedDict

from ostiary.config.explaining import explain
from ostiary.config.problems import Problem
from ostiary.config.section import Section, refuse


def _never(text: str) -> str:
    raise refuse("never right", "")


def _refuse_even(number: int) -> int:
    if number % 2 == 0:
        raise ValueError("even numbers are odd here")
    return number


class Leaf(Section):
    """At the end."""

    count: int = Field(0, ge=1, le=9)
    mode: Literal["x", "y"] = "x"
    secret: SecretStr = Field(SecretStr("x" * 9), min_length=4, max_length=9)
    never: Annotated[str, AfterValidator(_never)] | None = None

    not_yet: ClassVar[dict[str, str]] = {"later": "wait"}
    renamed: ClassVar[dict[str, str]] = {"amount": "count"}


class Other(Section):
    """Another, for unions."""

    width: int = 0


class Tree(Section):
    """All the shapes in which models stand in each other."""

    leaf: Leaf | None = None
    leaves: tuple[Leaf, ...] = Field((), min_length=2)
    named: dict[str, Leaf] = Field(default_factory=dict)
    either: Leaf | Other | None = None
    switch: bool | Literal["no"] = True
    listed: Annotated[list[Annotated[int, Field(gt=0)]], Field(max_length=3)] = Field(default_factory=list)
    needed: str = Field(description="It is needed.")
    bare: str
    aliased: int = Field(0, validation_alias=AliasChoices("alias", "other_alias"))
    plain: float = Field(0, alias="real")
    wide: dict[str, float] = Field(default_factory=dict)


def words(written: dict[str, Any], sources: dict[str, str] | None = None) -> dict[str, str]:
    """Each problem by its path; `needed` and `bare` are there unless told otherwise."""
    with pytest.raises(ValidationError) as refused:
        Tree.model_validate({"needed": "a", "bare": "b", **written})
    whole = {"needed": "a", "bare": "b", **written}
    problems = explain(refused.value, Tree, whole, ("base",), sources or {})
    return {problem.path.removeprefix("base."): f"{problem.problem}; {problem.remedy}" for problem in problems}


@pytest.mark.parametrize(
    ("written", "path", "said"),
    [
        ({"leaf": {"count": 0}}, "leaf.count", "expected at least 1, found a number (0); "),
        ({"leaf": {"count": 10}}, "leaf.count", "expected at most 9, found a number (10); "),
        ({"leaf": {"count": "x"}}, "leaf.count", "expected a whole number, found a string of 1 character; "),
        ({"leaf": {"count": 1.5}}, "leaf.count", "expected a whole number, found a number (1.5); "),
        ({"leaf": {"count": []}}, "leaf.count", "expected a whole number, found an empty list; "),
        ({"leaf": {"mode": "hushed"}}, "leaf.mode", "expected 'x' or 'y', found a string of 6 characters; "),
        (
            {"leaf": {"secret": "abc"}},
            "leaf.secret",
            "expected at least 4 characters, found a string of 3 characters; ",
        ),
        (
            {"leaf": {"secret": "a" * 10}},
            "leaf.secret",
            "expected at most 9 characters, found a string of 10 characters; ",
        ),
        ({"leaf": {"secret": 1234}}, "leaf.secret", "expected a text, found a number; put it in quotes"),
        ({"leaf": {"secret": None}}, "leaf.secret", "expected a text, found nothing; "),
        ({"leaf": {"never": "x"}}, "leaf.never", "never right; "),
        ({"leaf": {"later": 1}}, "leaf.later", "not supported yet; wait"),
        ({"leaf": {"amount": 1}}, "leaf.amount", "unknown name; did you mean `count`?"),
        ({"leaf": {"conut": 1}}, "leaf.conut", "unknown name; did you mean `count`?"),
        ({"leaf": []}, "leaf", "expected a mapping, found an empty list; "),
        ({"leaves": [{}, {"conut": 1}]}, "leaves[1].conut", "unknown name; did you mean `count`?"),
        ({"leaves": [{}]}, "leaves", "expected at least 2 in the list, found a list of 1; "),
        ({"leaves": {}}, "leaves", "expected a list, found an empty mapping; "),
        ({"named": {"a b": {"conut": 1}}}, 'named["a b"].conut', "unknown name; did you mean `count`?"),
        ({"named": 3}, "named", "expected a mapping, found a number (3); "),
        ({"listed": [1, 0]}, "listed[1]", "expected more than 0, found a number (0); "),
        ({"listed": [1, 1, 1, 1]}, "listed", "expected at most 3 in the list, found a list of 4; "),
        ({"either": {"widht": 1}}, "either.widht", "unknown name; did you mean `width`?"),
        ({"switch": "maybe"}, "switch", "expected `true` or `false`, found a string of 5 characters; "),
        ({"alais": 1}, "alais", "unknown name; did you mean `alias`?"),
        ({"raal": 1}, "raal", "unknown name; did you mean `real`?"),
        ({"alias": "x"}, "alias", "expected a whole number, found a string of 1 character; "),
        ({"real": "x"}, "real", "expected a number, found a string of 1 character; "),
        ({"real": float("inf")}, "real", "expected a finite number, found a number (inf); "),
        ({"wide": {"a": "x"}}, "wide.a", "expected a number, found a string of 1 character; "),
    ],
)
def test_each_error_has_its_path_and_its_words(written: dict[str, Any], path: str, said: str) -> None:
    """No value is shown that may be a secret."""
    assert words(written) == {path: said}


def test_every_error_is_told() -> None:
    """And each place once, whatever a union makes of it."""
    found = words({"leaf": {"count": 0, "mode": "z"}, "switch": [], "leaves": [{"count": 0}, {"count": 0}]})

    assert list(found) == ["leaf.count", "leaf.mode", "leaves[0].count", "leaves[1].count", "switch"]


def test_what_is_missing_is_taught() -> None:
    """With the field's own description, where it has one."""
    with pytest.raises(ValidationError) as refused:
        Tree.model_validate({})

    assert explain(refused.value, Tree, {}, (), {}) == [
        Problem("needed", "required, but missing", "add `needed`: It is needed."),
        Problem("bare", "required, but missing", "add `bare`"),
    ]


def test_a_value_from_the_environment_is_named_by_its_variable() -> None:
    """Its shape is told, and numbers are not shown either."""
    sources = {"base.leaf.count": "COUNT", "base.leaf.secret": "SECRET", "base.leaf.never": "NEVER"}
    found = words({"leaf": {"count": 12345, "secret": "abc", "never": "x"}}, sources)

    assert found == {
        "leaf.count": "expected at most 9, found a number; its value comes from the environment variable COUNT",
        "leaf.secret": "expected at least 4 characters, found a string of 3 characters; "
        "its value comes from the environment variable SECRET",
        "leaf.never": "never right; its value comes from the environment variable NEVER",
    }


def test_a_mapping_that_a_model_reads_as_a_list_keeps_its_names() -> None:
    """`nodes: {"a:80": x}` is wrong at `a:80`, not at 0."""

    class Nodes(BaseModel):
        nodes: list[int]

    with pytest.raises(ValidationError) as refused:
        Nodes.model_validate({"nodes": ["x"]})

    (problem,) = explain(refused.value, Nodes, {"nodes": {"a:80": "x"}}, (), {})
    assert problem.path == 'nodes["a:80"]'


def test_plugins_own_errors_keep_their_words() -> None:
    """A ValueError of a validator, and kinds of errors that have no words here."""

    class Own(BaseModel):
        uneven: Annotated[int, AfterValidator(_refuse_even)] = 1
        pattern: str = Field("a", pattern="^a$")

    with pytest.raises(ValidationError) as refused:
        Own.model_validate({"uneven": 2, "pattern": "b"})

    found = explain(refused.value, Own, {"uneven": 2, "pattern": "b"}, (), {})
    assert [problem.problem for problem in found] == ["even numbers are odd here", "String should match pattern '^a$'"]


def test_what_is_no_model_of_ours_is_explained_as_far_as_it_goes() -> None:
    """A third party's plugin may use anything that pydantic takes."""

    class Part(TypedDict):
        needed: int

    class Own(BaseModel):
        part: Part | None = None
        pair: tuple[int, ...] = ()

    with pytest.raises(ValidationError) as refused:
        Own.model_validate({"part": {}, "pair": ["x"]})

    assert explain(refused.value, Own, {"part": {}, "pair": ["x"]}, (), {}) == [
        Problem("part.needed", "required, but missing", "add `needed`"),
        Problem("pair[0]", "expected a whole number, found a string of 1 character", ""),
    ]


def test_models_are_found_below_mappings_lists_and_nothing() -> None:
    """However they are annotated."""

    class Rooted(BaseModel):
        parts: dict[str, tuple[Other, ...] | None] = Field(default_factory=dict)

    with pytest.raises(ValidationError) as refused:
        Rooted.model_validate({"parts": {"a": [{"widht": 1}]}})

    (problem,) = explain(refused.value, Rooted, {"parts": {"a": [{"widht": 1}]}}, (), {})
    assert (problem.path, problem.remedy) == ("parts.a[0].widht", "did you mean `width`?")


def test_several_refusals_of_a_section_itself_are_all_told() -> None:
    """They have the same path."""

    class Both(Section):
        @classmethod
        def check_shape(cls, written: Any) -> Any:
            yield "", refuse("first")
            yield "", refuse("second")

    with pytest.raises(ValidationError) as refused:
        Both.model_validate({})

    found = explain(refused.value, Both, {}, ("routes", 0), {})
    assert [(problem.path, problem.problem) for problem in found] == [("routes[0]", "first"), ("routes[0]", "second")]
