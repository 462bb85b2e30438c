"""The request target: one judgement, one spelling, or refused (security notes: target forms)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.errors import ClientFault
from ostiary.http.target import Target, parse_target


def _refusal(raw: bytes) -> str:
    with pytest.raises(ClientFault) as refusal:
        parse_target(raw)
    return refusal.value.code


@pytest.mark.parametrize(
    "raw",
    [
        b"/",
        b"/a",
        b"/a/",
        b"/a/b.c/d-e_f~g",
        b"/.well-known/openid-configuration",
        b"/a/...",
        b"/a/..b",
        b"/a/b..",
        b"/a.",
        b"/!$&'()*+,=:@-",
        b"/x;jsessionid=1",
        b"/a;b=c/d",
        b"/x%20y",
        b"/x%3F",
        b"/x%23",
        b"/%C3%A9",
        b"/%252e%252e/",
        b"/%252F",
        b"/100%25",
    ],
)
def test_a_plain_path_is_sent_as_it_came(raw: bytes) -> None:
    """Canonical spellings are left alone, the trailing slash too."""
    target = parse_target(raw)

    assert (target.raw_path, target.raw, target.query) == (raw, raw, None)


@pytest.mark.parametrize(
    ("raw", "path", "sent"),
    [
        (b"/%61%2Db%2e%5f%7E", "/a-b._~", b"/a-b._~"),
        (b"/%c3%a9", "/é", b"/%C3%A9"),
        (b"/caf%C3%A9/x", "/café/x", b"/caf%C3%A9/x"),
        (b"/%252e%252e/", "/%2e%2e/", b"/%252e%252e/"),
        (b"/%3f%23", "/?#", b"/%3F%23"),
        (b"/%3Bx", "/;x", b"/%3Bx"),
        (b"/%ef%bc%8e%ef%bc%8e/x", "/\uff0e\uff0e/x", b"/%EF%BC%8E%EF%BC%8E/x"),
        (b"/%25u002e", "/%u002e", b"/%25u002e"),
        (b"/a%20", "/a ", b"/a%20"),
    ],
)
def test_a_path_is_judged_decoded_once_and_sent_canonical(raw: bytes, path: str, sent: bytes) -> None:
    """Unreserved characters are unescaped, other escapes are in upper case, nothing is decoded twice."""
    target = parse_target(raw)

    assert (target.path, target.raw_path) == (path, sent)


@pytest.mark.parametrize(
    ("raw", "query"),
    [
        (b"/a?", b""),
        (b"/a?b=c&d=%zz", b"b=c&d=%zz"),
        (b"/a?b?c", b"b?c"),
        (b'/a?"<>{}|^`\\', b'"<>{}|^`\\'),
        (b"/%41?%41", b"%41"),
    ],
)
def test_the_query_is_not_judged_and_goes_on_as_it_came(raw: bytes, query: bytes) -> None:
    """An empty query is still a query."""
    target = parse_target(raw)

    assert (target.query, target.raw) == (query, target.raw_path + b"?" + query)


@pytest.mark.parametrize("octet", [*range(0x21), 0x23, 0x7F, 0x80, 0xC3, 0xFF])
def test_raw_octets_that_no_uri_holds_are_refused_in_path_and_query(octet: int) -> None:
    """Control bytes, space, `#`, DEL, anything not ASCII."""
    assert _refusal(b"/a" + bytes((octet,)) + b"b") == "target_characters"
    assert _refusal(b"/a?b" + bytes((octet,)) + b"c") == "target_characters"


@pytest.mark.parametrize("octet", b'"<>\\^`{|}[]')
def test_raw_octets_that_must_be_escaped_in_a_path_are_refused(octet: int) -> None:
    """RFC 3986 §3.3; some servers read a backslash as a slash."""
    assert _refusal(b"/a" + bytes((octet,)) + b"b") == "target_characters"


@pytest.mark.parametrize("raw", [b"", b"a", b"a/b", b"*", b"?", b"?x", b"http://host/a", b"%2Fa", b"host:80", b"."])
def test_what_does_not_start_with_a_slash_is_no_origin_form(raw: bytes) -> None:
    """Other forms are read by `ostiary.http.head`, never here."""
    assert _refusal(raw) == "target_characters"


@pytest.mark.parametrize(
    "raw", [b"/%", b"/%z", b"/%zz", b"/%4", b"/%4z", b"/a%", b"/%u002e", b"/%%41", b"/%-1", b"/% 1"]
)
def test_a_percent_sign_without_two_hexadecimal_digits_is_refused(raw: bytes) -> None:
    """Readers differ on what it means."""
    assert _refusal(raw) in {"target_escape", "target_characters"}


@pytest.mark.parametrize("octet", [*range(0x20), 0x5C, 0x7F])
def test_encoded_control_characters_and_backslashes_are_refused(octet: int) -> None:
    """`%00`, `%0d%0a` and `%5c` in either case."""
    assert _refusal(b"/a%%%02Xb" % octet) == "target_escape"
    assert _refusal(b"/a%%%02xb" % octet) == "target_escape"


@pytest.mark.parametrize(
    "raw", [b"/%ff", b"/%c0%ae%c0%ae/", b"/%c0%af", b"/%ed%a0%80", b"/%f5%80%80%80", b"/%c3", b"/%c3/%a9", b"/%80"]
)
def test_a_path_that_is_not_utf_8_is_refused(raw: bytes) -> None:
    """Overlong forms, surrogates, truncated sequences, lone continuation bytes."""
    assert _refusal(raw) == "target_escape"


@pytest.mark.parametrize(
    "raw",
    [
        b"/.",
        b"/..",
        b"/./",
        b"/../",
        b"/a/..",
        b"/a/../b",
        b"/a/./b",
        b"/%2e",
        b"/%2e%2e/",
        b"/.%2e/b",
        b"/%2E./b",
        b"/..;/b",
        b"/.;/b",
        b"/..;x=y/b",
        b"/%2e%2e;x/b",
        b"/..%3bx/b",
        b"/..%2f",
        b"/a%2f..%2fb",
        b"/a%2F%2e%2e/b",
        b"/..%2Fb",
        b"/a;x/..;y/b",
    ],
)
def test_dot_segments_are_refused_however_they_are_hidden(raw: bytes) -> None:
    """Plain, encoded, behind a path parameter, behind an encoded slash: refused, never resolved."""
    assert _refusal(raw) == "target_dot_segment"


@pytest.mark.parametrize(
    "raw", [b"//", b"//x", b"/x//y", b"/x//", b"///", b"//evil.example/x", b"/%2f", b"/a%2F/b", b"/a/%2fb"]
)
def test_empty_segments_are_refused(raw: bytes) -> None:
    """Two slashes in a row, encoded ones included; a trailing slash is fine."""
    assert _refusal(raw) == "target_empty_segment"


def test_an_encoded_slash_is_reported_and_stays_encoded_everywhere() -> None:
    """Only a route that allows it may take the target, and then nobody reads it as a separator."""
    target = parse_target(b"/a%2fb%20c/%25")

    assert (target.has_encoded_slash, target.path, target.raw_path) == (True, "/a%2Fb c/%25", b"/a%2Fb%20c/%25")


def test_a_path_without_an_encoded_slash_reports_none() -> None:
    """A double encoding is no encoded slash: the upstream decodes once, as we do."""
    for raw in (b"/a", b"/a%20b", b"/a%252Fb", b"/a%252fb", b"/a%252F%252Fb", b"/a%252F..%252Fb"):
        target = parse_target(raw)
        assert (target.has_encoded_slash, target.raw_path) == (False, raw)


def test_matching_is_case_sensitive() -> None:
    """`/Admin` and `/admin` are two paths."""
    assert parse_target(b"/Admin").path == "/Admin"


def _as_tuple(target: Target) -> tuple[str, bytes, bytes | None, bool]:
    return target.path, target.raw_path, target.query, target.has_encoded_slash


_PIECES = st.sampled_from([
    *(bytes((octet,)) for octet in b"aZ09-._~!$&'()*+,;=:@/?#%\\ \"<>{}|^`\x00\x7f\x80\xc3"),
    b"%2e", b"%2E", b"%2f", b"%2F", b"%5c", b"%00", b"%25", b"%252f", b"%252F", b"%41", b"%c3%a9", b"%C3%A9",
    b"%c0%ae", b"%3b",
    b"%3f", b"..", b"..;", b"//", b"/", b"/a",
])  # fmt: skip
_TARGETS = st.lists(_PIECES, max_size=12).map(lambda pieces: b"/" + b"".join(pieces)) | st.binary(max_size=40)


@given(_TARGETS)
def test_what_is_sent_is_judged_the_same(raw: bytes) -> None:
    """Canonical form is a fixed point: an upstream that parses as we do judges the path that we judged."""
    try:
        target = parse_target(raw)
    except ClientFault:
        return
    assert _as_tuple(parse_target(target.raw)) == _as_tuple(target)


@given(_TARGETS)
def test_what_is_accepted_holds_none_of_the_doubtful_things(raw: bytes) -> None:
    """The oracle decodes by itself and looks for what the canonicaliser promises to refuse."""
    try:
        target = parse_target(raw)
    except ClientFault:
        return
    path = target.raw_path.decode("ascii")
    once = bytes(_decode_once(path))
    segments = once.decode("utf-8").split("/")[1:]
    assert not {segment.partition(";")[0] for segment in segments} & {".", ".."}
    assert "" not in segments[:-1]
    assert not set(once) & {*range(0x20), 0x7F, 0x5C}
    assert target.has_encoded_slash == ("%2F" in path)
    if not target.has_encoded_slash:
        assert once.decode("utf-8") == target.path


def _decode_once(path: str) -> list[int]:
    octets = []
    rest = path
    while rest:
        if rest[0] == "%":
            octets.append(int(rest[1:3], 16))
            rest = rest[3:]
        else:
            octets.append(ord(rest[0]))
            rest = rest[1:]
    return octets
