"""YAML text → plain values: nothing but plain values, nothing twice, nothing without bounds."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ostiary.config import reading
from ostiary.config.reading import Reading, read_documents, read_plain, read_yaml


def read(text: str) -> Reading:
    """Read a text with its lines."""
    return read_yaml(text.encode(), with_lines=True)


def problem(text: str) -> tuple[str, str, int | None]:
    """The one problem of a text."""
    (found,) = read(text).problems
    return found.path, found.problem, found.line


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), ("-7", -7), ("+7", 7), ("010", 10), ("0x1F", 31), ("0o17", 15), ("1.5", 1.5), ("1e3", 1000.0),
        (".5", 0.5), ("1.", 1.0), (".inf", float("inf")), ("-.INF", float("-inf")), ("true", True), ("False", False),
        ("null", None), ("~", None), ("", None), ("no", "no"), ("yes", "yes"), ("on", "on"), ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"), ("1_000", "1_000"), ("127.0.0.1:80", "127.0.0.1:80"), ("0x", "0x"), ("+", "+"),
        ("0b1", "0b1"), ("'1'", "1"), ('"true"', "true"), ("!!str 1", "1"), ("!!int 1", 1), ("! 1", "1"), ("a", "a"),
        ("1" * 31, "1" * 31), ("-", [None]), ("$ENV://A", "$ENV://A"),
    ],
)  # fmt: skip
def test_scalars_follow_the_core_schema(text: str, value: object) -> None:
    """YAML 1.2.2 §10.3: no surprises with `no`, times, dates and leading zeros."""
    tree = read(text).tree

    assert (tree, type(tree)) == (value, type(value))


def test_not_a_number_is_a_number() -> None:
    """Models refuse it; YAML has it."""
    assert str(read(".NaN").tree) == "nan"


def test_lines_are_known_for_every_path() -> None:
    """As they are counted by editors."""
    found = read("gateway:\n  listen:\n    - port: 1\n\nroutes:\n  - id: a\n    upstream: {nodes: {'a:80': 1}}\n")

    assert found.lines == {
        "gateway": 1,
        "gateway.listen": 2,
        "gateway.listen[0]": 3,
        "gateway.listen[0].port": 3,
        "routes": 5,
        "routes[0]": 6,
        "routes[0].id": 6,
        "routes[0].upstream": 7,
        "routes[0].upstream.nodes": 7,
        'routes[0].upstream.nodes["a:80"]': 7,
    }
    assert read_yaml(b"a: 1").lines == {}


def test_names_are_texts() -> None:
    """Whatever they look like."""
    assert read("1: a\ntrue: b\n~: c").tree == {"1": "a", "true": "b", "~": "c"}


def test_every_name_that_stands_twice_is_told_and_reading_goes_on() -> None:
    """The first value stays."""
    found = read("a: 1\nb: {c: 1, c: 2}\na: 3\n")

    assert found.tree == {"a": 1, "b": {"c": 1}}
    assert [(each.path, each.line) for each in found.problems] == [("b.c", 2), ("a", 3)]


def test_aliases_and_merges_work() -> None:
    """A mapping's own names win, then earlier merges."""
    text = "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz: {<<: [*x, *y], a: 9}\nw: {<<: *x}\nv: *x\nu: {'<<': 1}\n"

    tree = read(text).tree
    assert (tree["z"], tree["w"], tree["v"]) == ({"a": 9, "b": 2, "c": 4}, {"a": 1, "b": 2}, {"a": 1, "b": 2})
    assert tree["u"] == {"<<": 1}


@pytest.mark.parametrize(
    ("text", "path", "words", "line"),
    [
        ("a: [1", "", "no valid YAML", 2),
        ("a: 1\n\tb: 2", "", "no valid YAML", 2),
        ("a: 1\n--- \nb: 2", "", "several documents", 2),
        ("a:\n  b: *c", "a.b", "stands for nothing", 2),
        ("a: &a [*a]", "a[0]", "stands for nothing", 1),
        ("a: {[1]: 2}", "a", "a name is a text", 1),
        ("a: !!python/object:os.system x", "a", "not allowed", 1),
        ("a: !!binary aGk=", "a", "not allowed", 1),
        ("a: !!set {b}", "a", "not allowed", 1),
        ("a: !mine [1]", "a", "not allowed", 1),
        ("a: {<<: 1}", "a", "takes over a mapping", 1),
        ("a: {<<: [1]}", "a", "takes over a mapping", 1),
        ("a: \x07", "", "does not allow", None),
    ],
)
def test_what_is_refused_says_where(text: str, path: str, words: str, line: int | None) -> None:
    """Syntax, tags, odd names, several documents."""
    found = problem(text)

    assert (found[0], found[2]) == (path, line)
    assert words in found[1]


def test_files_have_a_size_and_an_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are told before anything is parsed."""
    assert read_yaml(b"a: b\nc: \xff").problems[0].line == 2
    assert read_yaml(b"\xef\xbb\xbfa: b").tree == {"a": "b"}
    monkeypatch.setattr(reading, "MAX_FILE_BYTES", 3)
    assert "larger than" in read_yaml(b"a: b").problems[0].problem


def test_depth_is_bounded() -> None:
    """Brackets cannot exhaust the stack."""
    assert read("[" * 40 + "]" * 40).problems == ()
    assert "deeper than 40" in problem("[" * 42 + "]" * 42)[1]
    assert "deeper than 40" in problem("[" * 100_000)[1]


def test_aliases_cannot_multiply() -> None:
    """Nine levels of nine are a billion of nothing."""
    text = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
    text += "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))

    assert "multiply" in problem(text)[1]


def test_an_empty_file_is_nothing() -> None:
    """Which the document then refuses."""
    assert read("") == Reading(None, (), {})
    assert read("# only a comment\n") == Reading(None, (), {})


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(PLAIN)
def test_what_was_written_is_read(value: object) -> None:
    """Any plain value goes through YAML and comes back, in block and in flow style."""
    for flow in (True, False):
        text = yaml.safe_dump(value, default_flow_style=flow, allow_unicode=True, default_style='"')
        assert read_yaml(text.encode()).problems == ()
        assert read_yaml(text.encode()).tree == value


@given(st.binary(max_size=200) | st.text(alphabet="abc:[]{}-&*!'\"|>#%@,? \n\t<0~", max_size=60).map(str.encode))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    """They are a value or a problem, with and without lines."""
    found = read_yaml(content, with_lines=True)

    assert found[:2] == read_yaml(content)[:2] or found.tree != found.tree


# ------------------------------------------------------------------------------------------- several documents


def test_documents_are_read_one_by_one() -> None:
    """Each with the lines of the file; those that say nothing are left out."""
    readings = read_documents(b"# first\n---\na: 1\n---\n---\n# nothing\n---\nb:\n  - 2\n...\n---\n7\n")

    assert [{"a": 1}, {"b": [2]}, 7] == [reading.tree for reading in readings]
    assert [{"a": 3}, {"b": 8, "b[0]": 9}, {}] == [reading.lines for reading in readings]


def test_one_document_is_a_file_of_documents_too() -> None:
    """With and without a mark in front; nothing at all is none."""
    assert [({"a": 1},)] * 2 == [
        tuple(reading.tree for reading in read_documents(text)) for text in (b"a: 1\n", b"---\na: 1\n")
    ]
    assert () == read_documents(b"")


def test_anchors_end_with_their_document() -> None:
    """And a problem belongs to the document that it is in."""
    first, second = read_documents(b"a: &x {b: 1, b: 2}\n---\nc: *x\n")

    assert ["a.b"] == [found.path for found in first.problems]
    assert ([3], None) == ([found.line for found in second.problems], second.tree)


def test_what_stands_before_a_broken_document_is_read() -> None:
    """What stands behind it cannot be."""
    first, broken = read_documents(b"a: 1\n---\nb: [1\n---\nc: 1\n")

    assert {"a": 1} == first.tree
    assert (None, True) == (broken.tree, "no valid YAML" in broken.problems[0].problem)


@pytest.mark.parametrize("content", [b"a: \xff\n", b" " * 11])
def test_a_file_that_is_no_text_or_too_large_has_no_documents(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a problem."""
    monkeypatch.setattr(reading, "MAX_FILE_BYTES", 10)

    (found,) = read_documents(content)

    assert (None, 1) == (found.tree, len(found.problems))


def test_a_plain_scalar_says_what_it_says_in_a_file() -> None:
    """Whoever writes YAML asks which texts need quotes."""
    assert ["no", 1000.0, 10, None, "a"] == [read_plain(text) for text in ("no", "1e3", "010", "~", "a")]
