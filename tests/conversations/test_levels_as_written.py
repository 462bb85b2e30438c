"""What a running gateway asks of whom, and what `ostiary explain` says of it, are what the documents say.

The documents are read out by `tests.fakes.levels`, which knows none of the code that serves.
"""

import re
from io import StringIO

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ostiary.cli.contenders import Asked
from ostiary.cli.explain import explain_loaded, read_request
from ostiary.cli.presentation import Screen
from ostiary.config.loading import Loaded, load_content
from tests.fakes.conversation import Conversation
from tests.fakes.levels import (
    Ask,
    Decider,
    Document,
    Expected,
    covers,
    documents,
    expect,
    make_types,
    rank_host,
    requests,
)
from tests.fakes.plugin_types import make_services

# A domain's pattern that begins within a label, a route for the one host that is its end, and a path both want.
WITHIN_A_LABEL: Document = {
    "routes": [
        {
            "id": "r0",
            "uris": ["/*"],
            "hosts": ["a.test"],
            "plugins": {"fake": {"secret": "routes[0].plugins.fake", "mode": "auth", "claimed": "/cb"}},
            "upstream": {"nodes": {"10.0.0.1:80": 1}},
        }
    ],
    "services": [],
    "domains": [
        {
            "hosts": ["*a.test"],
            "plugins": {"fake": {"secret": "domains[0].plugins.fake", "mode": "auth", "claimed": "/cb"}},
        }
    ],
    "instance": {"plugins": {}},
}
CONTRADICTIONS = ("this only restricts a wider level's configuration", "is also wanted by")
NODES = {f"10.0.0.{number}:80" for number in (1, 2, 3, 4, 90, 91)}
FROM = re.compile(r"  (?:fake|late): from .* \((.+)\)\Z")
RESTRICTED = re.compile(r"    .* \((.+)\): declares what the one above restricts\Z")
COMPARED = re.compile(r"  not .*: its (host|path) \(?(.+?)\)? is less exact than (.+)\Z")


def load(document: Document, asked: list[Decider]) -> Loaded:
    """Load a document as from a file; what contradicts itself is refused, and nothing else is."""
    loaded = load_content(yaml.safe_dump(document).encode(), {}, make_types(asked), make_services)
    assert (loaded.snapshot is None) == bool(loaded.problems)
    for problem in loaded.problems:
        assert any(text in problem.problem for text in CONTRADICTIONS), problem
    return loaded


@settings(max_examples=150)
@given(documents(), st.lists(requests(), min_size=8, max_size=15))
@example(WITHIN_A_LABEL, [Ask(host, "/cb", "GET", "10.0.0.1", host, "/cb") for host in ("a.test", "xa.test")])
def test_a_gateway_asks_whom_the_documents_name(document: Document, asks: list[Ask]) -> None:
    """Whatever the spelling: the same plugins in the same order, and nothing reaches an upstream but by its route."""
    asked: list[Decider] = []
    snapshot = load(document, asked).snapshot
    if snapshot is None:
        return
    with Conversation() as talk:
        talk.refusing = NODES
        talk.server.install(snapshot, "req")
        for ask in asks:
            asked.clear()
            client = talk.connect(ask.client)
            client.says(ask.message)
            client.take()
            record = talk.records()[-1]
            assert record["status"] in {404, 502}, record
            met = Expected(record.get("route", ""), list(asked), record["status"] == 502)
            assert expect(document, ask) == met, ask


@settings(max_examples=150)
@given(documents(), st.lists(requests(), min_size=8, max_size=15))
def test_what_is_explained_is_what_happens(document: Document, asks: list[Ask]) -> None:
    """The route, the plugins with their places in their order, and whether anything is forwarded; reasons are true."""
    loaded = load(document, [])
    if loaded.snapshot is None or loaded.document is None:
        return
    for ask in asks:
        written = ask.written_target.removeprefix(f"http://{ask.written_host}")
        read = read_request(ask.method, f"http://{ask.written_host}{written}", ask.client)
        assert isinstance(read, Asked)
        stream = StringIO()
        explain_loaded(read, loaded.snapshot, loaded.document, str, Screen(stream))
        lines = stream.getvalue().splitlines()
        assert expect(document, ask) == read_explanation(lines), (ask, lines)
        assert not any("has routes of its own" in line for line in lines), lines
        for kind, less, more in (found.groups() for line in lines if (found := COMPARED.match(line))):
            rank = rank_host if kind == "host" else rank_path
            assert rank(less.replace("every host", "")) > rank(more.replace("every host", "")), lines


def rank_path(path: str) -> tuple[bool, int]:
    """Exact paths first, then prefixes, the longest first."""
    return path.endswith("*"), -len(path)


def read_explanation(lines: list[str]) -> Expected:
    """Read what was printed back into what it says."""
    route = re.match(r"Route (\S+) ", lines[1])
    deciders: list[Decider] = []
    for line in lines:
        if found := FROM.match(line):
            deciders.append(Decider(found[1]))
        elif found := RESTRICTED.match(line):
            deciders[-1] = Decider(deciders[-1].place, found[1])
    is_forwarded = any(line.startswith("What may pass goes to ") for line in lines)
    return Expected(route[1] if route else "", deciders, is_forwarded)


def test_the_yardstick_knows_patterns() -> None:
    """Where the naive reading itself could be wrong."""
    assert covers("*.a.test", "b.a.test")
    assert covers("", "*")
    assert not covers("a.test", "*a.test")
    assert not covers("*.a.test", "*a.test")
