"""CL.0: requests that the gateway answers itself, with a body that is another request. It is never read as one."""

from collections.abc import Iterator

import pytest

from tests.e2e.counterparts.gateway import start_gateway
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.hostile.trial import Door
from tests.hostile.wire import CUTS, Wire

_SMUGGLED = b"GET /canary/smuggled HTTP/1.1\r\nHost: canary.example\r\n\r\n"
_CHUNK = b"%x\r\n%b\r\n0\r\n\r\n" % (len(_SMUGGLED), _SMUGGLED)
_FRAMINGS = {
    "length": b"Content-Length: %d\r\n\r\n%b" % (len(_SMUGGLED), _SMUGGLED),
    "chunks": b"Transfer-Encoding: chunked\r\n\r\n" + _CHUNK,
    "length, expecting": b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n%b" % (len(_SMUGGLED), _SMUGGLED),
    "length, with more to come": b"Content-Length: %d\r\n\r\n%b" % (2 * len(_SMUGGLED), _SMUGGLED),
    "chunks, with more to come": b"Transfer-Encoding: chunked\r\n\r\n" + _CHUNK.removesuffix(b"0\r\n\r\n"),
    "length, upgrading": b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: %d\r\n\r\n%b"
    % (len(_SMUGGLED), _SMUGGLED),
}
_PLACES = {"/nowhere": 404, "/locked": 401, "/disallowed": 404}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A gateway with a route for canaries, a locked one, and one for another method."""
    with RecordingUpstream() as upstream:
        to_upstream = {"upstream": {"nodes": {upstream.address: 1}}}
        locked = {
            "client_id": "c",
            "client_secret": "s",
            "bearer_only": True,
            "use_jwks": True,
            "discovery": "http://127.0.0.1:9/",
        }
        config = {
            "routes": [
                {"id": "canaries", "uri": "/canary/*", **to_upstream},
                {"id": "locked", "uri": "/locked", "plugins": {"openid-connect": locked}, **to_upstream},
                {"id": "disallowed", "uri": "/disallowed", "methods": ["PURGE"], **to_upstream},
            ]
        }
        with start_gateway(config, tmp_path_factory.mktemp("gateway")) as gateway:
            yield Door(gateway, upstream)


@pytest.mark.parametrize("cut", list(CUTS))
@pytest.mark.parametrize("framing", list(_FRAMINGS))
@pytest.mark.parametrize("method", ["POST", "PUT", "GET", "HEAD", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("place", list(_PLACES))
def test_the_body_of_a_refused_request_is_no_request(
    door: Door, place: str, method: str, framing: str, cut: str
) -> None:
    """It is read to its end, or the connection ends; either way the next request is the next one."""
    door.upstream.clear()
    canaries = []
    with Wire(door.gateway.port) as wire:
        wire.send(
            CUTS[cut](f"{method} {place} HTTP/1.1\r\nHost: gateway.example\r\n".encode("ascii") + _FRAMINGS[framing])
        )
        answer = wire.read_answer(method)
        assert answer.status == _PLACES[place]
        if answer.header("connection") == "close":
            assert wire.is_ended()
        else:
            canaries.append(door.send_canary(wire))
    canaries.append(door.probe())
    door.check_upstream(canaries)
