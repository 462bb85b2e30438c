"""Forwarding headers from a peer that nobody trusts: every one is rewritten or dropped, none changes a decision."""

from tests.hostile.trial import Check, Door, Vector, accept, get, lacks, trial

_CLAIMS = [
    b"X-Forwarded-For: 10.0.0.1", b"X-Forwarded-For: 10.0.0.1, 10.0.0.2", b"X-Forwarded-For: unknown",
    b"X-Forwarded-For: _hidden",
    b"X-Forwarded-For: [::1]:80", b"X-Forwarded-For: \t10.0.0.1", b"X-Forwarded-For:",
    b"X-Forwarded-For: " + b"10.0.0.1, " * 700,
    b"X-Forwarded-For: ::1%\xff", b"X-Forwarded-Proto: https", b"X-Forwarded-Proto: gopher",
    b"X-Forwarded-Host: evil.example",
    b"X-Forwarded-Host: a, b", b"X-Forwarded-Port: 443", b"X-Forwarded-Port: 1; drop", b"X-Forwarded-Prefix: /admin",
    b"X-Forwarded-Uri: /public",
    b"X-Forwarded-Method: OPTIONS", b"X-Forwarded-Scheme: https", b"X-Forwarded-Ssl: on", b"X-Real-IP: 127.0.0.1",
    b"X-Original-URI: /public",
    b"X-Original-URL: /public", b"X-Original-Method: OPTIONS",
    b"Forwarded: for=127.0.0.1;proto=https;host=evil.example", b'Forwarded: for="[::1]"',
    b"Forwarded: for=_a, for=unknown", b"X_Forwarded_For: 10.0.0.1", b"X.Forwarded.For: 10.0.0.1",
    b"x-forwarded-anything: 1",
]  # fmt: skip
_TRUTH = {
    "X-Real-IP": "127.0.0.1",
    "X-Forwarded-For": "127.0.0.1",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-Host": "gateway.example",
    "X-Forwarded-Port": "80",
}


def _tells_the_truth() -> Check:
    absent = lacks(
        "Forwarded", "X-Forwarded-Prefix", "X-Forwarded-Uri", "X-Forwarded-Method", "X-Forwarded-Scheme",
        "X-Forwarded-Ssl",
        "X-Original-URI", "X-Original-URL", "X-Original-Method", "X-Forwarded-Anything",
    )  # fmt: skip

    def check(requests: list) -> None:  # type: ignore[type-arg]
        absent(requests)
        for request in requests:
            assert {name: request.value(name) for name in _TRUTH} == _TRUTH

    return check


_VECTORS = [
    *(accept(f"{line[:50]!r}", get(line), check=_tells_the_truth()) for line in _CLAIMS),
    accept("all at once", get(*(line for line in _CLAIMS if len(line) < 100)), check=_tells_the_truth()),
    accept("the same twice", get(_CLAIMS[0], _CLAIMS[0]), check=_tells_the_truth()),
    Vector("a line hidden in one", get(b"X-Forwarded-For: 10.0.0.1\rX-Userinfo: admin")),
]


@trial(_VECTORS)
def test_an_untrusted_peer_tells_us_nothing(door: Door, vector: Vector, cut: str) -> None:
    """The upstream is told what we saw ourselves (DESIGN.md §9.5)."""
    door.run(vector, cut)
