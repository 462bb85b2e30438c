"""Request targets: what no two servers read alike is refused; what is accepted arrives as it was judged."""

from tests.hostile.trial import Door, Vector, accept, get, trial

_REFUSED = [
    b"//", b"//evil.example/x", b"/x//y", b"/x//", b"///", b"/.", b"/..", b"/./", b"/../", b"/a/../b", b"/a/./b",
    b"/a/..", b"/a/.",
    b"/%2e", b"/%2e%2e", b"/%2e%2e/", b"/%2E%2E/", b"/.%2e/", b"/%2e./", b"/a/%2e%2e/b", b"/..;/", b"/.;/",
    b"/..;x=y/b", b"/%2e%2e;x/b",
    b"/..%3b/", b"/..%2f", b"/..%2F", b"/%2f", b"/%2F", b"/a%2fb", b"/a%2f..%2fb", b"/%2e%2e%2f", b"/%5c", b"/%5C",
    b"/a%5cb",
    b"/..%5c", b"/a\\b", b"/\\evil.example", b"\\a", b"/%00", b"/a%00.html", b"/%0a", b"/%0d", b"/x%0d%0aHost:%20y",
    b"/%09", b"/%1f",
    b"/%7f", b"/%", b"/%z", b"/%zz", b"/%4", b"/%4z", b"/%u002e", b"/%u002e%u002e/", b"/%%32%65", b"/%ff",
    b"/%c0%ae%c0%ae/", b"/%c0%af",
    b"/%e0%80%ae", b"/%ed%a0%80", b"/%c3", b"/a#b", b"/#", b"/a?b#c", b"#", b"/\xc3\xa9", b"/a?\xc3\xa9", b"/\xff",
    b"/\x80", b'/"', b"/<a>", b"/{a}",
    b"/a|b", b"/a^b", b"/a`b", b"/[a]", b"a", b"a/b", b"?", b"?a", b"*", b"%2fa", b".", b"..", b"./a", b"../a", b";",
    b"@",
    b"gateway.example", b"gateway.example:80", b"http:gateway.example", b"http:/gateway.example/", b"http:///a",
    b"http://", b"://gateway.example/",
    b"https://gateway.example/", b"ftp://gateway.example/", b"file:///etc/passwd", b"javascript:1",
    b"ws://gateway.example/",
    b"http://user@gateway.example/", b"http://user:pw@gateway.example/", b"http://@gateway.example/",
    b"http://evil.example/",
    b"http://gateway.example:8080/", b"http://gateway.example:0/", b"http://gateway.example:x/",
    b"http://gateway.example:/",
    b"http://gateway.example.evil/", b"http://gateway.example@evil.example/",
    b"http://gateway.example\\evil.example/", b"http://gateway.example#/",
    b"http://gateway.example/#", b"http://gateway.example//x", b"http://gateway.example/../x",
    b"http://gateway.example/%2e%2e/x",
    b"http://[::1]/", b"http://127.0.0.1/", b"http://gateway%2eexample/", b"http://gateway.example%00/",
    b"http://g\xc3\xa4teway.example/",
]  # fmt: skip
_ACCEPTED = {
    b"/": "/",
    b"/?": "/?",
    b"/v?": "/v?",
    b"/v?a=b&c": "/v?a=b&c",
    b"/v?//../%2e%2e/%00%zz": "/v?//../%2e%2e/%00%zz",
    b"/v??": "/v??",
    b"/%61": "/a",
    b"/%7e%2d%5f%2ea": "/~-_.a",
    b"/%c3%a9": "/%C3%A9",
    b"/%20": "/%20",
    b"/a%20b": "/a%20b",
    b"/%23": "/%23",
    b"/%3f": "/%3F",
    b"/%3fa=b": "/%3Fa=b",
    b"/%25": "/%25",
    b"/%252e%252e/": "/%252e%252e/",
    b"/%252f": "/%252f",
    b"/%252F..%252F": "/%252F..%252F",
    b"/%255c": "/%255c",
    b"/%3a%40": "/%3A%40",
    b"/x;jsessionid=1": "/x;jsessionid=1",
    b"/%3bx": "/%3Bx",
    b"/...": "/...",
    b"/..a": "/..a",
    b"/a..": "/a..",
    b"/.well-known/x": "/.well-known/x",
    b"/a.": "/a.",
    b"/A": "/A",
    b"/v/": "/v/",
    b"/!$&'()*+,;=:@": "/!$&'()*+,;=:@",
    b"/%ef%bc%8e%ef%bc%8e/": "/%EF%BC%8E%EF%BC%8E/",
    b"http://gateway.example/v": "/v",
    b"HTTP://GATEWAY.example:80/v?a": "/v?a",
    b"http://gateway.example": "/",
    b"http://gateway.example?a": "/?a",
    b"http://gateway.example./v": "/v",
}

_VECTORS = [
    *(Vector(f"refused {target!r}", get(target=target)) for target in _REFUSED),
    *(accept(f"accepted {target!r}", get(target=target), target=sent) for target, sent in _ACCEPTED.items()),
    accept("two spaces before the target", b"GET  /v HTTP/1.1\r\nHost: gateway.example\r\n\r\n"),
]


@trial(_VECTORS)
def test_a_target_is_refused_or_arrives_as_it_was_judged(door: Door, vector: Vector, cut: str) -> None:
    """RFC 9112 §3.2, RFC 3986 §6.2.2; the query goes on as it came."""
    door.run(vector, cut)


@trial(
    [
        Vector(f"octet {octet:#04x}", get(target=b"/a" + bytes((octet,)) + b"b"))
        for octet in [*range(0x20), 0x23, 0x5C, 0x7F]
    ]
)
def test_no_control_character_stands_in_a_target(door: Door, vector: Vector, cut: str) -> None:
    """Raw, at any place: refused."""
    door.run(vector, cut)


def test_options_for_the_whole_server_is_no_path(door: Door) -> None:
    """`*` matches no route by accident: 404 from the gateway, nothing upstream."""
    sent = b"OPTIONS * HTTP/1.1\r\nHost: gateway.example\r\n\r\n"
    door.run(Vector("OPTIONS *", sent, (404,), closes=False), "whole")
