"""The canonical request, as plugins read it."""

from ostiary.http.request import IDEMPOTENT
from ostiary.http.section import CHUNKED
from tests.fakes.requests import make_request


def test_a_request_answers_the_usual_questions() -> None:
    """Path decoded, host without port, fields by their lower-case name."""
    request = make_request("GET", "/caf%C3%A9?q=1", {"Host": "Shop.example:8080", "Accept": "*/*"})

    assert (request.path, request.host, request.authority.text) == ("/café", "shop.example", "shop.example:8080")
    assert (request.field(b"accept"), request.field(b"accept-language")) == (b"*/*", None)


def test_the_first_of_several_fields_is_returned() -> None:
    """Only fields that may come several times do."""
    assert make_request(headers={"Accept": ["a", "b"]}).field(b"accept") == b"a"


def test_cookies_are_split_once() -> None:
    """The same list is returned again."""
    request = make_request(headers={"Cookie": "a=1; b=2"})

    assert request.cookies == [(b"a", b"1"), (b"b", b"2")]
    assert request.cookies is request.cookies


def test_a_request_without_cookies_has_none() -> None:
    """An empty list, not None."""
    assert make_request().cookies == []


def test_a_request_does_not_show_its_query_headers_or_cookies() -> None:
    """They may hold codes and tokens."""
    request = make_request(target="/a?code=c0de", headers={"Cookie": "session=s3cr3t", "Authorization": "Bearer t0ken"})

    assert repr(request) == "Request(req-1, GET /a)"


def test_only_methods_that_may_be_repeated_are_idempotent() -> None:
    """RFC 9110 §9.2.2; a retry asks here."""
    assert not IDEMPOTENT & {"POST", "PATCH"}
    assert {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"} <= IDEMPOTENT


def test_a_chunked_body_has_no_length() -> None:
    """It is told apart from no body at all."""
    chunked = make_request("POST", headers={"Transfer-Encoding": "chunked"})

    assert [chunked.body_bytes, make_request().body_bytes] == [CHUNKED, 0]
