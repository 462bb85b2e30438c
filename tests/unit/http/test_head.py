"""Reading a request head: what llhttp leaves open is closed here (security notes: P1 to P16)."""

import contextlib
from collections.abc import Mapping

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.errors import ClientFault
from ostiary.http.fields import is_identity_name
from ostiary.http.forwarded import Arrival
from ostiary.http.head import METHODS, HeadMemory, RawHead, read_head
from ostiary.http.request import Request
from ostiary.http.section import CHUNKED, MAX_BODY_BYTES, HeadLimits
from tests.fakes.requests import HeaderValues, make_arrival, make_raw_head, make_request

_FROM_PROXY = make_arrival("10.0.0.1", trusted_proxies=["10.0.0.0/8"])


def _refusal(
    method: str = "GET", target: str = "/", headers: Mapping[str, HeaderValues] | None = None, version: str = "1.1"
) -> str:
    with pytest.raises(ClientFault) as refusal:
        make_request(method, target, headers, version=version)
    return refusal.value.code


def _without_host(target: str = "/", version: str = "1.1", method: str = "GET") -> RawHead:
    raw = make_raw_head(method, target, version=version)
    raw.fields.clear()
    return raw


def _read(raw: RawHead, arrival: Arrival | None = None, limits: HeadLimits | None = None) -> Request:
    return read_head(raw, arrival or make_arrival(), limits or HeadLimits(), "req-1")


def _via_proxy(headers: Mapping[str, HeaderValues]) -> Request:
    return _read(make_raw_head(headers=headers), _FROM_PROXY)


def test_an_ordinary_request_is_read() -> None:
    """Names keep their spelling for sending and have a lower-case one for reading."""
    request = make_request("POST", "/a?b=c", {"Accept": "*/*", "x-cUSTOM": "1", "Content-Length": "5", "Cookie": "a=1"})

    assert (request.id, request.method, request.version, request.target.raw) == ("req-1", "POST", "1.1", b"/a?b=c")
    assert request.fields == [(b"accept", b"Accept", b"*/*"), (b"x-custom", b"x-cUSTOM", b"1")]
    assert (request.body_bytes, request.cookie, request.scheme, request.keep_alive) == (5, b"a=1", "http", True)
    assert (request.client, request.peer, request.expects_continue, request.upgrade) == (
        "127.0.0.1",
        "127.0.0.1",
        False,
        b"",
    )


# Methods and versions (P10).


@pytest.mark.parametrize("method", sorted(METHODS.values()))
def test_known_methods_are_read(method: str) -> None:
    """Methods are compared case-sensitively."""
    assert make_request(method).method == method
    assert _refusal(method.lower()) == "method_unknown"


@pytest.mark.parametrize(
    "method", ["TRACK", "DEBUG", "PRI", "DESCRIBE", "SOURCE", "ANNOUNCE", "", "get", "connect", "G\xc9T"]
)
def test_other_methods_are_refused(method: str) -> None:
    """Other protocols' methods included."""
    assert _refusal(method) == "method_unknown"


@pytest.mark.parametrize("method", ["CONNECT", "TRACE"])
def test_tunnels_and_echoes_are_refused(method: str) -> None:
    """They are known, and never allowed."""
    assert _refusal(method, "gateway.example:80") == "method_refused"


@pytest.mark.parametrize("version", ["0.9", "1.2", "2.0", "3.0", "", "1"])
def test_other_versions_are_refused(version: str) -> None:
    """The parser lets HTTP/0.9 and HTTP/2.0 lines through."""
    assert _refusal(version=version) == "version_unknown"


# Host and target forms (P1, P2, P3).


@pytest.mark.parametrize("version", ["1.1", "1.0"])
@pytest.mark.parametrize(("method", "target"), [("GET", "/"), ("OPTIONS", "*")])
def test_a_request_without_host_is_refused(version: str, method: str, target: str) -> None:
    """Which site is asked for is never guessed, on HTTP/1.0 neither."""
    with pytest.raises(ClientFault, match="host_missing"):
        _read(_without_host(target, version, method))


def test_an_http_1_1_request_in_absolute_form_needs_its_host_header_too() -> None:
    """RFC 9112 §3.2; HTTP/1.0 knows no Host header, and the target names one."""
    with pytest.raises(ClientFault, match="host_missing"):
        _read(_without_host("http://shop.example/"))

    assert _read(_without_host("http://shop.example/", "1.0")).host == "shop.example"


@pytest.mark.parametrize("hosts", [["a.example", "b.example"], ["a.example", "a.example"], ["", "a.example"]])
def test_two_hosts_are_refused(hosts: list[str]) -> None:
    """Also when they are equal."""
    assert _refusal(headers={"Host": hosts}) == "host_repeated"


def test_two_hosts_are_refused_whatever_their_spelling() -> None:
    """`Host` and `HOST` are one field."""
    assert _refusal(headers={"Host": "a.example", "hOST": "a.example"}) == "host_repeated"


@pytest.mark.parametrize(
    "host", ["", "a/b", "a@b", "a, b", "a:99999", "a b", "[::1", "a:", ":80", "a\x00", "\xfcber.example"]
)
def test_a_host_that_is_none_is_refused(host: str) -> None:
    """The grammar is that of `ostiary.http.authority`."""
    assert _refusal(headers={"Host": host}) == "host_invalid"


@pytest.mark.parametrize(
    ("target", "sent"),
    [
        ("http://shop.example/a?b", b"/a?b"),
        ("HTTP://SHOP.example:80/a", b"/a"),
        ("http://shop.example", b"/"),
        ("http://shop.example?b", b"/?b"),
        ("http://shop.example./%61", b"/a"),
    ],
)
def test_absolute_form_is_read_when_it_names_the_same_host(target: str, sent: bytes) -> None:
    """RFC 9112 §3.2.2; it goes on in origin-form."""
    request = make_request(target=target, headers={"Host": "shop.example"})

    assert (request.target.raw, request.authority.text) == (sent, "shop.example")


@pytest.mark.parametrize("host", ["other.example", "shop.example:8080", "shop.example.evil"])
def test_absolute_form_with_another_host_is_refused(host: str) -> None:
    """Two readings of one request: routing by one, the upstream by the other."""
    assert _refusal(target="http://shop.example/", headers={"Host": host}) == "host_differs"


@pytest.mark.parametrize(
    "target",
    [
        "https://gateway.example/",
        "ftp://gateway.example/",
        "http:/gateway.example/",
        "http:gateway.example",
        "gateway.example:80",
        "gateway.example",
        "*",
        "",
        "?a",
        "http://gateway.example/#x",
        "\\a",
        "#",
    ],
)
def test_other_target_forms_are_refused(target: str) -> None:
    """Another scheme than the connection's, authority-form, asterisk-form of other methods, nonsense."""
    assert _refusal(target=target) == "target_form"


@pytest.mark.parametrize(
    "target", ["http://user@gateway.example/", "http://gateway.example:x/", "http:///a", "http://gateway.example\\a/"]
)
def test_an_absolute_form_with_a_doubtful_authority_is_refused(target: str) -> None:
    """User information, impossible ports, no host at all."""
    assert _refusal(target=target) == "host_invalid"


def test_the_scheme_of_an_absolute_form_is_the_connections() -> None:
    """`https://` is right on a TLS connection, `http://` is not."""
    assert make_request(target="https://gateway.example/", scheme="https").path == "/"
    with pytest.raises(ClientFault, match="target_form"):
        make_request(target="http://gateway.example/", scheme="https")


def test_options_may_ask_about_the_whole_server() -> None:
    """RFC 9112 §3.2.4; the path is `*`, which no route pattern matches by accident."""
    request = make_request("OPTIONS", "*")

    assert (request.path, request.target.raw, request.host) == ("*", b"*", "gateway.example")


@pytest.mark.parametrize(
    "target",
    ["//evil.example/x", "/a#b", "/a\\b", "/%00", "/%zz", "/a/../b", "/\xe9", '/"', "http://gateway.example//x"],
)
def test_a_doubtful_path_is_refused(target: str) -> None:
    """The rules are those of `ostiary.http.target`."""
    assert _refusal(target=target).startswith("target_")


# Framing (P6, P9).


@pytest.mark.parametrize("length", ["0", "5", "01", str(MAX_BODY_BYTES)])
def test_a_content_length_is_read(length: str) -> None:
    """Leading zeros are digits like others."""
    assert make_request("POST", headers={"Content-Length": length}).body_bytes == int(length)


@pytest.mark.parametrize(
    "length", ["", " ", "+1", "-1", "0x1", "1_0", "1 1", "1,1", "1;", "1e1", "1.0", "\xb2", "1\n", "9" * 20, "0" * 400]
)
def test_a_content_length_that_is_no_plain_number_is_refused(length: str) -> None:
    """The parser refuses most of them; this is the second door."""
    assert _refusal("POST", headers={"Content-Length": length}) == "framing_length"


@pytest.mark.parametrize("length", [str(MAX_BODY_BYTES + 1), "9" * 19])
def test_a_content_length_beyond_all_measure_is_too_large(length: str) -> None:
    """Above 2^53 other readers lose digits."""
    assert _refusal("POST", headers={"Content-Length": length}) == "body_too_large"


@pytest.mark.parametrize("lengths", [["1", "1"], ["1", "2"], ["0", "0"]])
def test_two_content_lengths_are_refused(lengths: list[str]) -> None:
    """Also when they agree."""
    assert _refusal("POST", headers={"Content-Length": lengths}) == "framing_length"


@pytest.mark.parametrize("coding", ["chunked", "Chunked", "CHUNKED"])
def test_chunked_is_the_only_transfer_coding(coding: str) -> None:
    """In any case of letters (RFC 9112 §7)."""
    assert make_request("POST", headers={"Transfer-Encoding": coding}).body_bytes == CHUNKED


@pytest.mark.parametrize(
    "coding",
    [
        "",
        ",chunked",
        "chunked,",
        "gzip, chunked",
        "identity, chunked",
        "identity",
        "chunked, chunked",
        "xchunked",
        "chunked;q=1",
        '"chunked"',
        "chunked\t;",
        "\x0bchunked",
        "chunked\xa0",
        "chun\tked",
        "trailers",
    ],
)
def test_another_transfer_encoding_is_refused(coding: str) -> None:
    """Back ends differ on every one of these."""
    assert _refusal("POST", headers={"Transfer-Encoding": coding}) == "framing_transfer_encoding"


@pytest.mark.parametrize("codings", [["chunked", "chunked"], ["identity", "chunked"], ["chunked", ""]])
def test_two_transfer_encodings_are_refused(codings: list[str]) -> None:
    """A list over two lines is a list all the same."""
    assert _refusal("POST", headers={"Transfer-Encoding": codings}) == "framing_transfer_encoding"


def test_transfer_encoding_beside_content_length_is_refused_in_both_orders() -> None:
    """The oldest of all smuggling vectors."""
    assert (
        _refusal("POST", headers={"Content-Length": "5", "Transfer-Encoding": "chunked"}) == "framing_transfer_encoding"
    )
    assert (
        _refusal("POST", headers={"Transfer-Encoding": "chunked", "Content-Length": "5"}) == "framing_transfer_encoding"
    )


def test_transfer_encoding_on_http_1_0_is_refused() -> None:
    """RFC 9112 §6.1."""
    assert _refusal("POST", headers={"Transfer-Encoding": "chunked"}, version="1.0") == "framing_transfer_encoding"


def test_white_space_after_a_value_is_not_part_of_it() -> None:
    """RFC 9112 §5; the parser leaves it for us to take away."""
    request = make_request("POST", headers={"Host": "a.example \t", "Content-Length": "5 ", "Connection": "close\t"})

    assert (request.host, request.body_bytes, request.keep_alive) == ("a.example", 5, False)
    assert make_request("POST", headers={"Transfer-Encoding": "chunked "}).body_bytes == CHUNKED


def test_framing_fields_are_not_passed_on() -> None:
    """The gateway writes its own framing."""
    request = make_request("POST", headers={"Transfer-Encoding": "chunked", "TE": "trailers", "Trailer": "X-A"})

    assert request.fields == []


# Expectations (P16).


def test_an_expectation_of_100_continue_is_noticed_when_there_is_a_body() -> None:
    """Without a body there is nothing to continue with; HTTP/1.0 knows no interim answers."""
    expecting = {"Expect": "100-Continue", "Content-Length": "5"}

    assert make_request("POST", headers=expecting).expects_continue
    assert make_request("POST", headers={"Expect": "100-continue", "Transfer-Encoding": "chunked"}).expects_continue
    assert not make_request("POST", headers={"Expect": "100-continue"}).expects_continue
    assert not make_request("POST", headers={"Expect": "100-continue", "Content-Length": "0"}).expects_continue
    assert not make_request("POST", headers=expecting, version="1.0").expects_continue


@pytest.mark.parametrize(
    "expect", ["", "foo", "100-continue, foo", "x 100-continue", "100", ["100-continue", "100-continue"]]
)
def test_another_expectation_is_refused(expect: HeaderValues) -> None:
    """Twice the known one included."""
    assert _refusal("POST", headers={"Expect": expect, "Content-Length": "1"}) == "expect_unknown"


def test_the_expectation_is_not_passed_on() -> None:
    """The gateway answers it itself."""
    assert make_request("POST", headers={"Expect": "100-continue", "Content-Length": "1"}).field(b"expect") is None


# Repeated fields (P7).


@pytest.mark.parametrize(
    "name",
    [
        "Authorization", "Content-Type", "Range", "Origin", "Referer", "User-Agent", "Upgrade", "If-Match",
        "If-None-Match",
        "If-Modified-Since", "If-Unmodified-Since", "If-Range",
    ],
)  # fmt: skip
def test_a_repeated_singleton_is_refused(name: str) -> None:
    """Which one counts differs from server to server."""
    assert _refusal(headers={name: ["a", "b"]}) == "field_repeated"
    assert _refusal(headers={name.lower(): "a", name.upper(): "a"}) == "field_repeated"


def test_lists_may_come_in_several_lines() -> None:
    """Accept and unknown fields go on line by line, in order."""
    request = make_request(headers={"Accept": ["a", "b"], "X-List": ["1", "2"]})

    assert [value for _, _, value in request.fields] == [b"a", b"b", b"1", b"2"]


def test_several_cookie_lines_become_one() -> None:
    """Some clients split them; servers differ on what they make of two."""
    assert make_request(headers={"Cookie": ["a=1", "b=2"]}).cookie == b"a=1; b=2"


# Names (P4, P5) and identity.


@pytest.mark.parametrize(
    "name",
    ["X-Userinfo", "x-userinfo", "X_Userinfo", "X.Userinfo", "X_USERINFO", "X-Access-Token", "X-ID-Token",
     "X-Real-IP", "Forwarded",
     "X-Forwarded-User", "X-Auth-Request-Email", "X-Original-URI", "Remote-User", "Remote_User", "X-Ostiary-Anything"],
)  # fmt: skip
def test_a_clients_identity_fields_never_enter_the_request(name: str) -> None:
    """Every spelling, before anything is decided."""
    assert make_request(headers={name: "admin"}).fields == []


def test_names_that_servers_fold_are_dropped() -> None:
    """`Content_Length` would be read as `Content-Length` behind the gateway."""
    request = make_request(
        headers={"Content_Length": "5", "Transfer_Encoding": "chunked", "X_Y": "1", "X.Y": "1", "X-Y": "1"}
    )

    assert (request.fields, request.body_bytes) == ([(b"x-y", b"X-Y", b"1")], 0)


# Connection, hop-by-hop, upgrade (P13).


@pytest.mark.parametrize(
    ("version", "connection", "keeps"),
    [
        ("1.1", None, True),
        ("1.1", "close", False),
        ("1.1", "Close", False),
        ("1.1", "keep-alive", True),
        ("1.1", "keep-alive, close", False),
        ("1.1", ["keep-alive", "close"], False),
        ("1.1", "x-a,\tCLOSE ", False),
        ("1.1", "upgrade", True),
        ("1.0", None, False),
        ("1.0", "keep-alive", True),
        ("1.0", "Keep-Alive, close", False),
        ("1.0", "foo", False),
    ],
)
def test_whether_the_connection_stays_open(version: str, connection: HeaderValues | None, keeps: bool) -> None:
    """RFC 9112 §9.3: close wins, HTTP/1.0 has to ask."""
    headers = {} if connection is None else {"Connection": connection}

    assert make_request(headers=headers, version=version).keep_alive is keeps


@pytest.mark.parametrize(
    "connection", ["x-secret", "X-SECRET", "close, x-secret", ["close", "x-secret"], ",x-secret ,", "\tx-secret"]
)
def test_fields_that_connection_names_are_dropped(connection: HeaderValues) -> None:
    """RFC 9110 §7.6.1, whatever the case of the token."""
    request = make_request(headers={"X-Secret": "1", "X-Other": "2", "Connection": connection})

    assert request.fields == [(b"x-other", b"X-Other", b"2")]


@pytest.mark.parametrize("name", ["Host", "Content-Length", "Cookie", "X-Forwarded-For", "Transfer-Encoding", "Expect"])
def test_connection_cannot_take_away_what_the_gateway_reads_itself(name: str) -> None:
    """Framing, host and cookies are not up to the client's Connection header."""
    request = make_request("POST", headers={"Content-Length": "5", "Cookie": "a=1", "Connection": name})

    assert (request.body_bytes, request.host, request.cookie) == (5, "gateway.example", b"a=1")


@pytest.mark.parametrize(
    "name", ["Proxy-Connection", "Keep-Alive", "TE", "Trailer", "Upgrade", "HTTP2-Settings", "Proxy-Authorization"]
)
def test_hop_by_hop_fields_are_not_passed_on(name: str) -> None:
    """Named by Connection or not."""
    assert make_request(headers={name: "x"}).fields == []


def test_an_upgrade_is_one_only_when_connection_names_it() -> None:
    """RFC 9110 §7.8; the name is lower-case."""
    assert make_request(headers={"Upgrade": "WebSocket", "Connection": "keep-alive, Upgrade"}).upgrade == b"websocket"
    assert make_request(headers={"Upgrade": "websocket"}).upgrade == b""
    assert make_request(headers={"Connection": "upgrade"}).upgrade == b""


@pytest.mark.parametrize("framing", [{"Content-Length": "5"}, {"Transfer-Encoding": "chunked"}])
def test_a_websocket_handshake_with_a_body_is_refused(framing: dict[str, str]) -> None:
    """After the parser's "upgrade" the body would be read as a new request (P13)."""
    handshake = {"Upgrade": "WebSocket", "Connection": "Upgrade", **framing}

    assert _refusal("GET", headers=handshake) == "framing_upgrade"
    assert make_request("POST", headers={**handshake, "Upgrade": "h2c"}).upgrade == b"h2c"


# Sizes and counts (P8).


def test_the_target_may_be_as_long_as_its_limit() -> None:
    """One byte more is refused."""
    limits = HeadLimits(target_bytes=10)

    assert _read(make_raw_head(target="/" + "a" * 9), limits=limits).path == "/" + "a" * 9
    with pytest.raises(ClientFault, match="target_too_large"):
        _read(make_raw_head(target="/" + "a" * 10), limits=limits)


def test_there_may_be_as_many_fields_as_the_limit() -> None:
    """Dropped fields count as well, and so does Host."""
    limits = HeadLimits(fields=4)

    assert len(_read(make_raw_head(headers={"X": ["1"] * 3}), limits=limits).fields) == 3
    with pytest.raises(ClientFault, match="head_too_large"):
        _read(make_raw_head(headers={"X_Dropped": ["1"] * 4}), limits=limits)


@pytest.mark.parametrize(
    ("name", "allowed_bytes"),
    [("X-A", 100), ("X_Dropped", 100), ("Cookie", 400), ("Authorization", 250), ("Connection", 100)],
)
def test_a_field_may_be_as_large_as_its_limit(name: str, allowed_bytes: int) -> None:
    """Name, value, colon, space and line end; cookies and tokens may be larger."""
    limits = HeadLimits(field_bytes=100)
    fitting = "a" * (allowed_bytes - len(name) - 4)

    assert _read(make_raw_head(headers={name: fitting}), limits=limits).host == "gateway.example"
    with pytest.raises(ClientFault, match="head_too_large"):
        _read(make_raw_head(headers={name: fitting + "a"}), limits=limits)


def test_the_head_may_be_as_large_as_its_limit() -> None:
    """The sum over target and fields, dropped ones included."""
    raw = make_raw_head(target="/abc", headers={"X-A": "1", "X_Dropped": "22"})
    size = len("/abc" + "Host: gateway.example\r\n" + "X-A: 1\r\n" + "X_Dropped: 22\r\n")

    assert _read(raw, limits=HeadLimits(head_bytes=size)).path == "/abc"
    with pytest.raises(ClientFault, match="head_too_large"):
        _read(raw, limits=HeadLimits(head_bytes=size - 1))


# Forwarding facts.


def test_forwarding_fields_from_anybody_change_nothing() -> None:
    """The default list of trusted proxies is empty."""
    request = make_request(
        headers={
            "X-Forwarded-For": "198.51.100.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example",
            "Forwarded": "for=x",
        }
    )  # fmt: skip

    assert (request.client, request.scheme, request.host) == ("127.0.0.1", "http", "gateway.example")
    assert (request.fields, request.forwarded_for) == ([], b"")


def test_forwarding_fields_from_a_trusted_proxy_count() -> None:
    """Several X-Forwarded-For lines are one list."""
    request = _via_proxy(
        {
            "X-Forwarded-For": ["198.51.100.1", "203.0.113.9"],
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": "Shop.example:443",
        }
    )

    assert (request.client, request.peer, request.scheme) == ("203.0.113.9", "10.0.0.1", "https")
    assert (request.authority.text, request.forwarded_for) == ("shop.example", b"198.51.100.1,203.0.113.9")


def test_a_forwarded_scheme_decides_which_port_is_the_default() -> None:
    """`Host: shop.example:443` behind a TLS proxy is `shop.example`."""
    assert _via_proxy({"Host": "shop.example:443", "X-Forwarded-Proto": "https"}).authority.text == "shop.example"


@pytest.mark.parametrize("proto", ["", "HTTPS", "ftp", "https,http", ["https", "http"], "https\x00"])
def test_a_forwarded_scheme_that_is_none_changes_nothing(proto: HeaderValues) -> None:
    """Only `http` and `https` are schemes."""
    assert _via_proxy({"X-Forwarded-Proto": proto}).scheme == "http"


@pytest.mark.parametrize("host", ["a, b", "a@b", ["a.example", "b.example"]])
def test_a_forwarded_host_that_is_none_is_refused(host: HeaderValues) -> None:
    """A trusted proxy that sends two hosts is misconfigured; guessing would hide it."""
    with pytest.raises(ClientFault, match="host_invalid"):
        _via_proxy({"X-Forwarded-Host": host})


# Whatever comes.


_NAMES = st.sampled_from([
    b"Host", b"Content-Length", b"Transfer-Encoding", b"Connection", b"Cookie", b"Expect", b"Upgrade",
    b"Authorization", b"X-Userinfo",
    b"x_userinfo", b"X-Forwarded-For", b"X-Forwarded-Proto", b"X-Forwarded-Host", b"X-A",
]) | st.binary(max_size=12)  # fmt: skip
_VALUES = st.sampled_from([
    b"a.example", b"5", b"chunked", b"close", b"upgrade", b"x-a, close", b"100-continue", b"https",
    b"10.0.0.2, unknown",
]) | st.binary(max_size=20)  # fmt: skip
_URLS = st.sampled_from([b"/", b"*", b"http://a.example/x", b"/a?b", b"/%2e", b"http://a.example"]) | st.binary(
    max_size=20
)


@given(
    st.sampled_from([b"GET", b"POST", b"OPTIONS", b"CONNECT"]) | st.binary(max_size=8),
    _URLS,
    st.sampled_from(["1.1", "1.0", "2.0"]),
    st.lists(st.tuples(_NAMES, _VALUES), max_size=8),
    st.sampled_from([make_arrival(), _FROM_PROXY]),
)
def test_a_head_is_read_or_refused_whatever_it_holds(
    method: bytes, url: bytes, version: str, fields: list[tuple[bytes, bytes]], arrival: Arrival
) -> None:
    """Nothing but ClientFault is raised, and what is read keeps the promises of `Request`."""
    raw = RawHead()
    raw.method, raw.url, raw.version, raw.fields = method, url, version, fields
    try:
        request = _read(raw, arrival)
    except ClientFault:
        return
    assert not any(is_identity_name(lower) for lower, _, _ in request.fields)
    assert request.authority.host
    assert CHUNKED <= request.body_bytes <= MAX_BODY_BYTES
    assert arrival.trusted or (request.client, request.scheme) == (arrival.peer, arrival.scheme)


class _Delivery:
    """What a host does with httptools: collects the head, and nothing after it."""

    def __init__(self) -> None:
        self.heads: list[RawHead] = []
        self._raw = RawHead()
        self._in_head = True
        self.parser = httptools.HttpRequestParser(self)

    def on_message_begin(self) -> None:
        self._raw = RawHead()
        self._in_head = True

    def on_url(self, url: bytes) -> None:
        self._raw.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:
            self._raw.fields.append((name, value))

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._raw.method = self.parser.get_method()
        self._raw.version = self.parser.get_http_version()
        self.heads.append(self._raw)


def _deliver(sent: bytes) -> list[RawHead]:
    delivery = _Delivery()
    with contextlib.suppress(httptools.HttpParserError, httptools.HttpParserUpgrade):
        delivery.parser.feed_data(sent)
    return delivery.heads


def test_a_parsed_head_is_read() -> None:
    """The parser's own spelling of things is what `read_head` takes."""
    (raw,) = _deliver(b"POST /a?b HTTP/1.1\r\nHost: a.example\r\nContent-Length: 2\r\nX-A:  1\r\n\r\nok")
    request = _read(raw)

    assert (request.method, request.target.raw, request.body_bytes, request.field(b"x-a")) == ("POST", b"/a?b", 2, b"1")


_SEPARATORS = st.sampled_from([b"\r\n", b"\n", b"\r", b"\r\n ", b" ", b"", b"\r\n\r\n", b"\0"])
_IDENTITY_SPELLINGS = st.sampled_from([
    b"X-Userinfo", b"x-userinfo", b"X_Userinfo", b"X.Userinfo", b"X-USERINFO", b"X-Access-Token", b"X-ID-Token",
    b"X-Forwarded-User",
    b"X-Auth-Request-User", b"Forwarded", b"Remote-User", b"X-Original-URI",
])  # fmt: skip
_LINES = st.tuples(_IDENTITY_SPELLINGS | _NAMES, st.sampled_from([b": ", b":", b" : ", b":\t"]), _VALUES).map(b"".join)


@given(st.lists(st.tuples(_LINES, _SEPARATORS), max_size=8))
def test_no_parsed_head_brings_an_identity_field_in(lines: list[tuple[bytes, bytes]]) -> None:
    """However lines are ended, folded or cut, `fields` holds no name that only the gateway may set."""
    tail = b"".join(line + separator for line, separator in lines)
    for raw in _deliver(b"POST / HTTP/1.1\r\nHost: a.example\r\n" + tail + b"\r\n\r\n"):
        try:
            request = _read(raw)
        except ClientFault:
            continue
        folded = {name.replace(b"_", b"-").replace(b".", b"-") for name, _, _ in request.fields}
        assert not any(is_identity_name(name) for name in folded)


def test_trailers_of_a_parsed_message_do_not_enter_the_head() -> None:
    """The parser delivers them through the same callback; the host's state tells them apart (P4)."""
    (raw,) = _deliver(
        b"POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\nX-A: 1\r\nX-Userinfo: admin\r\n\r\n"
    )

    assert _read(raw).fields == []


# A connection that repeats itself.

_OUTCOME = (
    "method", "version", "path", "host", "scheme", "client", "peer", "forwarded_for", "fields", "cookie", "cookies",
    "body_bytes",
    "expects_continue", "keep_alive", "upgrade",
)  # fmt: skip


def _outcome(raw: RawHead, arrival: Arrival, limits: HeadLimits, memory: HeadMemory | None) -> object:
    try:
        request = read_head(raw, arrival, limits, "req-1", memory)
    except ClientFault as fault:
        return fault.code
    return request.target.raw, request.authority.text, [getattr(request, name) for name in _OUTCOME]


_REPEATING_FIELDS = st.lists(
    st.sampled_from([
        (b"Host", b"a.example"), (b"Host", b"b.example"), (b"Host", b"a.example:8080"), (b"host", b"a.example"),
        (b"Cookie", b"a=1"),
        (b"X-Forwarded-Proto", b"https"), (b"X-Forwarded-Host", b"c.example"), (b"X-Forwarded-For", b"198.51.100.7"),
        (b"Content-Length", b"5"), (b"Transfer-Encoding", b"chunked"), (b"Connection", b"close"),
        (b"Connection", b"x-a"), (b"X-A", b"1"),
        (b"Expect", b"100-continue"), (b"X-Large", b"x" * 8000), (b"X-Huge", b"x" * 9000),
    ]),
    max_size=4,
)  # fmt: skip
_REPEATING_HEADS = st.tuples(
    st.sampled_from([b"GET", b"POST", b"OPTIONS", b"CONNECT"]),
    st.sampled_from(
        [b"/", b"/a", b"/a?b", b"/%61", b"//", b"*", b"http://a.example/a", b"http://b.example/", b"/" + b"a" * 9000]
    ),
    st.sampled_from(["1.1", "1.1", "1.0", "2.0"]),
    _REPEATING_FIELDS,
)


@given(
    st.lists(_REPEATING_HEADS, min_size=1, max_size=3).flatmap(
        lambda heads: st.lists(st.sampled_from(heads), min_size=1, max_size=8)
    ),
    st.sampled_from([make_arrival(), _FROM_PROXY]),
    st.lists(st.sampled_from([HeadLimits(), HeadLimits(head_bytes=300, fields=3)]), min_size=8, max_size=8),
)
def test_what_a_connection_remembers_changes_no_judgement(
    heads: list[tuple[bytes, bytes, str, list[tuple[bytes, bytes]]]], arrival: Arrival, limits: list[HeadLimits]
) -> None:
    """Whatever came before, refused heads and new limits included: every head is read as if it were the first."""
    memory = HeadMemory()
    for (method, url, version, fields), limit in zip(heads, limits, strict=False):
        raw = RawHead(method, url, version, list(fields))
        assert _outcome(raw, arrival, limit, memory) == _outcome(raw, arrival, limit, None)


def test_a_repeated_head_is_read_once() -> None:
    """The same section, place and target serve again, each for as long as it is repeated."""
    memory, arrival, limits = HeadMemory(), make_arrival(), HeadLimits()
    sent = [("/a", "a.example"), ("/a", "a.example"), ("/b", "a.example"), ("/b", "b.example")]
    first, again, elsewhere, other = (
        read_head(make_raw_head(target=target, headers={"Host": host}), arrival, limits, "req-1", memory)
        for target, host in sent
    )

    assert [again.section, again.target, again.authority] == [first.section, first.target, first.authority]
    assert [elsewhere.section, elsewhere.authority, elsewhere.path] == [first.section, first.authority, "/b"]
    assert other.section is not first.section
    assert (other.host, other.path) == ("b.example", "/b")


def test_a_large_section_is_not_remembered() -> None:
    """An idle connection holds no kilobytes of cookies."""
    memory = HeadMemory()
    raw = make_raw_head(headers={"Cookie": "a=" + "x" * 9000})
    read_head(raw, make_arrival(), HeadLimits(), "req-1", memory)

    assert memory.fields is None


@pytest.mark.parametrize("padding", [0, 1, 100, 101, 102, 103])
def test_new_credentials_count_as_they_came(padding: int) -> None:
    """White space behind them is part of the head's size, remembered or not."""
    limits = HeadLimits(head_bytes=150, field_bytes=120, target_bytes=20)
    arrival, memory = make_arrival(), HeadMemory()
    read_head(make_raw_head(headers={"Authorization": "Bearer a"}), arrival, limits, "req-1", memory)
    raw = make_raw_head(headers={"Authorization": "Bearer b" + " " * padding})

    assert _outcome(raw, arrival, limits, None) == _outcome(raw, arrival, limits, memory)
