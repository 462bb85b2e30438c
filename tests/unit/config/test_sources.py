"""Where a configuration comes from, and where a place in it is, for people."""

from ostiary.config.sources import make_line_finder


def test_a_place_that_is_in_no_file_is_named_alone() -> None:
    """The nearest thing above it otherwise."""
    find_line = make_line_finder("o.yaml", {"routes[0]": 3})

    assert "routes[0].plugins.x, o.yaml line 3" == find_line("routes[0].plugins.x")
    assert "instance" == find_line("instance")
