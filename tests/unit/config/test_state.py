"""The `state` part: a file by default, Redis for several nodes; and what of it reaches a snapshot."""

from typing import Any

import pytest

from ostiary.config.loading import Loaded, load_content
from ostiary.config.snapshot import Snapshot
from ostiary.plugin import Place, Services
from ostiary.store_settings import RedisSettings, SqliteSettings, StoreSettings
from tests.fakes.plugin_types import make_services, registry_of

ROUTE = """
routes:
  - {id: orders, uri: /orders/*, plugins: {fake: {}}, upstream: {nodes: {"127.0.0.1:8000": 1}}}
"""


TYPES = registry_of()


def load_state(state: str, previous: Snapshot | None = None, make: Any = make_services) -> Loaded:
    """Load a configuration with a `state`."""
    text = f"state: {state}\n{ROUTE}" if state else ROUTE
    return load_content(text.encode(), {"PASSWORD": "sesame"}, TYPES, make, previous)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", SqliteSettings(path="./ostiary-state.db", disposable=True)),
        ("{type: sqlite}", SqliteSettings(path="./ostiary-state.db", disposable=True)),
        ("{type: sqlite, path: /var/lib/o.db}", SqliteSettings(path="/var/lib/o.db", disposable=True)),
        ("{type: redis}", RedisSettings(prefix="ostiary")),
        (
            "{type: redis, host: cache, password: $ENV://PASSWORD, prefix: a, read_timeout: 500}",
            RedisSettings(host="cache", password="sesame", prefix="a", read_timeout_s=0.5),
        ),
    ],
)
def test_what_is_written_is_what_services_are_made_with(written: str, expected: StoreSettings) -> None:
    """Every plugin of the snapshot."""
    seen = []

    def make(place: Place, public_url: str | None, reaches: Any, state: StoreSettings) -> Services:
        seen.append(state)
        return make_services(place, public_url, reaches, state)

    loaded = load_state(written, make=make)

    assert () == loaded.problems
    assert loaded.document is not None
    assert [expected] == seen == [loaded.document.state]


@pytest.mark.parametrize(
    ("written", "where", "expected"),
    [
        ("{}", "state", "its `type` is neither `sqlite` nor `redis`; write `type: sqlite` for one machine"),
        ("{type: etcd}", "state", "its `type` is neither"),
        ("{type: [redis]}", "state", "its `type` is neither"),
        ("{type: redis, path: x}", "state.path", "unknown name"),
        ("{type: sqlite, host: x}", "state.host", "unknown name"),
        ("{type: redis, port: 0}", "state.port", "expected at least 1, found"),
        ("{type: redis, hots: x}", "state.hots", "did you mean `host`?"),
        ("{type: sqlite, path: ''}", "state.path", "expected at least 1 characters"),
        ("7", "state", "expected a mapping, found a number"),
    ],
)
def test_what_cannot_stand_is_refused_where_it_is(written: str, where: str, expected: str) -> None:
    """With what to write."""
    loaded = load_state(written)

    assert loaded.snapshot is None
    (problem,) = loaded.problems
    assert where == problem.path
    assert expected in f"{problem.problem}; {problem.remedy}"


def test_another_state_makes_new_instances() -> None:
    """What did not change is taken over, as ever."""
    first = load_state("").snapshot
    assert first is not None
    same = load_state("{type: sqlite}", first).snapshot
    other = load_state("{type: redis}", same).snapshot
    assert same is not None
    assert other is not None

    assert first.routes[0].plugins[0] is same.routes[0].plugins[0]
    assert first.routes[0].plugins[0] is not other.routes[0].plugins[0]


def test_unverified_tls_is_told_at_start() -> None:
    """Once, with its place."""
    loaded = load_state("{type: redis, ssl: true, ssl_verify: false}")

    assert loaded.snapshot is not None
    assert ["state: ssl_verify is false"] == [notice[:26] for notice in loaded.snapshot.notices]
