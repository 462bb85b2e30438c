"""Which node is asked, and what happens when it cannot be reached."""

from tests.fakes.conversation import Conversation, Upstream
from tests.fakes.messages import forwarded, relayed, request, response

TWO = {"nodes": {"10.0.0.1:8000": 1, "10.0.0.2:8000": 1}}


def test_nodes_take_turns() -> None:
    """Round robin, each with lines of its own."""
    with Conversation(upstream={"nodes": {"10.0.0.1:8000": 2, "10.0.0.2:8000": 1}}) as talk:
        client = talk.connect()
        lines: dict[str, Upstream] = {}
        for _ in range(6):
            client.says(request())
            if len(talk.dialled) > len(lines):
                line = talk.line()
                lines[line.transport.get_extra_info("peername")[0]] = line
            line = next(line for line in lines.values() if line.transport.sent)
            line.hears(forwarded())
            line.answers(response(body=b"ok"))
            client.hears(relayed(body=b"ok"))
        assert ["10.0.0.1:8000", "10.0.0.2:8000"] == talk.dialled
        served = [record["upstream"] for record in talk.records()]
        assert ["10.0.0.1:8000"] * 4 + ["10.0.0.2:8000"] * 2 == sorted(served)
        assert served[:3] == served[3:]


def test_a_node_that_refuses_gives_way_to_another() -> None:
    """Nothing was sent yet, so any request may go elsewhere; every node is tried once."""
    with Conversation(upstream=TWO) as talk:
        talk.refusing = {"10.0.0.1:8000"}
        client = talk.connect()
        client.says(request("POST /", body=b"hello"))
        assert ["10.0.0.1:8000", "10.0.0.2:8000"] == talk.dialled
        upstream = talk.line()
        upstream.hears(forwarded("POST /", body=b"hello"))
        upstream.answers(response(body=b"ok"))
        client.hears(relayed(body=b"ok"))
        assert "10.0.0.2:8000" == talk.records()[0]["upstream"]


def test_every_node_refusing_is_a_bad_gateway() -> None:
    """Each is asked once."""
    with Conversation(upstream=TWO) as talk:
        talk.refusing = {"10.0.0.1:8000", "10.0.0.2:8000"}
        client = talk.connect()
        client.says(request())
        client.hears_fault(502, "upstream_refused", close=False)
        client.stays_connected()
        assert ["10.0.0.1:8000", "10.0.0.2:8000"] == talk.dialled


def test_retries_have_a_number() -> None:
    """`retries: 0` asks nobody else."""
    with Conversation(upstream={**TWO, "retries": 0}) as talk:
        talk.refusing = {"10.0.0.1:8000"}
        client = talk.connect()
        client.says(request())
        client.hears_fault(502, "upstream_refused", close=False)
        assert ["10.0.0.1:8000"] == talk.dialled


def test_a_node_that_does_not_take_the_connection_is_given_up() -> None:
    """`timeout.connect`, then the next node."""
    with Conversation(upstream={**TWO, "timeout": {"connect": 3}}) as talk:
        talk.silent = {"10.0.0.1:8000"}
        client = talk.connect()
        client.says(request())
        talk.pass_time(2.9)
        assert ["10.0.0.1:8000"] == talk.dialled
        talk.pass_time(0.2)
        upstream = talk.line()
        upstream.hears(forwarded())
        upstream.answers(response(body=b"ok"))
        client.hears(relayed(body=b"ok", date="Fri, 15 Jan 2027 08:00:03 GMT"))


def test_no_node_at_all_closes_the_route() -> None:
    """Every weight is 0: 503, come back later."""
    with Conversation(upstream={"nodes": {"10.0.0.1:8000": 0}}) as talk:
        client = talk.connect()
        client.says(request())
        headers = client.hears_fault(503, "upstream_none", close=False)
        assert "5" == headers["retry-after"]
        assert [] == talk.dialled


def test_routes_to_the_same_upstream_share_its_lines() -> None:
    """By value: the line of one route's request carries the other's."""
    upstream = {"nodes": {"10.0.0.1:8000": 1}}
    with Conversation(routes=[{"uri": "/a", "upstream": upstream}, {"uri": "/b", "upstream": upstream}]) as talk:
        client = talk.connect()
        client.says(request("GET /a"))
        line = talk.line()
        line.hears(forwarded("GET /a"))
        line.answers(response(body=b"a"))
        client.hears(relayed(body=b"a"))
        client.says(request("GET /b"))
        line.hears(forwarded("GET /b"))
        line.answers(response(body=b"b"))
        client.hears(relayed(body=b"b"))
