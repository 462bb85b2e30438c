"""Which routes would fit a request, in which order, and that the router prefers them in the same one."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ostiary.cli.contenders import Asked, Contender, compare, list_contenders
from ostiary.config.checking import CheckedDocument, check_document
from ostiary.config.references import resolve_references
from ostiary.config.snapshot import build_snapshot
from tests.fakes.plugin_types import make_services

UPSTREAM = {"nodes": {"a:80": 1}}
HOSTS = ("a.test", "x.a.test", "b.test")
PATHS = ("/", "/a", "/a/b", "/A/b", "/a/bc", "/b")
CLIENTS = ("", "10.0.0.1", "192.0.2.1")


def document(*routes: dict[str, Any]) -> CheckedDocument:
    """What is written about routes."""
    tree = {"routes": [{"id": f"r{index}", "upstream": UPSTREAM, **route} for index, route in enumerate(routes)]}
    checked = check_document(resolve_references(tree, {}), {})
    assert checked.document is not None
    assert () == checked.problems
    return checked.document


def reasons(asked: Asked, *routes: dict[str, Any]) -> list[str]:
    """Why the others lost to the first whose conditions hold."""
    contenders = list_contenders(document(*routes).routes, asked)
    winner = next(each for each in contenders if not each.refusal)
    return [compare(each, winner) for each in contenders if each is not winner]


def test_each_reason_is_told() -> None:
    """Host, path, priority, order, and conditions."""
    asked = Asked("GET", "a.test", "/a/b")

    assert ["its host (every host) is less exact than *.test"] == reasons(
        asked, {"uri": "/a/b"}, {"uri": "/*", "host": "*.test"}
    )
    assert ["its host (*.test) is less exact than a.test"] == reasons(
        asked, {"uri": "/a/b", "host": "*.test"}, {"uri": "/*", "host": "a.test"}
    )
    assert ["its path /a/b* is less exact than /a/b"] == reasons(asked, {"uri": "/a/b*"}, {"uri": "/a/b"})
    assert ["its priority is 0, the other's 3"] == reasons(asked, {"uri": "/a/b"}, {"uri": "/a/b", "priority": 3})
    assert ["it stands further down"] == reasons(asked, {"uri": "/a/b"}, {"uri": "/a/b"})
    assert ["it takes PUT, POST only"] == reasons(asked, {"uri": "/a/b", "methods": ["PUT", "POST"]}, {"uri": "/*"})
    assert ["it takes clients of 10.0.0.0/8 only: say who asks with --client"] == reasons(
        asked, {"uri": "/a/b", "remote_addr": "10.0.0.0/8"}, {"uri": "/*"}
    )
    assert ["it ignores the path's case, which is less exact"] == reasons(
        asked, {"uri": "/a/b", "ignore_path_case": True}, {"uri": "/a/b"}
    )


def test_what_does_not_fit_or_is_off_is_no_contender() -> None:
    """Another host, another path, no use."""
    asked = Asked("GET", "a.test", "/a")
    routes = document({"uri": "/a", "host": "b.test"}, {"uri": "/b"}, {"uri": "/a", "status": 0}).routes

    assert [] == list_contenders(routes, asked)


written_routes = st.fixed_dictionaries(
    {"uri": st.sampled_from(["/*", "/a", "/a/*", "/a/b", "/a/b*", "/b"])},
    optional={
        "host": st.sampled_from(["a.test", "*.test", "*.a.test", "*"]),
        "methods": st.sampled_from([["GET"], ["PUT", "POST"]]),
        "remote_addr": st.sampled_from(["10.0.0.0/8", "192.0.2.1"]),
        "priority": st.integers(0, 2),
        "ignore_path_case": st.booleans(),
    },
)


@given(
    st.lists(written_routes, min_size=1, max_size=6),
    st.builds(
        Asked, st.sampled_from(["GET", "PUT"]), st.sampled_from(HOSTS), st.sampled_from(PATHS), st.sampled_from(CLIENTS)
    ),
)
def test_the_router_takes_the_first_whose_conditions_hold(routes: list[dict[str, Any]], asked: Asked) -> None:
    """So what is explained is what happens."""
    checked = document(*routes)
    router = build_snapshot(checked, make_services).snapshot.router

    met = router.find(asked.host, asked.path, asked.method, asked.client)

    first: Contender | None = next((each for each in list_contenders(checked.routes, asked) if not each.refusal), None)
    assert (None if met is None else met.id) == (None if first is None else first.declared.id)
