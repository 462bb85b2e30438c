"""The request as the upstream sees it: what goes, what stays here, what is ours alone."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.config.upstreams import UpstreamSpec
from ostiary.errors import ClientFault, UpstreamFault
from ostiary.gateway.forwarding import choose_host, render_upstream_head
from ostiary.http.forwarded import Arrival, TrustedProxies
from ostiary.http.head import read_head
from ostiary.http.request import Request
from ostiary.http.section import HeadLimits
from ostiary.plugin import RequestEdits, edit_request
from tests.fakes.requests import make_raw_head, make_request

FORWARDED = [
    "X-Real-IP: 127.0.0.1", "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: http",
    "X-Forwarded-Host: gateway.example", "X-Forwarded-Port: 80",
]  # fmt: skip


def render(
    request: Request,
    *,
    host: str = "gateway.example",
    port: int = 9080,
    edits: RequestEdits | None = None,
    owned: Sequence[bytes] = (),
) -> list[str]:
    """Render, and return the lines."""
    rendered = render_upstream_head(request, host, port, edits, tuple(owned))
    assert rendered.endswith(b"\r\n\r\n")
    return rendered.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")


def behind_proxy(headers: Mapping[str, str], peer: str = "10.0.0.9") -> Request:
    """A request that a trusted proxy passed on."""
    arrival = Arrival(peer, "http", TrustedProxies(["10.0.0.0/8"]))
    return read_head(make_raw_head(headers=headers), arrival, HeadLimits(), "req-1")


def test_a_request_is_written_anew() -> None:
    """Request line, Host, fields in their order and spelling, the forwarding facts."""
    request = make_request("GET", "/a/b?c=d", {"x-ODD": "1", "Accept": "*/*"})

    assert ["GET /a/b?c=d HTTP/1.1", "Host: gateway.example", "x-ODD: 1", "Accept: */*", *FORWARDED] == render(request)


@pytest.mark.parametrize("target", ["/", "/a%20b", "/a?", "/a?b?c", "*", "http://gateway.example/x"])
def test_the_target_is_the_canonical_one(target: str) -> None:
    """The same that rules were matched on."""
    method = "OPTIONS" if target == "*" else "GET"
    written = target.removeprefix("http://gateway.example")

    assert f"{method} {written} HTTP/1.1" == render(make_request(method, target))[0]


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_the_upstream_is_spoken_to_in_1_1(version: str) -> None:
    """Whatever the client speaks; nothing is said about the connection."""
    lines = render(make_request(version=version, headers={"Connection": "close", "Keep-Alive": "5", "TE": "trailers"}))

    assert ["GET / HTTP/1.1", "Host: gateway.example", *FORWARDED] == lines


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        ("POST", {"Content-Length": "5"}, ["Content-Length: 5"]),
        ("POST", {"Content-Length": "005"}, ["Content-Length: 5"]),
        ("POST", {"Content-Length": "0"}, ["Content-Length: 0"]),
        ("POST", {}, ["Content-Length: 0"]),
        ("PUT", {}, ["Content-Length: 0"]),
        ("PATCH", {}, ["Content-Length: 0"]),
        ("POST", {"Transfer-Encoding": "CHUNKED"}, ["Transfer-Encoding: chunked"]),
        ("GET", {"Content-Length": "0"}, []),
        ("DELETE", {}, []),
        ("DELETE", {"Content-Length": "5"}, ["Content-Length: 5"]),
    ],
)
def test_the_framing_is_ours(method: str, headers: dict[str, str], expected: list[str]) -> None:
    """One line, in one spelling; a method that has bodies says that there is none."""
    lines = render(make_request(method, headers=headers))

    assert expected == [line for line in lines if line.lower().startswith(("content-length", "transfer-encoding"))]


def test_edits_replace_what_the_client_said() -> None:
    """Under every spelling; deleted names are gone; edits come last."""
    request = make_request(
        headers={"x-who": "mallory", "X-WHO": "m", "X-Gone": "1", "Authorization": "Basic x", "A": "1"}
    )
    edits = edit_request([("X-Who", "alice"), ("authorization", "Bearer t")], delete=["X-Gone"])

    assert ["A: 1", *FORWARDED, "X-Who: alice", "authorization: Bearer t"] == render(request, edits=edits)[2:]


@pytest.mark.parametrize(
    ("cookie", "expected"),
    [
        ("a=1; ours=x; b=2", ["Cookie: a=1; b=2"]),
        ("ours=x", []),
        ("flow_1=x; flow_2=y; a=1", ["Cookie: a=1"]),
        ("a=ours; theours=1", ["Cookie: a=ours; theours=1"]),
        ("a=1;  b=2;c", ["Cookie: a=1;  b=2;c"]),
        ("ours=x; ours=y; a=1", ["Cookie: a=1"]),
    ],
)
def test_our_cookies_stay_here(cookie: str, expected: list[str]) -> None:
    """By name and prefix; a header without them is not touched."""
    lines = render(make_request(headers={"Cookie": cookie}), owned=[b"ours", b"flow_*"])

    assert expected == [line for line in lines if line.startswith("Cookie")]


def test_cookies_that_edits_replace_are_theirs() -> None:
    """The client's go."""
    lines = render(make_request(headers={"Cookie": "a=1"}), edits=edit_request([("Cookie", "b=2")]))

    assert ["Cookie: b=2"] == [line for line in lines if line.startswith("Cookie")]


def test_nobody_outside_writes_our_facts() -> None:
    """A peer that is not trusted says what it likes."""
    request = make_request(
        headers={"X-Forwarded-For": "9.9.9.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "b", "X-Real-IP": "9"}
    )

    assert FORWARDED == render(request)[2:]


def test_a_trusted_proxys_facts_are_passed_on() -> None:
    """The chain grows by the peer; scheme and host are as the browser used them."""
    request = behind_proxy(
        {"X-Forwarded-For": "9.9.9.9, 1.2.3.4", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "shop.example"}
    )

    assert [
        "X-Real-IP: 1.2.3.4",
        "X-Forwarded-For: 9.9.9.9, 1.2.3.4, 10.0.0.9",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: shop.example",
        "X-Forwarded-Port: 443",
    ] == render(request)[2:]


@pytest.mark.parametrize(
    ("host", "expected"),
    [("a.example", "X-Forwarded-Port: 80"), ("a.example:9080", "X-Forwarded-Port: 9080")],
)
def test_the_port_is_the_one_that_the_client_used(host: str, expected: str) -> None:
    """Named, or the scheme's own."""
    assert expected == render(make_request(headers={"Host": host}))[-1]


def test_the_fields_are_rendered_once_for_what_stays_the_same() -> None:
    """And anew for another method, host, edits, cookies, client: all that they depend on."""
    request = make_request("GET", "/a", {"Cookie": "ours=1; a=1", "X-A": "1"})
    first = render(request)
    edits = edit_request([("X-A", "2")])
    assert first != render(request, edits=edits)
    assert first == render(request)
    assert first != render(request, owned=[b"ours"])
    assert first == render(request)
    assert first != render(request, host="b.example")
    assert first == render(request)
    rendered = request.section.rendered
    assert first == render(request)
    assert rendered is request.section.rendered
    request.method = "POST"
    assert "Content-Length: 0" in render(request)
    request.client = "9.9.9.9"
    assert "X-Real-IP: 9.9.9.9" in render(request)


def test_what_is_not_whole_lines_is_not_sent() -> None:
    """The last look: whatever slipped in, nothing goes out."""
    spoilt = make_request(headers={"A": "1"})
    spoilt.section.passed.append((b"b", b"B", b"1\r\nX-Userinfo: admin"))
    forged = make_request(headers={"Authorization": "a"})
    forged.section.authorization = b"a\r\nX-Userinfo: admin"
    for request in (spoilt, forged):
        with pytest.raises(UpstreamFault, match="request_unsafe"):
            render(request)


def test_credentials_are_passed_on_as_they_came() -> None:
    """Under the client's spelling; two clients' requests differ in nothing else."""
    for token in ("Bearer one", "Bearer two"):
        lines = render(make_request(headers={"A": "1", "AUTHORIZATION": token}))
        assert ["A: 1", *FORWARDED, f"AUTHORIZATION: {token}"] == lines[2:]


FIELDS = st.lists(
    st.tuples(
        st.sampled_from(["X-A", "x-b", "Accept", "X-Userinfo", "x_userinfo", "Cookie", "Connection", "Content-Length"]),
        st.one_of(
            st.sampled_from(["5", "x-a", "ours=1; a=2"]), st.from_regex(r"[\x20-\x7e\x80-\xff]{0,9}", fullmatch=True)
        ),
    ),
    max_size=6,
)


@given(FIELDS)
def test_whatever_is_forwarded_is_whole_and_unspoofed(fields: list[tuple[str, str]]) -> None:
    """Exactly one Host, one framing at most, no identity but ours, no cookie of ours."""
    raw = make_raw_head("POST", "/")
    raw.fields += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
    arrival = Arrival("127.0.0.1", "http", TrustedProxies())
    try:
        request = read_head(raw, arrival, HeadLimits(), "req-1")
    except ClientFault:
        return
    lines = render(request, edits=edit_request([("X-Userinfo", "real")]), owned=[b"ours"])
    names = [line.partition(":")[0].lower() for line in lines[1:]]
    assert 1 == names.count("host") == names.count("x-userinfo") == names.count("content-length")
    assert {"connection", "x_userinfo", "transfer-encoding"}.isdisjoint(names)
    assert not any("ours=" in line for line in lines if line.startswith("Cookie"))
    assert "X-Userinfo: real" == lines[-1]


@pytest.mark.parametrize(
    ("settings", "node", "expected"),
    [
        ({"pass_host": "pass"}, ("10.0.0.1", 8000), "gateway.example"),
        ({"pass_host": "node"}, ("10.0.0.1", 8000), "10.0.0.1:8000"),
        ({"pass_host": "node"}, ("orders.internal", 80), "orders.internal"),
        ({"pass_host": "node"}, ("::1", 8000), "[::1]:8000"),
        ({"pass_host": "rewrite", "upstream_host": "b.example:81"}, ("10.0.0.1", 8000), "b.example:81"),
        ({"pass_host": "rewrite"}, ("10.0.0.1", 8000), ""),
    ],
)
def test_the_host_is_whose_it_is_told_to_be(settings: dict[str, str], node: tuple[str, int], expected: str) -> None:
    """The client's, the node's, or a fixed one."""
    spec = UpstreamSpec(nodes=((*node, 1),), **settings)  # type: ignore[arg-type]

    assert expected == choose_host(make_request(), spec, node)
