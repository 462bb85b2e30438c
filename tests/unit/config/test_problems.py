"""Problems: where, what, what to write; and never a value that may be a secret."""

from hypothesis import given
from hypothesis import strategies as st

from ostiary.config.problems import (
    Problem,
    describe_shape,
    find_line,
    find_nearest,
    lies_within,
    quote,
    render_path,
    report_problems,
    word_unknown,
)


def test_a_problem_is_one_line() -> None:
    """Path, line, problem, remedy, as far as they are there."""
    assert str(Problem("a.b", "wrong", "mend it", 3)) == "a.b (line 3): wrong; mend it"
    assert str(Problem("a.b", "wrong")) == "a.b: wrong"
    assert str(Problem("", "wrong")) == "the file: wrong"
    assert str(Problem("", "wrong", file="a.yaml")) == "a.yaml: wrong"


def test_a_report_is_for_people_and_editors() -> None:
    """`file:line: path: problem`, then the remedy, then how many."""
    problems = [Problem("a", "wrong", "mend it", 3), Problem("", "no YAML"), Problem("b", "bad")]

    assert report_problems("o.yaml", problems).splitlines() == [
        "o.yaml:3: a: wrong",
        "    mend it",
        "o.yaml: no YAML",
        "o.yaml: b: bad",
        "3 problems; nothing was started or changed",
    ]
    assert report_problems("o.yaml", problems[:1]).endswith("\n1 problem; nothing was started or changed")


def test_a_report_names_the_file_of_each_problem_and_what_they_led_to() -> None:
    """Where a configuration is a folder, and serves in part."""
    problems = [Problem("a", "wrong", line=3, file="x.yaml"), Problem("b", "bad")]

    assert report_problems("folder", problems, "the rest is served").splitlines() == [
        "x.yaml:3: a: wrong",
        "folder: b: bad",
        "2 problems; the rest is served",
    ]


def test_paths_are_written_as_people_find_them() -> None:
    """Indices in brackets, unusual names in quotes."""
    assert render_path(("routes", 0, "plugins", "openid-connect", "scope")) == "routes[0].plugins.openid-connect.scope"
    assert render_path(("nodes", "a:80")) == 'nodes["a:80"]'
    assert render_path(()) == ""
    assert render_path(("a b",)) == '["a b"]'


def test_a_path_has_the_line_of_what_is_nearest_above_it() -> None:
    """Also where it does not stand itself; names in quotes may have dots."""
    lines = {"a": 1, "a.b[0]": 3, 'a.n["x.y/z"]': 5}

    assert [1, 3, 1, 5, 1, None, None] == [
        find_line(lines, path) for path in ("a", "a.b[0].c", "a.c", 'a.n["x.y/z"].v', 'a.n["x.y"]', "b", "")
    ]


def test_places_are_compared_at_their_joints() -> None:
    """`a` is not above `ab`."""
    assert [True, True, True, False] == [lies_within(path, "a.b") for path in ("a.b", "a.b.c", "a.b[0]", "a.bc")]


def test_names_are_shown_without_control_characters_and_not_in_full() -> None:
    """A terminal is not to be driven by a file."""
    assert quote("a\x1b[2J") == '"a\\u001b[2J"'
    assert quote("x" * 100) == '"' + "x" * 80 + '…"'


def test_values_are_shown_by_their_shape() -> None:
    """Numbers and truth values in full, unless they come from elsewhere; texts never."""
    assert describe_shape("abcd") == "a string of 4 characters"
    assert describe_shape("a") == "a string of 1 character"
    assert describe_shape("") == "an empty string"
    assert describe_shape({}) == "an empty mapping"
    assert describe_shape({"a": 1}) == "a mapping"
    assert describe_shape([]) == "an empty list"
    assert describe_shape((1, 2)) == "a list of 2"
    assert describe_shape(None) == "nothing"
    assert describe_shape(3) == "a number (3)"
    assert describe_shape(3, is_secret=True) == "a number"
    assert describe_shape(value=True) == "a truth value (true)"


def test_the_nearest_name_is_found_across_case_and_dashes() -> None:
    """And nothing where nothing is near."""
    known = ["client_id", "client_secret", "uri", "uris"]

    assert find_nearest("client_secrt", known) == "client_secret"
    assert find_nearest("Client-ID", known) == "client_id"
    assert find_nearest("urls", known) == "uris"
    assert find_nearest("xyzzy", known) is None
    assert find_nearest("anything", []) is None


def test_an_unknown_name_is_worded_by_what_is_known_of_it() -> None:
    """To come, renamed, misspelt, or no idea."""
    assert word_unknown("admin", ["a"], {"admin": "wait"}, {}) == Problem("", "not supported yet", "wait")
    assert word_unknown("keepalive", ["a"], {}, {}, {"keepalive": "leave it out"}) == Problem(
        "", "is not an attribute here", "leave it out"
    )
    assert word_unknown("path", ["uri"], {}, {"path": "uri"}).remedy == "did you mean `uri`?"
    assert word_unknown("hots", ["host"], {}, {}).remedy == "did you mean `host`?"
    assert word_unknown("admni", ["a"], {"admin": ""}, {}).remedy == "did you mean `admin`?"
    assert word_unknown("xyzzy", ["b", "a"], {}, {}).remedy == "known here: a, b"
    assert word_unknown("xyzzy", [], {}, {}).remedy == "nothing is configured here"
    assert "documentation" in word_unknown("xyzzy", [f"name_{n}" for n in range(21)], {}, {}).remedy


@given(st.text(), st.lists(st.text(), max_size=5))
def test_any_name_is_quoted_and_compared(name: str, known: list[str]) -> None:
    """Whatever somebody writes: printable, in one piece, and never an error."""
    assert quote(name).isprintable()
    assert find_nearest(name, known) in (None, *known)
