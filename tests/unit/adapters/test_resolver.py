"""Names to addresses, against a name server on loopback."""

import asyncio
import socket
import time

import pytest
from aiohttp.abc import ResolveResult

from ostiary.adapters.resolver import ResolutionFailed, Resolver
from ostiary.config.dns import DnsSettings
from tests.e2e.counterparts.dns_server import REFUSED, SERVFAIL, SILENCE, DnsServer
from tests.e2e.counterparts.processes import free_port


def resolve(host: str, *servers: str, timeout_s: float = 10.0) -> list[ResolveResult]:
    """Resolve a name by these servers, or by the system."""

    async def scenario() -> list[ResolveResult]:
        resolver = Resolver()
        resolver.use(DnsSettings(servers, timeout_s) if servers else None)
        try:
            return await resolver.resolve(host, 8443)
        finally:
            assert not resolver.is_resolving(host)
            await resolver.close()

    return asyncio.run(scenario())


def reason(host: str, *servers: str, timeout_s: float = 10.0) -> str:
    """Return why a name is not resolved."""
    with pytest.raises(ResolutionFailed) as failed:
        resolve(host, *servers, timeout_s=timeout_s)
    assert failed.value.errno is None
    return failed.value.reason


def test_names_are_asked_of_the_servers() -> None:
    """Both families; host and port come back as aiohttp wants them."""
    with DnsServer({"id.test": "127.0.0.9", "six.test": "fd00::9"}) as server:
        (four,), (six,) = resolve("id.test", server.address), resolve("six.test", server.address)

    assert ("id.test", "127.0.0.9", 8443, socket.AF_INET) == (
        four["hostname"],
        four["host"],
        four["port"],
        four["family"],
    )
    assert ("fd00::9", 8443, socket.AF_INET6) == (six["host"], six["port"], six["family"])


def test_no_such_name_is_told_from_no_answer() -> None:
    """Who says so is named: the operator's next step differs."""
    names = {"broken.test": SERVFAIL, "shy.test": REFUSED, "mute.test": SILENCE}
    with DnsServer(names) as server:
        where = server.address
        assert f"there is no such name, says {where}" == reason("nobody.test", where)
        assert f"{where} failed (SERVFAIL)" == reason("broken.test", where)
        assert f"{where} refused to answer (REFUSED)" == reason("shy.test", where)
        started = time.monotonic()
        assert reason("mute.test", where, timeout_s=0.2) in {
            f"no answer from {where} within 0.2 s", f"{where} did not answer in time"
        }  # fmt: skip
        assert time.monotonic() - started < 5.0  # c-ares by itself would go on for longer


def test_a_server_that_is_not_there_says_so() -> None:
    """A wrong address in the configuration."""
    where = f"127.0.0.1:{free_port()}"

    assert reason("id.test", where).startswith((f"{where} refused the connection", f"{where} did not answer"))


def test_the_second_server_answers_for_the_first() -> None:
    """Within the one time limit."""
    with DnsServer({"id.test": SILENCE}) as silent, DnsServer({"id.test": "127.0.0.9"}) as good:
        (found,) = resolve("id.test", silent.address, good.address, timeout_s=4.0)

    assert "127.0.0.9" == found["host"]


def test_localhost_is_this_machine_whoever_is_asked() -> None:
    """/etc/hosts and RFC 6761: no server is asked."""
    with DnsServer({"localhost": "192.0.2.1"}) as server:
        hosts = {found["host"] for found in resolve("localhost", server.address)}

    assert hosts <= {"127.0.0.1", "::1"}
    assert hosts
    assert [] == server.asked


def test_without_servers_the_system_is_asked() -> None:
    """`.invalid` never resolves (RFC 6761); a name that is none is told apart from a silent network."""
    assert {found["host"] for found in resolve("localhost")} <= {"127.0.0.1", "::1"}
    assert "the system's resolver" in reason("issuer.invalid")
    assert "it is no host name" == reason("a" * 300)


def test_settings_change_while_it_runs() -> None:
    """A reload: what was asked of the old server is given up, and the new one is asked."""

    async def scenario() -> None:
        resolver = Resolver()
        with DnsServer({"id.test": SILENCE}) as old, DnsServer({"id.test": "127.0.0.9"}) as new:
            assert resolver.use(DnsSettings((old.address,), 5.0))
            assert not resolver.use(DnsSettings((old.address,), 5.0))
            waiting = asyncio.create_task(resolver.resolve("id.test"))
            while not old.asked:  # noqa: ASYNC110 - the server runs in another thread
                await asyncio.sleep(0)
            assert resolver.is_resolving("id.test")
            assert resolver.use(DnsSettings((new.address,), 5.0))
            with pytest.raises(ResolutionFailed, match="gave no usable answer"):
                await waiting
            assert "127.0.0.9" == (await resolver.resolve("id.test"))[0]["host"]
        await resolver.close()
        await resolver.close()

    asyncio.run(scenario())
