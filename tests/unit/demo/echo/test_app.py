"""The echo service's routes, without a network."""

import json

import pytest

from ostiary.demo.echo.app import MAX_BODY_BYTES, MAX_BYTES, MAX_LINES, create_app
from tests.unit.demo.visitor import Visitor

BOUNDARY = "xXx"
MULTIPART = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="field"\r\n\r\nvalue\r\n'
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
    f"Content-Type: text/plain\r\n\r\nhello\r\n--{BOUNDARY}--\r\n"
).encode()


@pytest.fixture
def visitor() -> Visitor:
    """Somebody at a fresh echo service."""
    return Visitor(create_app(), "127.0.0.1:9070")


@pytest.mark.parametrize("path", ["/anything", "/anything/a/b", "/api", "/api/orders/1"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_anything_answers_every_method(visitor: Visitor, path: str, method: str) -> None:
    """With the method and the address it was asked by."""
    answer = visitor.send(method, f"{path}?a=1&a=2").json()
    assert answer["method"] == method
    assert answer["url"] == f"http://127.0.0.1:9070{path}?a=1&a=2"
    assert answer["args"] == {"a": ["1", "2"]}


def test_the_path_is_shown_as_it_was_sent(visitor: Visitor) -> None:
    """Not decoded: what a gateway did to it must be seen."""
    assert visitor.get("/anything/a%2Fb%20c").json()["url"].endswith("/anything/a%2Fb%20c")


def test_a_form_is_a_form_and_not_data(visitor: Visitor) -> None:
    """As httpbin has it."""
    answer = visitor.post("/anything", [("a", "1"), ("a", "2"), ("b", "")]).json()
    assert answer["form"] == {"a": ["1", "2"], "b": ""}
    assert (answer["data"], answer["json"]) == ("", None)


def test_files_of_a_multipart_form_are_shown(visitor: Visitor) -> None:
    """Beside its fields."""
    headers = [("content-type", f"multipart/form-data; boundary={BOUNDARY}")]
    answer = visitor.send("POST", "/post", headers, MULTIPART).json()
    assert answer["form"] == {"field": "value"}
    assert answer["files"] == {"file": "hello"}
    assert answer["data"] == ""


def test_a_broken_multipart_form_is_refused(visitor: Visitor) -> None:
    """400, not a failure."""
    headers = [("content-type", f"multipart/form-data; boundary={BOUNDARY}")]
    assert visitor.send("POST", "/anything", headers, b"--nonsense").status == 400


def test_another_body_is_data_and_json_if_it_is(visitor: Visitor) -> None:
    """Whatever its type."""
    answer = visitor.send("PUT", "/anything", [("content-type", "text/plain")], b'{"a": 1}').json()
    assert (answer["data"], answer["json"]) == ('{"a": 1}', {"a": 1})


def test_a_body_that_is_too_large_is_refused(visitor: Visitor) -> None:
    """Every buffer has a number."""
    assert visitor.send("POST", "/anything", [], b"x" * (MAX_BODY_BYTES + 1)).status == 413


def test_get_and_post_have_httpbins_members(visitor: Visitor) -> None:
    """And want their method."""
    assert set(visitor.get("/get").json()) == {"args", "headers", "origin", "url"}
    assert set(visitor.post("/post", {}).json()) == {
        "args",
        "data",
        "files",
        "form",
        "headers",
        "json",
        "origin",
        "url",
    }
    assert visitor.get("/post").status == 405


def test_headers_are_headers_alone(visitor: Visitor) -> None:
    """In title case."""
    assert visitor.get("/headers", [("x-a", "1")]).json() == {"headers": {"Host": "127.0.0.1:9070", "X-A": "1"}}


@pytest.mark.parametrize("code", [200, 204, 304, 404, 418, 503, 599])
def test_a_status_is_answered(visitor: Visitor, code: int) -> None:
    """Without a body."""
    answer = visitor.get(f"/status/{code}")
    assert (answer.status, answer.body) == (code, b"")


def test_some_statuses_bring_their_header(visitor: Visitor) -> None:
    """A redirect leads somewhere, a 401 challenges."""
    assert visitor.get("/status/302").header("location") == "/get"
    assert visitor.get("/status/401").header("www-authenticate") == 'Basic realm="echo"'


@pytest.mark.parametrize("code", [100, 101, 199, 600, 0])
def test_a_status_that_is_no_final_one_is_refused(visitor: Visitor, code: int) -> None:
    """It would break the connection and not the gateway."""
    assert visitor.get(f"/status/{code}").status == 400


def test_a_delay_is_waited_for_and_answered(visitor: Visitor) -> None:
    """Without a body's JSON, as in httpbin."""
    assert set(visitor.get("/delay/0").json()) == {"args", "data", "files", "form", "headers", "origin", "url"}


def test_bytes_are_as_many_as_asked_for_up_to_a_limit(visitor: Visitor) -> None:
    """Never the same."""
    assert len(visitor.get("/bytes/10").body) == 10
    assert len(visitor.get("/bytes/99999999").body) == MAX_BYTES
    assert visitor.get("/bytes/16").body != visitor.get("/bytes/16").body


@pytest.mark.parametrize(("asked", "given"), [(0, 0), (3, 3), (1000, MAX_LINES)])
def test_a_stream_has_so_many_lines(visitor: Visitor, asked: int, given: int) -> None:
    """Each a JSON object with its number."""
    lines = visitor.get(f"/stream/{asked}").text.splitlines()
    assert [json.loads(line)["id"] for line in lines] == list(range(given))


def test_it_says_that_it_runs(visitor: Visitor) -> None:
    """For whoever checks its health."""
    assert visitor.get("/health").json() == {"status": "ok"}
