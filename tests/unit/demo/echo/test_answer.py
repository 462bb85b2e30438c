"""The echo's JSON, member by member, against what httpbin answers."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.demo.echo.answer import EchoedRequest, as_text, build_answer, flatten, render


def echoed(**changes: object) -> EchoedRequest:
    """A small request."""
    values = {
        "method": "GET",
        "target": "/anything/a?x=1",
        "peer": "127.0.0.1",
        "headers": (("host", "127.0.0.1:9070"), ("accept", "*/*")),
        **changes,
    }
    return EchoedRequest(**values)  # type: ignore[arg-type]  # the tests know which


def test_anything_has_nine_members() -> None:
    """As https://httpbin.org/anything answers."""
    assert build_answer(echoed(args=(("x", "1"),))) == {
        "args": {"x": "1"},
        "data": "",
        "files": {},
        "form": {},
        "headers": {"Host": "127.0.0.1:9070", "Accept": "*/*"},
        "json": None,
        "method": "GET",
        "origin": "127.0.0.1",
        "url": "http://127.0.0.1:9070/anything/a?x=1",
    }


def test_only_the_named_members_are_answered() -> None:
    """`/headers` has one."""
    assert set(build_answer(echoed(), "headers")) == {"headers"}


def test_what_comes_again_is_a_list() -> None:
    """In the order it came."""
    assert flatten([("a", "1"), ("b", "2"), ("a", "3"), ("a", "")]) == {"a": ["1", "3", ""], "b": "2"}


def test_header_names_are_in_title_case_and_values_joined() -> None:
    """Which is what WSGI makes of them, and httpbin shows."""
    headers = (("x-id-token", "t"), ("accept", "a"), ("accept", "b"), ("x_userinfo", "u"))
    assert build_answer(echoed(headers=headers), "headers") == {
        "headers": {"X-Id-Token": "t", "Accept": "a,b", "X_Userinfo": "u"}
    }


def test_the_traces_of_proxies_are_shown_on_demand() -> None:
    """Httpbin's `show_env`."""
    headers = (("x-forwarded-for", "10.0.0.1"), ("x-request-id", "r"), ("x-forwarded-host", "h"))
    assert build_answer(echoed(headers=headers), "headers") == {"headers": {"X-Forwarded-Host": "h"}}
    shown = build_answer(echoed(headers=headers, args=(("show_env", "1"),)), "headers")
    assert shown == {"headers": {"X-Forwarded-For": "10.0.0.1", "X-Request-Id": "r", "X-Forwarded-Host": "h"}}


def test_the_origin_is_who_a_proxy_says() -> None:
    """As it says it."""
    assert build_answer(echoed(headers=(("x-forwarded-for", "1.1.1.1, 2.2.2.2"),)), "origin") == {
        "origin": "1.1.1.1, 2.2.2.2"
    }


@pytest.mark.parametrize(
    ("headers", "url"),
    [
        ([("host", "h:1")], "http://h:1/p"),
        ([("host", "h:1"), ("x-forwarded-proto", "https")], "https://h:1/p"),
        ([("host", "h:1"), ("x-forwarded-protocol", "https")], "https://h:1/p"),
        ([("host", "h:1"), ("x-forwarded-ssl", "on")], "https://h:1/p"),
        ([("host", "h:1"), ("x-forwarded-host", "shop.example, h:1")], "http://shop.example/p"),
        ([], "http://localhost/p"),
    ],
)
def test_the_url_is_the_one_that_was_asked_for(headers: list[tuple[str, str]], url: str) -> None:
    """In front of the proxy, if it says so."""
    assert build_answer(echoed(target="/p", headers=tuple(headers)), "url") == {"url": url}


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": [1, null]}', {"a": [1, None]}),
        (b'"text"', "text"),
        (b"0", 0),
        (b"", None),
        (b"not json", None),
        (b"NaN", None),
        (b"\xff", None),
        (b"[" * 100_000, None),
        (b"9" * 10_000, None),
    ],
)
def test_json_is_what_the_body_says_or_null(body: bytes, value: object) -> None:
    """Whatever its content type says."""
    assert build_answer(echoed(data=body), "json") == {"json": value}


def test_bytes_that_are_no_text_become_a_data_url() -> None:
    """RFC 2397."""
    assert as_text(b"\xff\x00") == "data:application/octet-stream;base64,/wA="
    assert as_text(b"\xff", "image/png") == "data:image/png;base64,/w=="


def test_files_have_their_content() -> None:
    """Text as text."""
    files = (("a", "text/plain", b"hello"), ("b", "", b"\xff"))
    assert build_answer(echoed(files=files), "files") == {
        "files": {"a": "hello", "b": "data:application/octet-stream;base64,/w=="}
    }


def test_the_json_is_printed_as_httpbin_prints_it() -> None:
    """Sorted, indented by two, ASCII, with a line end."""
    assert render({"b": "\u00e9", "a": {}}) == b'{\n  "a": {},\n  "b": "\\u00e9"\n}\n'


@given(st.binary())
def test_no_body_is_lost(body: bytes) -> None:
    """It is in `data`, one way or the other, and the answer is JSON."""
    answer = json.loads(render(build_answer(echoed(data=body))))
    data = answer["data"]
    prefix = "data:application/octet-stream;base64,"
    shown = data.encode("utf-8")
    assert shown == body or base64.b64decode(data.removeprefix(prefix)) == body
