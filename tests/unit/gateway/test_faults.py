"""Which fault becomes which answer, and how much the client is told."""

import json

import pytest

from ostiary.errors import ClientFault, Fault, OperatorFault, ProviderFault, UpstreamFault
from ostiary.gateway.faults import RETRY_AFTER_S, build_fault_reply, find_status

DETAIL = "something only the operator should read"


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (ClientFault("framing_invalid"), 400),
        (ClientFault("host_missing"), 400),
        (ClientFault("never_heard_of"), 400),
        (ClientFault("method_refused"), 405),
        (ClientFault("method_unknown"), 501),
        (ClientFault("version_unknown"), 505),
        (ClientFault("target_too_large"), 414),
        (ClientFault("head_too_large"), 431),
        (ClientFault("body_too_large"), 413),
        (ClientFault("body_too_slow"), 408),
        (ClientFault("head_too_slow"), 408),
        (ClientFault("expect_unknown"), 417),
        (ProviderFault("provider_timeout"), 503),
        (OperatorFault("internal_error"), 503),
        (UpstreamFault("upstream_lost"), 502),
        (UpstreamFault("upstream_refused"), 502),
        (UpstreamFault("upstream_timeout"), 504),
        (UpstreamFault("upstream_none"), 503),
        (UpstreamFault("request_unsafe"), 400),
        (Fault("of_no_family"), 503),
    ],
)
def test_a_fault_has_its_status(fault: Fault, status: int) -> None:
    """And the answer names the code, the reference, and no more than the client should know."""
    reply = build_fault_reply(fault, reference="req-7", accepts_html=False)
    told = json.loads(reply.body)

    assert (status, status, fault.code) == (find_status(fault), reply.status, reply.reason)
    assert (fault.code, "req-7", {"error", "message", "reference"}) == (told["error"], told["reference"], set(told))
    assert ("Retry-After", str(RETRY_AFTER_S)) in reply.headers or status != 503
    assert ("Retry-After" in dict(reply.headers)) == (status == 503)
    assert ("Allow" in dict(reply.headers)) == (status == 405)
    assert ("Cache-Control", "no-store") in reply.headers


@pytest.mark.parametrize("family", [ProviderFault, OperatorFault, UpstreamFault, Fault])
@pytest.mark.parametrize("accepts_html", [True, False])
def test_the_detail_is_for_the_log(family: type[Fault], accepts_html: bool) -> None:
    """Addresses, files and providers' words are nobody's business outside."""
    reply = build_fault_reply(family("some_code", DETAIL), reference="req-7", accepts_html=accepts_html)

    assert DETAIL.encode("ascii") not in reply.body
    assert DETAIL not in repr(reply.headers)
    assert b"some_code" in reply.body


def test_a_clients_own_mistake_is_explained() -> None:
    """It can mend it."""
    reply = build_fault_reply(ClientFault("host_missing", "it names no host"), reference="r", accepts_html=False)
    bare = build_fault_reply(ClientFault("host_missing"), reference="r", accepts_html=False)

    assert "it names no host" in json.loads(reply.body)["message"]
    assert "not valid HTTP" in json.loads(bare.body)["message"]


@pytest.mark.parametrize(
    "fault", [ProviderFault("a"), OperatorFault("a"), UpstreamFault("a"), ClientFault("a"), Fault("a")]
)
def test_a_person_gets_a_page(fault: Fault) -> None:
    """With the reference that finds the log line."""
    reply = build_fault_reply(fault, reference="req-7", accepts_html=True)

    assert "text/html; charset=utf-8" == dict(reply.headers)["Content-Type"]
    assert b"<code>req-7</code>" in reply.body


def test_a_provider_that_is_down_is_named_as_that() -> None:
    """The page says what happened and what to do (DESIGN.md §10)."""
    body = build_fault_reply(ProviderFault("provider_timeout"), reference="r", accepts_html=True).body

    assert b"identity provider" in body
    assert b"try again" in body


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("head_too_large", "delete the cookies"),
        ("target_empty_segment", "Check the address"),
        ("host_missing", "again"),
    ],
)
def test_a_mistake_that_a_browser_makes_by_itself_has_a_remedy_of_its_own(code: str, remedy: str) -> None:
    """Nobody who opened a page can "correct the request"."""
    assert remedy.encode() in build_fault_reply(ClientFault(code), reference="req-7", accepts_html=True).body
