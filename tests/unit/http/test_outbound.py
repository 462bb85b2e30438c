"""Outgoing calls as values that show no secret."""

from ostiary.http.outbound import OutboundRequest, OutboundResponse


def test_a_request_shows_neither_query_nor_headers_nor_body() -> None:
    """Failures and logs print reprs."""
    request = OutboundRequest(
        method="POST",
        url="https://id.example/token?code=c0de",
        headers=(("Authorization", "Basic s3cr3t"),),
        body=b"pw=s3cr3t",
    )

    assert repr(request) == "OutboundRequest(POST https://id.example/token)"


def test_a_request_is_bounded_and_verified_by_default() -> None:
    """No call is without time limit, size limit or TLS verification unless somebody says so."""
    request = OutboundRequest(method="GET", url="https://id.example/")

    assert (request.timeout_s, request.max_body_bytes, request.tls_verify) == (3.0, 262_144, True)


def test_a_response_shows_its_status_and_size_only() -> None:
    """Its body may be a token."""
    assert repr(OutboundResponse(status=200, body=b"s3cr3t")) == "OutboundResponse(200, 6 bytes)"


def test_a_header_is_found_by_its_lower_case_name() -> None:
    """The first of several; none is an empty text."""
    response = OutboundResponse(status=200, headers=(("content-type", "text/a"), ("content-type", "text/b")))

    assert (response.header("content-type"), response.header("etag")) == ("text/a", "")
