"""`run_demo` before anything runs, what it says, and what ends it."""

import os
import signal
import socket
from contextlib import closing
from pathlib import Path

import pytest

from ostiary.demo import command
from ostiary.demo.command import DemoPorts, End, find_missing_packages, greet, listening_for_the_end, run_demo

PORTS = DemoPorts(1080, 1090, 1070)


def test_a_port_in_use_ends_it_before_it_begins(capsys: pytest.CaptureFixture[str]) -> None:
    """One line, exit code 1."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        others = [other for other in (1080, 1090) if other != port]
        code = run_demo(DemoPorts(port, *others))
    said = capsys.readouterr()
    assert code == 1
    assert said.out == ""
    assert f"ostiary demo: port {port} is in use and the gateway needs it" in said.err


def test_missing_packages_are_said_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The demo is an extra."""
    monkeypatch.setattr(command, "PACKAGES", ("starlette", "no_such_package"))
    assert run_demo(PORTS) == 1
    assert capsys.readouterr().err == "ostiary demo: no_such_package missing: pip install 'ostiary[demo]'\n"


def test_nothing_is_missing_here() -> None:
    """The tests need them all."""
    assert find_missing_packages() == []


def test_the_greeting_says_what_to_open_who_to_be_and_what_to_type() -> None:
    """With the client's secret of this run, and the file."""
    text = greet(PORTS, "the-secret", Path("/tmp/x/ostiary.yaml"))
    assert "http://127.0.0.1:1080/anything/test" in text
    assert "quickstart-user / quickstart-user-pass" in text
    assert "http://127.0.0.1:1090/token -u apisix-quickstart-client:the-secret -d grant_type=client_credentials" in text
    assert 'curl -i http://127.0.0.1:1080/api/orders -H "Authorization: Bearer $TOKEN"' in text
    assert "/tmp/x/ostiary.yaml" in text
    assert len(text.splitlines()) <= 16


def test_signals_are_notes_while_it_runs() -> None:
    """The first ends it, the second at once; afterwards they mean what they meant before."""
    before = signal.getsignal(signal.SIGTERM)
    with listening_for_the_end() as end:
        assert not end.is_due()
        os.kill(os.getpid(), signal.SIGTERM)
        assert end.is_due()
        assert not end.is_urgent()
        os.kill(os.getpid(), signal.SIGINT)
        assert end.is_urgent()
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_ignored_hangup_stays_ignored() -> None:
    """`nohup ostiary demo` outlives its terminal."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with listening_for_the_end() as end:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not end.is_due()
    finally:
        signal.signal(signal.SIGHUP, before)


def test_an_end_counts() -> None:
    """Told once it is due, told twice it is urgent."""
    end = End()
    end.tell()
    assert (end.is_due(), end.is_urgent()) == (True, False)
    end.tell()
    assert (end.is_due(), end.is_urgent()) == (True, True)
