"""The gateway of one worker: what it serves, whom it remembers, its ticks, its reports."""

import asyncio
from typing import Self

import pytest

from ostiary.config.routes import Route
from ostiary.config.snapshot import Snapshot
from ostiary.config.upstreams import UpstreamSpec
from ostiary.errors import ClientFault, OperatorFault, ProviderFault
from ostiary.gateway.access_log import AccessLog
from ostiary.gateway.server import Server
from tests.fakes.conversation import Conversation
from tests.fakes.log import FakeLog
from tests.fakes.loop_time import LoopClock, SteppedLoop
from tests.fakes.messages import request
from tests.fakes.scripted_plugins import DENY, ScriptedPlugin
from tests.fakes.spawner import FakeSpawner

SPEC = UpstreamSpec(nodes=(("10.0.0.1", 8000, 1),))


class World:
    """A server on a loop without a system."""

    def __init__(self) -> None:
        """Serve nothing yet."""
        self.loop = SteppedLoop()
        self.log = FakeLog()
        self.server = Server(
            clock=LoopClock(self.loop), timer=self.loop.time, spawner=FakeSpawner(), log=self.log, access_log=None
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.loop.close()


def test_request_ids_are_the_prefix_and_a_number() -> None:
    """The prefix is the installation's; numbers go on over reloads, so that none comes twice."""
    with World() as world:
        world.server.install(Snapshot(), "aa")
        ids = [world.server.next_request_id() for _ in range(16)]
        world.server.install(Snapshot(), "bb")

        assert (["aa-1", "aa-2"], "aa-10", "bb-11") == (ids[:2], ids[-1], world.server.next_request_id())


def test_routes_of_equal_upstreams_share_one() -> None:
    """Over reloads too; one that nobody names any more is made anew."""
    one, two, three = Route("1", upstream=SPEC), Route("2", upstream=SPEC), Route("3", upstream=SPEC)
    with World() as world:
        world.server.install(Snapshot(routes=(one, two, Route("none"))), "a")
        before = world.server.upstream_of(one)
        assert before is world.server.upstream_of(two)
        world.server.install(Snapshot(routes=(three,)), "a")
        assert before is world.server.upstream_of(three)
        assert before is world.server.upstream_of(one), "a request of the old configuration is still on its way"
        world.server.install(Snapshot(), "a")
        assert before is not world.server.upstream_of(one)


def test_a_route_without_an_upstream_has_none() -> None:
    """Asking for it is the operator's fault."""
    with World() as world:
        world.server.install(Snapshot(), "a")
        with pytest.raises(OperatorFault, match="upstream_none"):
            world.server.upstream_of(Route("1"))


def test_it_listens_and_tells_its_port() -> None:
    """On several addresses; the ticks begin with the first."""
    with World() as world:
        world.server.install(Snapshot(), "a")
        assert [9080, 9081] == [world.loop.run(world.server.listen("127.0.0.1", port)) for port in (9080, 9081)]
        assert 2 == len(world.loop.listeners)
        assert b"Fri, 15 Jan 2027 08:00:00 GMT" == world.server.date
        world.loop.advance(1.5)
        assert b"Fri, 15 Jan 2027 08:00:01 GMT" == world.server.date
        assert 1.25 < world.server.coarse_now - 1000 <= 1.5
        assert world.loop.run(world.server.drain(1.0))


def test_it_drains_although_it_never_listened() -> None:
    """There is nothing to stop."""
    with World() as world:
        world.server.install(Snapshot(), "a")
        assert world.loop.run(world.server.drain(1.0))


@pytest.mark.parametrize(("fault", "is_told"), [(ProviderFault("p", "d"), True), (ClientFault("c"), False)])
def test_the_operator_reads_what_is_not_the_clients_own(fault: ProviderFault | ClientFault, is_told: bool) -> None:
    """With the reference and the route."""
    with World() as world:
        world.server.report_fault(fault, "req-1", Route("shop"))
        world.server.report_fault(fault, "req-2", None)

        expected = [("warning", "p", "d", {"reference": f"req-{n}", "route": r}) for n, r in ((1, "shop"), (2, None))]
        assert (expected if is_told else []) == [tuple(event) for event in world.log.events]


def test_a_fault_without_a_detail_tells_its_code() -> None:
    """A line says something."""
    with World() as world:
        world.server.report_fault(OperatorFault("odd"), "req-1", None)

        assert ["odd"] == [event.message for event in world.log.events]


def test_an_internal_error_is_its_type_and_place() -> None:
    """Where it was raised; never its text."""
    with World() as world:
        with pytest.raises(LookupError) as caught:
            _fail("hush")
        fault = world.server.report_internal(caught.value, "req-1")
        bare = world.server.report_internal(ValueError("hush"), "req-2")

        assert ("internal_error", "internal_error") == (fault.code, bare.code)
        first, second = world.log.events
        assert first.message.startswith("LookupError in ")
        assert "test_server.py:" in first.message
        assert second.message == "ValueError in "
        assert "hush" not in world.log.text


def _fail(text: str) -> None:
    raise LookupError(text)


def test_every_exchange_is_recorded_once() -> None:
    """Lines go out with the ticks."""
    with Conversation({"guard": ScriptedPlugin(DENY)}) as talk:
        client = talk.connect()
        client.says(request() * 3)
        client.take()
        talk.pass_time(0.3)
        assert 3 == talk.log_lines.count(b"\n")
        drained = talk.start_drain()
        talk.pass_time(0.1)
        assert drained.result()


def test_a_sample_records_its_share() -> None:
    """And without a log nothing is recorded."""
    lines: list[bytes] = []

    class Sink:
        """Keeps lines."""

        def write(self, written: bytes) -> None:
            """Keep them."""
            lines.append(written)

    for access_log in (AccessLog(Sink(), 0.5), None):
        with Conversation({"guard": ScriptedPlugin(DENY)}) as talk:
            talk.server.access_log = access_log
            client = talk.connect()
            client.says(request() * 10)
            client.take()
            talk.pass_time(1)
    assert 5 == b"".join(lines).count(b"\n")


def test_what_does_not_end_is_cut_and_told() -> None:
    """`drain` says whether everybody could finish."""
    with Conversation() as talk:
        talk.silent = {"10.0.0.1:8000"}
        client = talk.connect()
        client.says(request())
        drained: asyncio.Task[bool] = talk.start_drain(within_s=1.0)
        talk.pass_time(2)
        assert not drained.result()
        assert client.is_gone()
