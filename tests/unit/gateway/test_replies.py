"""Our own answers on the wire: whole, clean, and never stored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.gateway.replies import CONTINUE, NOBODY, NOT_FOUND, build_page, render_reply
from ostiary.plugin import Reply
from tests.fakes.messages import DATE, replied


def render(reply: Reply, *, method: str = "GET", close: bool = False, set_cookies: tuple[str, ...] = ()) -> bytes:
    """Render at a fixed date."""
    return render_reply(reply, method=method, date=DATE.encode("ascii"), close=close, set_cookies=set_cookies)


TEXT = Reply(403, reason="no", headers=(("Content-Type", "text/plain"),), body=b"No.\n")


def test_a_reply_is_a_whole_response() -> None:
    """Date, headers, length, body."""
    assert replied("403 Forbidden", "Content-Type: text/plain", body=b"No.\n") == render(TEXT)


def test_a_reply_to_head_has_the_length_but_not_the_body() -> None:
    """RFC 9110 §9.3.2."""
    assert replied("403 Forbidden", "Content-Type: text/plain", body=b"No.\n").removesuffix(b"No.\n") == render(
        TEXT, method="HEAD"
    )


def test_no_content_has_neither() -> None:
    """RFC 9110 §8.6, even when somebody gave it a body."""
    rendered = render(Reply(204, reason="ok", body=b"odd"))

    assert b"HTTP/1.1 204 No Content\r\nDate: %b\r\nCache-Control: no-store\r\n\r\n" % DATE.encode("ascii") == rendered


def test_a_reply_says_itself_how_it_is_cached() -> None:
    """Otherwise not at all."""
    rendered = render(Reply(200, reason="ok", headers=(("cache-control", "max-age=9"),)))

    assert b"no-store" not in rendered
    assert b"\r\ncache-control: max-age=9\r\n" in rendered


def test_cookies_and_a_farewell_are_added() -> None:
    """Cookies of those who admitted before."""
    assert replied(
        "403 Forbidden", "Content-Type: text/plain", body=b"No.\n", cookies=("a=1", "b=2"), close=True
    ) == render(TEXT, close=True, set_cookies=("a=1", "b=2"))


@given(
    st.text(st.characters(max_codepoint=300), max_size=20),
    st.text(st.characters(max_codepoint=300), max_size=20),
    st.text(st.characters(max_codepoint=300), max_size=20),
)
def test_a_header_is_one_line_or_nothing_is_written(name: str, value: str, cookie: str) -> None:
    """Whatever a plugin gives: exactly the lines it meant, or ValueError."""
    try:
        rendered = render(Reply(200, reason="x", headers=((name, value),)), set_cookies=(cookie,))
    except ValueError:
        assert not f"{name}{value}{cookie}".isascii() or not f"{name}{value}{cookie}".isprintable()
        return
    head = rendered.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert f"{name}: {value}".encode("latin-1") == head[2]
    assert f"Set-Cookie: {cookie}".encode("latin-1") == head[3]
    assert len(head) == 5 + (name.lower() != "cache-control")


@pytest.mark.parametrize("status", [99, 101, 199, 600, 700])
def test_a_status_that_is_no_final_one_is_refused(status: int) -> None:
    """The host denies."""
    with pytest.raises(KeyError):
        render(Reply(status, reason="odd"))


def test_what_every_gateway_says() -> None:
    """Not found in APISIX's words; nobody admitted; permission to go on."""
    assert (404, "no_route", b'{"error_msg":"404 Route Not Found"}\n') == (
        NOT_FOUND.status,
        NOT_FOUND.reason,
        NOT_FOUND.body,
    )
    assert (401, "nobody_admitted") == (NOBODY.status, NOBODY.reason)
    assert b"HTTP/1.1 100 Continue\r\n\r\n" == CONTINUE


@pytest.mark.parametrize("reply", [NOT_FOUND, NOBODY], ids=lambda reply: reply.reason)
def test_people_are_told_the_same_on_a_page(reply: Reply) -> None:
    """Status and reason stay; the page has the code and the reference."""
    page = build_page(reply, "req-7")

    assert (reply.status, reply.reason) == (page.status, page.reason)
    assert ("Content-Type", "text/html; charset=utf-8") in page.headers
    assert f"Reference <code>req-7</code> ({reply.reason})".encode() in page.body
