"""A reload changes where requests go, from http to https, its authority or its nodes: none of them is lost."""

import http.client
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import yaml

from tests.e2e.counterparts import recording_upstream
from tests.e2e.counterparts.calls import call
from tests.e2e.counterparts.gateway import RunningGateway, start_gateway
from tests.e2e.counterparts.session_scene import wait_until
from tests.e2e.counterparts.stand_in import Answer, Call, serve_site
from tests.fakes.certificates import make_authority
from tests.fakes.messages import response

CALLERS = 4
ENOUGH = 40
PAUSE_S = 0.003
NAME = "orders.internal"


class Load:
    """Callers that never stop, half of them with bodies; what they are told is remembered."""

    def __init__(self, port: int) -> None:
        """Be about to call."""
        self.answers: list[tuple[int, bytes]] = []
        self._port = port
        self._over = Event()

    @contextmanager
    def keep_up(self) -> Iterator[None]:
        """Call until the end of the block, and let every caller finish."""
        callers = [Thread(target=self._call, args=(number % 2 == 0,)) for number in range(CALLERS)]
        for caller in callers:
            caller.start()
        try:
            yield
        finally:
            self._over.set()
            for caller in callers:
                caller.join()

    def wait_for(self, said: bytes) -> None:
        """Wait until callers have been told this again and again."""
        before = self.answers.count((200, said))
        wait_until(lambda: self.answers.count((200, said)) >= before + ENOUGH or self.mishaps != [])

    @property
    def mishaps(self) -> list[tuple[int, bytes]]:
        """What was no answer of a service."""
        return [answer for answer in self.answers if answer[0] != 200]

    def _call(self, has_body: bool) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=15)
        while not self._over.wait(PAUSE_S):
            try:
                connection.request("POST" if has_body else "GET", "/", b"x" * 50_000 if has_body else None)
                answer = connection.getresponse()
                self.answers.append((answer.status, answer.read()))
            except (OSError, http.client.HTTPException) as error:
                self.answers.append((0, repr(error).encode()))
                connection.close()
        connection.close()


def always(said: bytes) -> Callable[[Call], Answer]:
    """Return what answers everything the same."""
    return lambda _: Answer(200, said)


def reload(gateway: RunningGateway, file: Path, upstream: dict[str, Any]) -> None:
    """Send requests elsewhere from now on."""
    written = yaml.safe_load(file.read_text())
    written["routes"][0]["upstream"] = upstream
    before = gateway.output().count('"code":"reloaded"')
    file.write_text(yaml.safe_dump(written))
    os.kill(gateway.pid, signal.SIGHUP)
    wait_until(lambda: gateway.output().count('"code":"reloaded"') > before)


def test_no_request_is_lost_while_reloads_change_where_and_how_they_go(tmp_path: Path) -> None:
    """From http to https, to another authority, to another node, and back again; each service is asked in the end."""
    plainly = recording_upstream.Answer(response("200 OK", body=b"plain"))
    with ExitStack() as stack:
        plain = stack.enter_context(recording_upstream.RecordingUpstream(lambda _: plainly))
        stages: list[tuple[bytes, dict[str, Any]]] = [(b"plain", {"nodes": {f"127.0.0.1:{plain.port}": 1}})]
        authorities = {"first": make_authority(), "second": make_authority()}
        for said, name in ((b"secure", "first"), (b"other authority", "second"), (b"other node", "second")):
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / "ca.pem").write_text(authorities[name].pem)
            port = stack.enter_context(serve_site(authorities[name], tmp_path / name, (NAME,), always(said)))
            trust = {"ca_file": f"{name}/ca.pem", "server_name": NAME}
            stages.append((said, {"scheme": "https", "nodes": {f"127.0.0.1:{port}": 1}, "tls": trust}))
        gateway = stack.enter_context(start_gateway({"routes": [{"uri": "/*", "upstream": stages[0][1]}]}, tmp_path))
        load = Load(gateway.port)
        with load.keep_up():
            for said, upstream in (*stages, *stages):
                reload(gateway, tmp_path / "ostiary.yaml", upstream)
                load.wait_for(said)

    assert [] == load.mishaps
    assert {said for said, _ in stages} == {said for _, said in load.answers}


def test_an_authority_that_is_taken_back_holds_for_connections_that_are_open(tmp_path: Path) -> None:
    """None of those that were opened in its trust is used again."""
    first, second = make_authority(), make_authority()
    (tmp_path / "ca.pem").write_text(first.pem)
    with ExitStack() as stack:
        port = stack.enter_context(serve_site(first, tmp_path, (NAME,), always(b"secure")))
        trust = {"ca_file": "ca.pem", "server_name": NAME}
        upstream = {"scheme": "https", "nodes": {f"127.0.0.1:{port}": 1}, "tls": trust}
        gateway = stack.enter_context(start_gateway({"routes": [{"uri": "/*", "upstream": upstream}]}, tmp_path))
        before = call(f"{gateway.url}/")
        (tmp_path / "ca.pem").write_text(second.pem)
        reload(gateway, tmp_path / "ostiary.yaml", upstream)
        after = call(f"{gateway.url}/")

    assert (200, 502) == (before.status, after.status)
