"""No task, no timer, no turn of the loop between the last byte in and the first byte out (DESIGN.md §4)."""

from ostiary.plugin import edit_request
from tests.fakes.conversation import Conversation
from tests.fakes.messages import forwarded, relayed, request, response
from tests.fakes.scripted_plugins import Later, ScriptedPlugin, admit

BROWSER = ("Accept: text/html", "Cookie: session=abc", "Accept-Language: de", "User-Agent: Mozilla")


def test_a_cached_request_needs_no_task() -> None:
    """Verdict in memory, line idle: a hundred requests spawn nothing; only the first, which dialled, had a task."""
    plugin = ScriptedPlugin(admit(edits=edit_request([("X-Who", "alice")])), authenticates=True)
    with Conversation({"guard": plugin}) as talk:
        client = talk.connect()
        client.says(request("GET /", *BROWSER))
        upstream = talk.line()
        upstream.answers(response(body=b"hello"))
        assert (["exchange"], ["10.0.0.1:8000"]) == (talk.tasks, talk.dialled)
        made = talk.loop.tasks_made
        for _ in range(100):
            client.says(request("GET /", *BROWSER))
            upstream.answers(response(body=b"hello"))
        assert 101 == len(plugin.asked)
        assert made == talk.loop.tasks_made
        assert ["exchange"] == talk.tasks
        upstream.take()
        client.take()


def test_a_cached_request_goes_out_before_its_read_returns() -> None:
    """Inside `data_received`, in both directions, where writes are not deferred: without a single turn of the loop."""
    with Conversation({"guard": ScriptedPlugin(admit(), authenticates=True)}, defers=False) as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response(body=b"hello"))
        client.take()
        client.transport.protocol.data_received(request("GET /2"))
        upstream.hears(forwarded("GET /2"))
        upstream.transport.protocol.data_received(response(body=b"2"))
        client.hears(relayed("200 OK", after=("Cache-Control: private",), body=b"2"))


def test_a_reply_from_memory_goes_out_before_its_read_returns() -> None:
    """Not found needs nobody."""
    routes = [{"uri": "/a", "upstream": {"nodes": {"10.0.0.1:80": 1}}}]
    with Conversation(routes=routes, defers=False) as talk:
        client = talk.connect()
        made = talk.loop.tasks_made
        client.transport.protocol.data_received(request("GET /b"))
        assert client.take().startswith(b"HTTP/1.1 404 ")
        assert made == talk.loop.tasks_made


def test_one_task_for_a_verdict_that_is_not_in_memory() -> None:
    """And none for the line, which is idle."""
    later = Later()
    plugin = ScriptedPlugin(lambda request, *_: later.pending if request.path == "/slow" else admit())
    with Conversation({"guard": plugin}) as talk:
        client = talk.connect()
        client.says(request("GET /quick"))
        upstream = talk.line()
        upstream.answers(response(body=b"1"))
        talk.tasks.clear()
        client.says(request("GET /slow"))
        assert ["exchange"] == talk.tasks
        later.settle(admit())
        talk.work()
        assert ["exchange"] == talk.tasks
        upstream.answers(response(body=b"2"))
        upstream.take()
        client.take()


def test_writes_wait_for_the_end_of_the_turn_at_most() -> None:
    """Deferred, so that many go out in a row; still no task, and no second turn."""
    with Conversation({"guard": ScriptedPlugin(admit(), authenticates=True)}) as talk:
        client = talk.connect()
        client.says(request())
        upstream = talk.line()
        upstream.answers(response(body=b"1"))
        upstream.take()
        client.take()
        made = talk.loop.tasks_made
        client.transport.protocol.data_received(request("GET /2"))
        upstream.hears_nothing()
        talk.work()
        upstream.hears(forwarded("GET /2"))
        upstream.answers(response(body=b"2"))
        client.hears(relayed("200 OK", after=("Cache-Control: private",), body=b"2"))
        assert made == talk.loop.tasks_made
