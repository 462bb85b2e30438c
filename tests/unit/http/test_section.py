"""The header section: what each field is for, what is kept, what is dropped, what is refused."""

import contextlib
import re
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.errors import ClientFault
from ostiary.http.fields import IDENTITY_NAMES, RawFields, is_identity_name
from ostiary.http.section import CHUNKED, MAX_BODY_BYTES, FieldSection, HeadLimits, read_section


def fields_of(*lines: str) -> RawFields:
    """Turn `Name: value` lines into what a parser delivers."""
    return [
        (name.encode("latin-1"), value.encode("latin-1")) for name, _, value in (line.partition(": ") for line in lines)
    ]


def read(*lines: str, version: str = "1.1", limits: HeadLimits | None = None) -> FieldSection:
    """Read a section of `Name: value` lines."""
    return read_section(fields_of(*lines), version, limits or HeadLimits())


def code_of(*lines: str, version: str = "1.1", limits: HeadLimits | None = None) -> str:
    """Read a section that is refused, and return why."""
    with pytest.raises(ClientFault) as caught:
        read(*lines, version=version, limits=limits)
    return caught.value.code


def names_of(section: FieldSection) -> list[bytes]:
    """The names that are passed on, as they came."""
    return [name for _, name, _ in section.passed]


def test_an_empty_section_has_nothing() -> None:
    """And the connection is kept, in HTTP/1.1."""
    section = read()

    assert ([], 0, b"", None, True) == (
        section.passed,
        section.body_bytes,
        section.cookie,
        section.host,
        section.keep_alive,
    )
    assert not read(version="1.0").keep_alive


def test_ordinary_fields_are_passed_on_in_their_order() -> None:
    """With their lower-case name, the name as sent, the value without what stands after it."""
    section = read("Accept: */*", "x-MINE: a", "X-Mine:  b ")

    assert [(b"accept", b"Accept", b"*/*"), (b"x-mine", b"x-MINE", b"a"), (b"x-mine", b"X-Mine", b" b")] == (
        section.passed
    )


@pytest.mark.parametrize(("lines", "wish"), [(1, b"/next"), (2, b""), (3, b"")])
def test_a_wish_that_is_said_twice_is_none(lines: int, wish: bytes) -> None:
    """Where somebody asks to be sent is not worth an error, and nobody can say which was meant."""
    section = read(*["X-Auth-Request-Redirect: /next"] * lines)

    assert (wish, []) == (section.redirect_wish, section.passed)


@pytest.mark.parametrize("name", sorted(name.decode("ascii") for name in IDENTITY_NAMES))
@pytest.mark.parametrize("spell", [str, str.title, str.upper, lambda name: name.replace("-", "_")])
def test_identity_fields_are_dropped_in_every_spelling(name: str, spell: "type[str]") -> None:
    """Whatever the client says about who it is."""
    assert [b"A"] == names_of(read("A: 1", f"{spell(name)}: admin"))


@pytest.mark.parametrize(
    "name", ["X.Userinfo", "X_Anything", "x-forwarded-user", "X-Auth-Request-Email", "X-Original-URI", "X-Ostiary-A"]
)
def test_names_that_servers_fold_and_our_families_are_dropped(name: str) -> None:
    """`_` and `.` become `-` in application servers."""
    assert [] == names_of(read(f"{name}: 1"))


@pytest.mark.parametrize(
    "name", ["Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Proxy-Authorization", "HTTP2-Settings"]
)
def test_hop_by_hop_fields_are_dropped(name: str) -> None:
    """They end here."""
    assert [] == names_of(read(f"{name}: 1", f"{name.lower()}: 1"))


@pytest.mark.parametrize("connection", ["x-mine", "close, X-MINE", "keep-alive ,\tx-mine\t", ",,x-mine,"])
def test_what_connection_names_is_dropped(connection: str) -> None:
    """But neither framing nor Host nor cookies, which are not fields to pass on."""
    section = read("X-Mine: 1", "A: 1", f"Connection: {connection}", "Host: a", "Cookie: b=1")

    assert ([b"A"], b"a", b"b=1") == (names_of(section), section.host, section.cookie)
    section = read("Connection: host, cookie, content-length", "Host: a", "Cookie: b=1", "Content-Length: 5")
    assert (b"a", b"b=1", 5) == (section.host, section.cookie, section.body_bytes)


def test_connection_fields_add_up() -> None:
    """They are one list."""
    section = read("Connection: x-a", "Connection: close", "X-A: 1", "X-B: 1")

    assert ([b"X-B"], False) == (names_of(section), section.keep_alive)


@pytest.mark.parametrize(
    ("version", "connection", "expected"),
    [
        ("1.1", "keep-alive", True), ("1.1", "close", False), ("1.1", "Close", False),
        ("1.1", "keep-alive, close", False), ("1.1", "x-a", True), ("1.0", "keep-alive", True),
        ("1.0", "Keep-Alive , x", True), ("1.0", "close", False), ("1.0", "x-a", False),
    ],
)  # fmt: skip
def test_keep_alive_is_read(version: str, connection: str, expected: bool) -> None:
    """RFC 9112 §9.3: close wins."""
    assert expected == read(f"Connection: {connection}", version=version).keep_alive


def test_credentials_stand_apart() -> None:
    """Where they stood, under which name, without white space behind; Connection can take them away."""
    section = read("A: 1", "authorization: Bearer t \t", "B: 2")

    assert (b"Bearer t", b"authorization", 1, [b"A", b"B"]) == (
        section.authorization,
        section.authorization_name,
        section.authorization_at,
        names_of(section),
    )
    assert "field_repeated" == code_of("Authorization: a", "authorization: a")
    taken = read("Authorization: a", "Connection: authorization")
    assert (None, -1) == (taken.authorization, taken.authorization_at)
    assert (None, -1) == (read("A: 1").authorization, read("A: 1").authorization_at)


def test_the_same_section_with_other_credentials() -> None:
    """Everything but them stays; the first one is not touched."""
    section = read("Host: a", "Authorization: one", "A: 1", "Cookie: b=2", "Content-Length: 5", "Connection: close")
    other = section.with_authorization(b"another", section.size_bytes + len("another") - len("one"))
    expected = read(
        "Host: a", "Authorization: another", "A: 1", "Cookie: b=2", "Content-Length: 5", "Connection: close"
    )

    facts = [name for name in vars(FieldSection) if not name.startswith("_") and not callable(getattr(other, name))]
    assert {"authorization", "authorization_digest", "authorization_line", "cookies", "passed"} <= set(facts)
    for fact in facts:
        assert getattr(expected, fact) == getattr(other, fact)
    assert b"one" == section.authorization


def test_what_is_remembered_of_credentials_goes_with_them() -> None:
    """A digest or a line of other credentials would let somebody in as somebody else."""
    section = read("Host: a", "Authorization: one", "Cookie: b=2")
    section.authorization_line = b"Authorization: one\r\n"
    section.digest, section.digest_for = b"of the cookies", "a policy"
    assert sha256(b"one").digest() == section.authorization_digest
    other = section.with_authorization(b"another", section.size_bytes + 4)

    assert sha256(b"another").digest() == other.authorization_digest
    assert (None, b"of the cookies", "a policy") == (other.authorization_line, other.digest, other.digest_for)
    assert sha256(b"one").digest() == section.authorization_digest
    assert b"" == read("Host: a").authorization_digest


@pytest.mark.parametrize("name", ["Content-Type", "Origin", "Referer", "Range", "If-None-Match"])
def test_a_field_that_stands_for_itself_comes_once(name: str) -> None:
    """Which of two would count is anybody's guess."""
    assert [name.encode("ascii")] == names_of(read(f"{name}: a"))
    assert "field_repeated" == code_of(f"{name}: a", f"{name.lower()}: b")


def test_cookies_are_joined_and_split_once() -> None:
    """Several Cookie lines are one header; pairs are made when somebody asks."""
    section = read("Cookie: a=1; b=2 ", "cookie: c=3")

    assert b"a=1; b=2; c=3" == section.cookie
    assert [(b"a", b"1"), (b"b", b"2"), (b"c", b"3")] == section.cookies
    assert section.cookies is section.cookies
    assert [] == read().cookies
    assert [] == names_of(section)


def test_forwarding_facts_are_set_apart() -> None:
    """Joined as lists; whether they count is decided elsewhere."""
    section = read(
        "X-Forwarded-For: 1.1.1.1", "x-forwarded-for: 2.2.2.2", "X-Forwarded-Proto: https", "X-Forwarded-Proto: http",
        "X-Forwarded-Host: a", "X-Forwarded-Host: b",
    )  # fmt: skip

    assert (b"1.1.1.1,2.2.2.2", b"https,http", b"a,b", []) == (
        section.forwarded_for,
        section.forwarded_proto,
        section.forwarded_host,
        section.passed,
    )


# ----------------------------------------------------------------------------------------------------------- framing


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["Content-Length: 0"], 0),
        (["Content-Length: 5"], 5),
        (["content-length: 0005 \t"], 5),
        ([f"Content-Length: {MAX_BODY_BYTES}"], MAX_BODY_BYTES),
        (["Transfer-Encoding: chunked"], CHUNKED),
        (["transfer-encoding: Chunked "], CHUNKED),
    ],
)
def test_the_announced_body_is_read(lines: list[str], expected: int) -> None:
    """One Content-Length, or exactly `chunked`."""
    assert expected == read(*lines).body_bytes


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["Content-Length: 5", "Content-Length: 5"], "framing_length"),
        (["Content-Length: "], "framing_length"),
        (["Content-Length: +5"], "framing_length"),
        (["Content-Length: 5, 5"], "framing_length"),
        (["Content-Length: \xb2"], "framing_length"),
        (["Content-Length: " + "0" * 20], "framing_length"),
        ([f"Content-Length: {MAX_BODY_BYTES + 1}"], "body_too_large"),
        (["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], "framing_transfer_encoding"),
        (["Transfer-Encoding: gzip, chunked"], "framing_transfer_encoding"),
        (["Transfer-Encoding: ,chunked"], "framing_transfer_encoding"),
        (["Transfer-Encoding: "], "framing_transfer_encoding"),
        (["Transfer-Encoding: chunked", "Content-Length: 5"], "framing_transfer_encoding"),
        (["Content-Length: 5", "Transfer-Encoding: chunked"], "framing_transfer_encoding"),
        (["Host: a", "host: a"], "host_repeated"),
        (["Expect: 100-continue", "Expect: 100-continue"], "expect_unknown"),
        (["Expect: 100-continue, x"], "expect_unknown"),
        (["Upgrade: h2c", "upgrade: websocket"], "field_repeated"),
    ],
)
def test_framing_in_doubt_is_refused(lines: list[str], code: str) -> None:
    """Never the first of two, never the last of two."""
    assert code == code_of(*lines)


def test_chunks_are_not_for_old_clients() -> None:
    """RFC 9112 §6.1: HTTP/1.0 knows none."""
    assert "framing_transfer_encoding" == code_of("Transfer-Encoding: chunked", version="1.0")


@pytest.mark.parametrize(
    ("lines", "version", "expected"),
    [
        (["Expect: 100-Continue", "Content-Length: 5"], "1.1", True),
        (["Expect: 100-continue", "Transfer-Encoding: chunked"], "1.1", True),
        (["Expect: 100-continue", "Content-Length: 0"], "1.1", False),
        (["Expect: 100-continue"], "1.1", False),
        (["Expect: 100-continue", "Content-Length: 5"], "1.0", False),
        (["Expect: anything", "Content-Length: 5"], "1.0", False),
        (["Content-Length: 5"], "1.1", False),
    ],
)
def test_an_expectation_is_for_a_body_to_come(lines: list[str], version: str, expected: bool) -> None:
    """Ignored where there is no body, and on HTTP/1.0."""
    section = read(*lines, version=version)

    assert expected == section.expects_continue
    assert [] == section.passed


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["Upgrade: WebSocket", "Connection: Upgrade"], b"websocket"),
        (["Upgrade: h2c", "Connection: keep-alive, upgrade", "Content-Length: 5"], b"h2c"),
        (["Upgrade: h2c"], b""),
        (["Connection: upgrade"], b""),
        (["Upgrade: h2c", "Connection: close"], b""),
    ],
)
def test_an_upgrade_is_wanted_when_both_say_so(lines: list[str], expected: bytes) -> None:
    """RFC 9110 §7.8; the fields themselves go no further."""
    section = read(*lines)

    assert (expected, []) == (section.upgrade, section.passed)


@pytest.mark.parametrize("framing", ["Content-Length: 5", "Transfer-Encoding: chunked"])
def test_a_websocket_handshake_has_no_body(framing: str) -> None:
    """RFC 6455 knows none."""
    assert "framing_upgrade" == code_of("Upgrade: websocket", "Connection: upgrade", framing)


# ------------------------------------------------------------------------------------------------------------ limits


@pytest.mark.parametrize(
    ("name", "largest"), [("A", 256), ("Cookie", 1024), ("Authorization", 640), ("X_Dropped", 256), ("Host", 256)]
)
def test_a_field_has_its_size(name: str, largest: int) -> None:
    """With name and line end; a cookie four times, a token two and a half times as much."""
    limits = HeadLimits(field_bytes=256)
    value = "x" * (largest - len(name) - len(": \r\n"))

    assert largest == read(f"{name}: {value}", limits=limits).size_bytes
    assert "head_too_large" == code_of(f"{name}: {value}x", limits=limits)


def test_a_section_has_so_many_fields() -> None:
    """Dropped ones count."""
    limits = HeadLimits(fields=10)

    assert 10 == len(read(*["A: 1"] * 10, limits=limits).passed)
    assert "head_too_large" == code_of(*["X_A: 1"] * 11, limits=limits)


# -------------------------------------------------------------------------------------------------------- properties

COMMON_NAMES = [
    "Host", "content-length", "Transfer-Encoding", "Connection", "Cookie", "Expect", "Upgrade", "X-Userinfo",
    "x_userinfo", "X-Forwarded-For", "Accept", "X-Mine", "Authorization", "TE",
]  # fmt: skip
COMMON_VALUES = ["5", "0", "chunked", "close", "keep-alive", "x-mine, x-userinfo", "100-continue", "websocket", ""]
NAMES = st.one_of(
    st.sampled_from(COMMON_NAMES),
    st.from_regex(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}", fullmatch=True),
)
VALUES = st.one_of(
    st.sampled_from(COMMON_VALUES),
    st.from_regex(r"[\x20-\x7e\x80-\xff\t]{0,16}", fullmatch=True),
)
LINES = st.lists(st.tuples(NAMES, VALUES).map(": ".join), max_size=8)


@given(LINES, st.sampled_from(["1.0", "1.1"]))
def test_a_section_is_safe_or_refused(lines: list[str], version: str) -> None:
    """Whatever a client says: what is passed on is plain, not ours, not hop-by-hop, or it is a ClientFault."""
    try:
        section = read(*lines, version=version)
    except ClientFault:
        return
    kept = [lower for lower, _, _ in section.passed]
    assert b"authorization" not in kept
    assert all(re.fullmatch(rb"[a-z0-9-]+", lower) for lower in kept)
    assert not any(is_identity_name(lower) for lower in kept)
    hop_by_hop = {b"connection", b"te", b"upgrade", b"transfer-encoding", b"content-length", b"host", b"cookie"}
    assert hop_by_hop.isdisjoint(kept)
    sent = [(name, value.rstrip(b" \t")) for name, value in fields_of(*lines)]
    assert [field for field in sent if field in [(name, value) for _, name, value in section.passed]] == [
        (name, value) for _, name, value in section.passed
    ]
    assert -1 <= section.body_bytes <= MAX_BODY_BYTES


@given(LINES, LINES)
def test_a_section_depends_on_its_fields_alone(before: list[str], lines: list[str]) -> None:
    """Reading another one in between changes nothing."""

    def facts() -> object:
        try:
            section = read(*lines)
        except ClientFault as fault:
            return fault.code
        return section.passed, section.body_bytes, section.cookie, section.keep_alive, section.upgrade

    first = facts()
    with contextlib.suppress(ClientFault):
        read(*before)
    assert first == facts()


def test_a_wish_to_be_led_somewhere_is_heard_and_never_passed_on() -> None:
    """X-Auth-Request-Redirect, in one spelling; its family stays ours."""
    section = read_section([(b"X-Auth-Request-Redirect", b"/a"), (b"X-Auth-Request-User", b"x")], "1.1", HeadLimits())

    assert b"/a" == section.redirect_wish
    assert [] == section.passed
    assert b"/a" == section.with_authorization(b"x", 1).redirect_wish
    assert read_section([(b"X_Auth_Request_Redirect", b"/a")], "1.1", HeadLimits()).redirect_wish is None
