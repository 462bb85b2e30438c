"""Transfer-Encoding disguised so that one server sees it and another does not: TE.TE, CL.TE, TE.CL.

The disguises are generated: every octet at every place of the line, in every segmentation. Whatever the disguise, a
Content-Length stands beside it, so that only two things are right: refuse, or frame by Content-Length and let no field
through that anybody could take for Transfer-Encoding.
"""

import pytest

from tests.hostile.trial import Door, Vector, accept, body_is, get, post, trial
from tests.hostile.wire import CUTS, Wire

_SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: gateway.example\r\n\r\n"
_CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"
_BODY = b"0\r\n\r\nG"

_REFUSED_VALUES = [
    b"", b" ", b",chunked", b"chunked,", b", chunked", b"chunked, chunked", b"chunked,chunked", b"identity",
    b"identity, chunked",
    b"chunked, identity", b"gzip", b"gzip, chunked", b"deflate, chunked", b"compress, chunked", b"br, chunked",
    b"x, chunked",
    b"xchunked", b"chunkedx", b"chunke", b"hunked", b"chunked;q=1", b"chunked; a=b", b"chunked;", b";chunked",
    b'"chunked"', b"'chunked'",
    b"(chunked)", b"chunked (a)", b"chun ked", b"chunk\ted", b"ch\xc3\xbcnked", b"\xef\xbd\x83hunked", b"chunked\xa0",
    b"\xa0chunked",
    b"\x85chunked", b"chunked\x85", b"\x0bchunked", b"chunked\x0b", b"\x0cchunked", b"chunked\x0c", b"\x00chunked",
    b"chunked\x00",
    b"\x08chunked", b"chunked\x7f", b"\x1fchunked", b"chunked\r", b"\rchunked", b"\xffchunked",
    b"\xe2\x80\x8bchunked", b"none", b"cow",
    b"cow, chunked", b"chunked, cow", b"trailers", b"null", b"1", b"%63hunked", b"chunked\\", b"\\chunked",
    b"chunked/1.0", b"=chunked",
]  # fmt: skip

_ALONE = [
    Vector(f"alone {value!r}", post(b"Transfer-Encoding: " + value, body=_CHUNKS + _SMUGGLED))
    for value in _REFUSED_VALUES
]
_WITH_LENGTH = [
    Vector(
        f"with a length {value!r}", post(b"Content-Length: 6", b"Transfer-Encoding: " + value, body=_BODY + _SMUGGLED)
    )
    for value in [b"chunked", *_REFUSED_VALUES]
]
_FORMS = [
    Vector("CL.TE", post(b"Content-Length: 6", b"Transfer-Encoding: chunked", body=_BODY)),
    Vector("TE.CL", post(b"Transfer-Encoding: chunked", b"Content-Length: 6", body=_BODY)),
    Vector("CL.TE zero", post(b"Content-Length: 0", b"Transfer-Encoding: chunked", body=_CHUNKS)),
    Vector("TE.CL on a GET", get(b"Transfer-Encoding: chunked", b"Content-Length: 3") + _CHUNKS),
    Vector("CL.TE.CL", post(b"Content-Length: 6", b"Transfer-Encoding: chunked", b"Content-Length: 6", body=_BODY)),
    Vector("twice", post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=_CHUNKS)),
    Vector("twice, identity first", post(b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked", body=_CHUNKS)),
    Vector("twice, identity last", post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", body=_CHUNKS)),
    Vector("twice, one empty", post(b"Transfer-Encoding:", b"Transfer-Encoding: chunked", body=_CHUNKS)),
    Vector("twice, another case", post(b"Transfer-Encoding: chunked", b"transfer-encoding: cow", body=_CHUNKS)),
    Vector("on HTTP/1.0", post(b"Transfer-Encoding: chunked", version=b"HTTP/1.0", body=_CHUNKS)),
    Vector(
        "on HTTP/1.0 with a length",
        post(b"Transfer-Encoding: chunked", b"Content-Length: 6", version=b"HTTP/1.0", body=_BODY),
    ),
    Vector(
        "on HTTP/1.0 keep-alive",
        post(b"Connection: keep-alive", b"Transfer-Encoding: chunked", version=b"HTTP/1.0", body=_CHUNKS + _SMUGGLED),
    ),
    Vector("folded after the colon", post(b"Content-Length: 6", b"Transfer-Encoding:\r\n chunked", body=_BODY)),
    Vector("folded with a tab", post(b"Content-Length: 6", b"Transfer-Encoding:\r\n\tchunked", body=_BODY)),
    Vector("folded inside", post(b"Content-Length: 6", b"Transfer-Encoding: chun\r\n ked", body=_BODY)),
    Vector("folded name", post(b"Content-Length: 6", b"Transfer-\r\n Encoding: chunked", body=_BODY)),
    Vector("name over two lines", post(b"Content-Length: 6", b"Transfer-\r\nEncoding: chunked", body=_BODY)),
    Vector("colon on the next line", post(b"Content-Length: 6", b"Transfer-Encoding\r\n: chunked", body=_BODY)),
    Vector("value on the next line, LF", post(b"Content-Length: 6", b"Transfer-Encoding:\n chunked", body=_BODY)),
    Vector("after a lone CR", post(b"Content-Length: 6", b"X: y\rTransfer-Encoding: chunked", body=_BODY)),
    Vector("after a lone LF", post(b"Content-Length: 6", b"X: y\nTransfer-Encoding: chunked", body=_BODY)),
    Vector("before a lone LF", post(b"Content-Length: 6", b"Transfer-Encoding: chunked\nX: y", body=_BODY)),
    Vector("before a lone CR", post(b"Content-Length: 6", b"Transfer-Encoding: chunked\rX: y", body=_BODY)),
    Vector("after CR CR LF", post(b"Content-Length: 6", b"X: y\r\r\nTransfer-Encoding: chunked", body=_BODY)),
    Vector(
        "as the first line, folded", b"POST /v HTTP/1.1\r\n Transfer-Encoding: chunked\r\nHost: a\r\n\r\n" + _CHUNKS
    ),
    Vector("space before the colon", post(b"Content-Length: 6", b"Transfer-Encoding : chunked", body=_BODY)),
    Vector("tab before the colon", post(b"Content-Length: 6", b"Transfer-Encoding\t: chunked", body=_BODY)),
    Vector("two colons", post(b"Content-Length: 6", b"Transfer-Encoding:: chunked", body=_BODY)),
    Vector("no colon", post(b"Content-Length: 6", b"Transfer-Encoding chunked", body=_BODY)),
    accept("capitals", post(b"TRANSFER-ENCODING: CHUNKED", body=_CHUNKS), check=body_is(b"hello", chunked=True)),
    accept("no space", post(b"transfer-encoding:chunked", body=_CHUNKS), check=body_is(b"hello", chunked=True)),
    accept("a tab before", post(b"Transfer-Encoding:\tchunked", body=_CHUNKS), check=body_is(b"hello", chunked=True)),
    accept("a space after", post(b"Transfer-Encoding: chunked ", body=_CHUNKS), check=body_is(b"hello", chunked=True)),
    accept("on a GET", get(b"Transfer-Encoding: chunked") + _CHUNKS, check=body_is(b"hello", chunked=True)),
    accept("underscore", post(b"Content-Length: 6", b"Transfer_Encoding: chunked", body=_BODY), check=body_is(_BODY)),
    accept("dot", post(b"Content-Length: 6", b"Transfer.Encoding: chunked", body=_BODY), check=body_is(_BODY)),
    accept("no hyphen", post(b"Content-Length: 6", b"TransferEncoding: chunked", body=_BODY), check=body_is(_BODY)),
    accept(
        "Content-Encoding", post(b"Content-Length: 6", b"Content-Encoding: chunked", body=_BODY), check=body_is(_BODY)
    ),
    accept("TE", post(b"Content-Length: 6", b"TE: chunked", body=_BODY), check=body_is(_BODY)),
    accept(
        "inside a value", post(b"Content-Length: 6", b"X: Transfer-Encoding: chunked", body=_BODY), check=body_is(_BODY)
    ),
]


@trial(_ALONE + _WITH_LENGTH + _FORMS)
def test_chunked_once_and_plainly_or_not_at_all(door: Door, vector: Vector, cut: str) -> None:
    """RFC 9112 §6.1: everything between plain `chunked` and another field altogether is refused."""
    door.run(vector, cut)


_PLACES = {
    "before the name": b"%bTransfer-Encoding: chunked",
    "in the name": b"Transfer%bEncoding: chunked",
    "in place of a letter": b"Tr%bnsfer-Encoding: chunked",
    "before the colon": b"Transfer-Encoding%b: chunked",
    "in place of the colon": b"Transfer-Encoding%b chunked",
    "after the colon": b"Transfer-Encoding:%bchunked",
    "before the value": b"Transfer-Encoding: %bchunked",
    "in the value": b"Transfer-Encoding: chun%bked",
    "after the value": b"Transfer-Encoding: chunked%b",
    "before the line": b"X: y\r\n%b\r\nTransfer-Encoding: chunked",
    "as the line's end before": b"X: y%bTransfer-Encoding: chunked",
    "as the line's end after": b"Transfer-Encoding: chunked%bX: y",
}
_OCTETS = [bytes((octet,)) for octet in range(256)]


@pytest.mark.parametrize("cut", list(CUTS))
@pytest.mark.parametrize("place", list(_PLACES))
def test_no_octet_anywhere_in_the_line_disguises_it(door: Door, place: str, cut: str) -> None:
    """256 disguises each: refused, or framed by Content-Length with nothing suspicious passed on."""
    "256 disguises each: refused with the connection, or framed by Content-Length with nothing suspicious passed on."
    ""
    wrong = []
    for octet in _OCTETS:
        sent = post(b"Content-Length: 6", _PLACES[place].replace(b"%b", octet), body=_BODY)
        door.upstream.clear()
        with Wire(door.gateway.port) as wire:
            wire.send(CUTS[cut](sent))
            answer = wire.read_answer()
            refused = answer.status == 400 and answer.header("connection") == "close" and wire.is_ended()
        if not (refused or _is_forwarded_by_length(door, octet)) or _shows_transfer_encoding(door):
            wrong.append((octet, answer.status, [request.headers for request in door.upstream.requests]))
    assert wrong == []
    door.upstream.clear()
    door.check_upstream([door.probe()])


def _is_forwarded_by_length(door: Door, octet: bytes) -> bool:
    """The upstream's reader is stricter than RFC 9110 §5.5: it refuses octets above ASCII, which may pass in values."""
    if octet >= b"\x80":
        return door.upstream.requests == [] and b"\r\nContent-Length: 6\r\n" in door.upstream.all_bytes
    framed = [(request.body, request.is_chunked) for request in door.upstream.requests]
    return framed == [(_BODY, False)] and door.upstream.violations == []


def _shows_transfer_encoding(door: Door) -> bool:
    names = [line.partition(b":")[0].lower() for line in door.upstream.all_bytes.split(b"\r\n")]
    folded = [bytes(octet if chr(octet).isalnum() else ord("-") for octet in name) for name in names]
    return b"transfer-encoding" in folded
