"""Host: one, present, a host; the target's authority, when it has one, is the same."""

from tests.hostile.trial import Door, Vector, accept, get, has, trial

_REFUSED = [
    b"", b" ", b".", b"..", b"a..b", b".a", b"a/b", b"a@b", b"user@a", b"a, b", b"a,b", b"a b", b"a;b", b"a?b",
    b"a#b", b"a\\b", b"a%62",
    b"a:99999", b"a:65536", b"a:0", b"a:-1", b"a:+80", b"a:80a", b"a:", b":80", b":", b"a:80:80", b"[::1", b"::1",
    b"[::1]x", b"[::g]",
    b"[::1%25lo]", b"[]", b"[127.0.0.1]", b"http://a", b"\xc3\xa4.example", b"a\x80", b"<a>", b'a"b', b"'a'", b"(a)",
    b"{a}", b"a|b", b"*", b"*.a",
    b"-a", b"a-", b"a" * 300,
]  # fmt: skip
_ACCEPTED = {
    b"gateway.example": "gateway.example",
    b"GATEWAY.Example": "gateway.example",
    b"gateway.example.": "gateway.example",
    b"gateway.example:80": "gateway.example",
    b"gateway.example:8080": "gateway.example:8080",
    b"127.0.0.1": "127.0.0.1",
    b"[::1]:8080": "[::1]:8080",
    b"[0:0::1]": "[::1]",
    b"a_b": "a_b",
    b"localhost": "localhost",
}
_LINES = [
    Vector("none", get(host=b"")),
    Vector("none on HTTP/1.0", get(host=b"", version=b"HTTP/1.0")),
    Vector("none beside an absolute target", get(host=b"", target=b"http://gateway.example/")),
    Vector("two, equal", get(b"Host: gateway.example")),
    Vector("two, different", get(b"Host: evil.example")),
    Vector("two, another case", get(b"HOST: evil.example")),
    Vector("two, one empty", get(b"Host:")),
    Vector("two, the first empty", get(b"Host: gateway.example", host=b"Host:")),
    Vector("two, far apart", get(b"A: 1", b"B: 2", b"C: 3", b"host: gateway.example")),
    Vector("two beside an absolute target", get(b"Host: gateway.example", target=b"http://gateway.example/")),
    Vector("another than the target's", get(host=b"Host: evil.example", target=b"http://gateway.example/")),
    Vector("empty beside an absolute target", get(host=b"Host:", target=b"http://gateway.example/")),
    Vector("space before the colon", get(host=b"Host : gateway.example")),
    Vector("NUL in the name", get(host=b"Host\x00: gateway.example")),
    Vector("underscore in place of it", get(host=b"Ho_st: gateway.example")),
    accept(
        "look-alikes beside it",
        get(b"X-Host: evil.example", b"Host2: evil.example"),
        check=has("Host", "gateway.example"),
    ),
    accept(
        "override headers beside it",
        get(
            b"X-Forwarded-Host: evil.example",
            b"X-Host: evil",
            b"X-Original-Host: evil.example",
            b"Forwarded: host=evil.example",
        ),
        check=has("X-Forwarded-Host", "gateway.example"),
    ),
]
_VECTORS = [
    *(Vector(f"refused {host[:20]!r}", get(host=b"Host: " + host)) for host in _REFUSED),
    *(
        accept(f"accepted {host!r}", get(host=b"Host: " + host), check=has("Host", sent))
        for host, sent in _ACCEPTED.items()
    ),
    *_LINES,
]


@trial(_VECTORS)
def test_one_host_that_is_a_host(door: Door, vector: Vector, cut: str) -> None:
    """RFC 9112 §3.2: routing, policy and the upstream see one and the same (CVE-2026-34525)."""
    door.run(vector, cut)
