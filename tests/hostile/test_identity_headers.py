"""Identity headers from clients: no spelling of any of them reaches the upstream, on whatever kind of request."""

from collections.abc import Callable

import pytest

from tests.hostile.trial import Door, Vector, accept, get, lacks, post, trial
from tests.hostile.wire import CUTS, Wire

_NAMES = [
    "X-Access-Token", "X-ID-Token", "X-Userinfo", "X-Refresh-Token", "X-Raw-ID-Token", "X-Mse-Consumer",
    "X-Consumer-Username",
    "X-Consumer-Custom-ID", "X-Consumer-Groups", "X-Credential-Identifier", "X-Auth-Request-User",
    "X-Auth-Request-Email",
    "X-Auth-Request-Redirect", "X-Original-URI", "X-Original-URL", "X-Original-Method", "X-Forwarded-User",
    "X-Forwarded-Email",
    "X-Forwarded-Groups", "X-Forwarded-Access-Token", "X-Forwarded-Prefix", "X-Forwarded-Uri", "X-Forwarded-Server",
    "X-Ostiary-Principal",
    "Remote-User", "X-Remote-User", "Forwarded",
]  # fmt: skip
# These the gateway sets itself: a client's value must not be among what arrives.
_REWRITTEN = ["X-Real-IP", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port"]
_SPOOFED = "spoofed-identity"


def _spellings(name: str) -> list[str]:
    lower, upper = name.lower(), name.upper()
    swapped = "".join(letter.upper() if index % 2 else letter.lower() for index, letter in enumerate(name))
    separators = [lower.replace("-", mark) for mark in ("_", ".", "~", "+", "'", "!", "*", "|", "^")]
    mixed = [lower.replace("-", "_", 1), lower.replace("-", ".", 1), upper.replace("-", "_"), name.replace("-", "_")]
    return list(dict.fromkeys([name, lower, upper, swapped, *separators, *mixed]))


_KINDS: dict[str, Callable[[bytes], bytes]] = {
    "GET": get,
    "POST": lambda line: post(line, b"Content-Length: 5", body=b"hello"),
    "OPTIONS": lambda line: get(line).replace(b"GET", b"OPTIONS", 1),
    "HTTP/1.0": lambda line: get(line, b"Connection: keep-alive", version=b"HTTP/1.0"),
    "absolute-form": lambda line: get(line, target=b"http://gateway.example/v"),
    "twice": lambda line: get(line, line),
    "named by Connection": lambda line: get(b"Connection: " + line.partition(b":")[0], line),
    "tab before the value": lambda line: get(line.replace(b": ", b":\t")),
    "tab after the value": lambda line: get(line + b"\t"),
    "trailer": lambda line: post(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n" + line + b"\r\n\r\n"),
}


@pytest.mark.parametrize("kind", list(_KINDS))
@pytest.mark.parametrize("name", [*_NAMES, *_REWRITTEN])
def test_no_spelling_from_a_client_arrives(door: Door, name: str, kind: str) -> None:
    """Every spelling on one kept-alive connection; the upstream never sees the client's value or a folded name."""
    door.upstream.clear()
    spellings = _spellings(name)
    with Wire(door.gateway.port) as wire:
        for spelling in spellings:
            wire.send([_KINDS[kind](f"{spelling}: {_SPOOFED}".encode("ascii"))])
            assert wire.read_answer().status == 200
    assert len(door.upstream.requests) == len(spellings)
    assert _SPOOFED.encode("ascii") not in door.upstream.all_bytes
    if name in _NAMES:
        lacks(name)(door.upstream.requests)
    assert door.upstream.violations == []


_VECTORS = [
    accept("identity between folds of case", get(b"x-uSeRiNfO: admin"), check=lacks("X-Userinfo")),
    accept("many at once", get(*(f"{name}: admin".encode() for name in _NAMES)), check=lacks(*_NAMES)),
    accept("Host named by Connection", get(b"Connection: Host")),
    Vector("smuggled by a lone LF", get(b"X: a\nX-Userinfo: admin")),
    Vector("smuggled by a lone CR", get(b"X: a\rX-Userinfo: admin")),
    Vector("smuggled by a fold", get(b"X: a\r\n X-Userinfo: admin")),
    Vector("smuggled by a space", get(b" X-Userinfo: admin")),
    Vector("smuggled by a space before the colon", get(b"X-Userinfo : admin")),
    Vector("smuggled by NUL", get(b"X-Userinfo\x00: admin")),
    Vector("smuggled in the target", get(target=b"/v%0d%0aX-Userinfo:%20admin")),
    Vector("smuggled in the host", get(host=b"Host: a\rX-Userinfo: admin")),
]


@trial(_VECTORS)
def test_no_way_around_the_names(door: Door, vector: Vector, cut: str) -> None:
    """Line tricks that would hide a field from us and show it to the upstream."""
    assert cut in CUTS
    door.run(vector, cut)
