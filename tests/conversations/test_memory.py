"""A connection remembers what it said last; nobody can tell from what is answered, forwarded or logged."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ostiary.http.request import Request
from ostiary.plugin import Admit, Principal, Reply, Verdict, edit_request
from tests.fakes.conversation import Conversation, Upstream
from tests.fakes.messages import request, response
from tests.fakes.scripted_plugins import ALICE, BOB, ScriptedPlugin

REPLIES = {
    "ok": response("200 OK", "Server: a", "Set-Cookie: u=1", body=b"ok"),
    "ours": response("200 OK", "Server: a", "Set-Cookie: ours=1", body=b"ok"),
    "bare": response("204 No Content", "Server: a"),
}


def decide(request: Request, principal: Principal | None, now: float) -> Verdict:
    """Say who it is by the token, and tell the upstream; nobody without one."""
    token = request.field(b"authorization")
    if token is None:
        return Reply(401, reason="no_token", body=repr(request.cookies).encode("ascii"))
    name = token.decode("latin-1")
    names = ("X-Who",) if "extra" not in name else ("X-Who", "X-Extra")
    who = ALICE if "alice" in name else BOB
    return Admit(who, reason=name[-5:], edits=edit_request([(header, name) for header in names]))


TOKENS = ["Bearer alice", "Bearer alice2 extra", "Bearer bob", "bearer  bob ", "x" * 300]
PARTS: dict[str, list[Any]] = {
    "method": [("GET", None), ("HEAD", None), ("POST", None), ("POST", b"hi")],
    "target": ["/", "/?q=1", "/b", "/c%20d"],
    "host": ["a", "b:81"],
    "version": ["1.1", "1.0"],
    "before": [(), ("A: 1",), ("A: 2",), ("Cookie: ours=1; a=1", "A: 1")],
    "token": [(), *((f"Authorization: {token}",) for token in TOKENS), ("authorization: Bearer bob",)],
    "after": [(), ("X-Extra: 9",), ("Cookie: b=2",), ("Connection: a, keep-alive",), ("Connection: authorization",)],
}
KINDS = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in PARTS.items()})
# Credentials and fields that edits replace are what a memory would mix up: they change most often.
CHANGED = [*PARTS, "token", "token", "token", "token", "after"]
CHANGES = st.sampled_from(CHANGED).flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(PARTS[name])))


def write(kind: dict[str, Any]) -> bytes:
    """Write a request of a kind; an old one asks to keep the connection."""
    method, body = kind["method"]
    keep = ("Connection: keep-alive",) if kind["version"] == "1.0" else ()
    fields = (*kind["before"], *kind["token"], *kind["after"], *keep)
    return request(f"{method} {kind['target']}", *fields, body=body, version=kind["version"], host=kind["host"])


@st.composite
def turns(draw: st.DrawFn) -> list[tuple[bytes, str]]:
    """Requests of which each repeats the one before it but for a thing or two, and what the upstream says to each."""
    kind = draw(KINDS)
    drawn = []
    for changes in draw(st.lists(st.lists(CHANGES, max_size=1), min_size=4, max_size=12)):
        kind = {**kind, **dict(changes)}
        drawn.append((write(kind), draw(st.sampled_from(sorted(REPLIES)))))
    return drawn


Exchanged = tuple[bytes, bytes, dict[str, Any]]


def hold(sent: list[bytes], said: list[str], *, apart: bool) -> list[Exchanged]:
    """Send requests over one connection on either side, or each over connections of its own; return what came of each.

    What came is what the upstream was told, what the client heard, and the record without its id.
    """
    plugin = ScriptedPlugin(decide, authenticates=True, cookie_names=("ours",))
    keepalive = {"requests": 1} if apart else {}
    exchanged: list[Exchanged] = []
    with Conversation({"guard": plugin}, upstream={"keepalive_pool": keepalive} if apart else {}) as talk:
        client = talk.connect()
        upstream: Upstream | None = None
        for message, reply in zip(sent, said, strict=True):
            if apart or client.transport.fate != "open":
                client = talk.connect()
            client.says(message)
            told = b""
            if len(talk._lines):
                upstream = talk.line()
            if upstream is not None and (told := upstream.take()):
                upstream.answers(REPLIES["bare" if told.startswith(b"HEAD") else reply])
            exchanged.append((told, client.take(), {**talk.records()[-1], "id": ""}))
    return exchanged


@given(turns())
def test_a_connection_that_repeats_itself_is_treated_as_if_it_were_new(drawn: list[tuple[bytes, str]]) -> None:
    """Heads, sections, targets, rendered fields, credentials, response heads: whatever is remembered is the same."""
    sent, said = [message for message, _ in drawn], [reply for _, reply in drawn]

    assert hold(sent, said, apart=True) == hold(sent, said, apart=False)
