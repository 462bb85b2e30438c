"""A response on its way to the client: its head, and its body in the client's framing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.gateway.relay import render_chunk, render_response_head, streams
from ostiary.http.response import ResponseHead, read_response_head
from tests.fakes.messages import read_chunks

DATE = b"Fri, 15 Jan 2027 08:00:00 GMT"


def head_of(*fields: tuple[bytes, bytes], status: int = 200, method: str = "GET") -> ResponseHead:
    """Read an upstream's head."""
    return read_response_head(status, "1.1", list(fields), method)


def render(
    head: ResponseHead,
    *,
    version: str = "1.1",
    set_cookies: tuple[str, ...] = (),
    is_private: bool = False,
    close: bool = False,
) -> list[bytes]:
    """Render, and return the lines."""
    rendered = render_response_head(
        head, version=version, date=DATE, set_cookies=set_cookies, is_private=is_private, close=close
    )
    assert rendered.endswith(b"\r\n\r\n")
    return rendered.removesuffix(b"\r\n\r\n").split(b"\r\n")


LENGTH = (b"Content-Length", b"5")
CHUNKED = (b"Transfer-Encoding", b"chunked")


def test_a_length_stays_a_length() -> None:
    """Fields first, then what is ours."""
    assert [b"HTTP/1.1 200 OK", b"A: 1", b"Date: " + DATE, b"Content-Length: 5"] == render(
        head_of(LENGTH, (b"A", b"1"))
    )


@pytest.mark.parametrize("fields", [(CHUNKED,), ()])
def test_without_a_length_it_is_chunks_for_new_clients_only(fields: tuple[tuple[bytes, bytes], ...]) -> None:
    """For old ones the connection's end is the body's."""
    head = head_of(*fields)

    assert streams(head)
    assert b"Transfer-Encoding: chunked" in render(head)
    assert b"Transfer-Encoding: chunked" not in render(head, version="1.0", close=True)


@pytest.mark.parametrize(
    ("status", "method", "fields", "expected"),
    [
        (200, "HEAD", (LENGTH,), [b"Content-Length: 5"]),
        (200, "HEAD", (CHUNKED,), []),
        (204, "GET", (), []),
        (205, "GET", (), [b"Content-Length: 0"]),
        (304, "GET", (LENGTH,), [b"Content-Length: 5"]),
    ],
)
def test_without_a_body_only_a_length_is_repeated(
    status: int, method: str, fields: tuple[tuple[bytes, bytes], ...], expected: list[bytes]
) -> None:
    """Never chunks."""
    head = head_of(*fields, status=status, method=method)

    assert not streams(head)
    assert expected == render(head)[2:]


def test_the_upstreams_date_stays() -> None:
    """There is one."""
    assert [b"HTTP/1.1 200 OK", b"date: then", b"Content-Length: 5"] == render(head_of((b"date", b"then"), LENGTH))


def test_our_cookies_are_added() -> None:
    """Each in a line of its own."""
    lines = render(head_of(LENGTH), set_cookies=("a=1; Path=/", "b=2"))

    assert [b"Set-Cookie: a=1; Path=/", b"Set-Cookie: b=2"] == lines[2:4]


@pytest.mark.parametrize(
    ("fields", "is_private", "expected"),
    [
        ((LENGTH,), True, [b"Cache-Control: private"]),
        ((LENGTH, (b"content-type", b"image/png")), True, [b"Cache-Control: private"]),
        ((LENGTH, (b"content-type", b"Text/HTML; charset=utf-8")), True, [b"Cache-Control: no-store"]),
        ((LENGTH, (b"Content-Type", b"text/html")), False, []),
        (
            (LENGTH, (b"Content-Type", b"text/html"), (b"cache-control", b"no-cache")),
            True,
            [b"cache-control: no-cache"],
        ),
        ((LENGTH,), False, []),
        ((LENGTH, (b"cache-control", b"max-age=9")), True, [b"cache-control: max-age=9"]),
    ],
)
def test_what_was_answered_to_somebody_is_private(
    fields: tuple[tuple[bytes, bytes], ...], is_private: bool, expected: list[bytes]
) -> None:
    """Unless the upstream said what it is; a page is not even kept by the browser, which has a back button."""
    lines = render(head_of(*fields), is_private=is_private)

    assert expected == [line for line in lines if line.lower().startswith(b"cache-control")]


@pytest.mark.parametrize(
    ("version", "close", "expected"),
    [("1.1", False, []), ("1.1", True, [b"close"]), ("1.0", True, [b"close"]), ("1.0", False, [b"keep-alive"])],
)
def test_the_connection_is_told_where_it_is_not_understood(version: str, close: bool, expected: list[bytes]) -> None:
    """Keep-alive is the custom of 1.1, closing that of 1.0."""
    lines = render(head_of(LENGTH), version=version, close=close)

    assert expected == [line.partition(b": ")[2] for line in lines if line.startswith(b"Connection")]


@given(st.lists(st.binary(max_size=40), max_size=6), st.binary(max_size=40))
def test_chunks_carry_what_they_were_given(pieces: list[bytes], last: bytes) -> None:
    """And end when the last one says so; an empty piece is not the end by accident."""
    rendered = [*(render_chunk(piece, last=False) for piece in pieces), render_chunk(last, last=True)]

    assert (b"".join([*pieces, last]), True) == read_chunks(b"".join(rendered))
    assert (b"".join(pieces), False) == read_chunks(b"".join(rendered[:-1]))


@pytest.mark.parametrize("said", [b"public, max-age=600", b"s-maxage=60", b"private"])
def test_no_cache_keeps_a_response_with_a_cookie_of_ours(said: bytes) -> None:
    """A shared cache that kept it would hand one person's new session to everybody, whatever the upstream allows."""
    fields = ((b"Cache-Control", said), (b"Expires", b"then"), (b"CDN-Cache-Control", b"max-age=9"), (b"ETag", b'"1"'))
    lines = render(head_of(*fields, LENGTH), set_cookies=("s=1; Path=/",), is_private=True)

    assert [line for line in lines if b"ache-" in line or b"xpires" in line] == [b"Cache-Control: no-store"]
    assert b"Set-Cookie: s=1; Path=/" in lines
    assert b'ETag: "1"' in lines
