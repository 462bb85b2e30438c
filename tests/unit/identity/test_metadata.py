"""A provider's metadata."""

from typing import Any

import pytest

from ostiary.errors import ProviderFault
from ostiary.http.outbound import OutboundResponse
from ostiary.identity.metadata import (
    Endpoints,
    Metadata,
    build_discovery_request,
    derive_issuer,
    is_endpoint,
    override_endpoints,
    read_metadata,
)
from tests.fakes.issuer import DISCOVERY, ISSUER, JWKS_URI, answer_discovery


def fault(answer: OutboundResponse, url: str = DISCOVERY, issuers: tuple[str, ...] = ()) -> ProviderFault:
    """Return the fault that an answer is."""
    with pytest.raises(ProviderFault) as caught:
        read_metadata(answer, url, issuers)
    return caught.value


def test_a_document_is_read() -> None:
    """What is unknown or null in it is left alone."""
    metadata = read_metadata(answer_discovery(claims_supported=["sub"], grant_types_supported=7), DISCOVERY)

    assert (ISSUER, JWKS_URI, ("S256",)) == (
        metadata.issuer,
        metadata.jwks_uri,
        metadata.code_challenge_methods_supported,
    )
    assert (None, False, ()) == (
        metadata.end_session_endpoint,
        metadata.authorization_response_iss_parameter_supported,
        metadata.scopes_supported,
    )


def test_null_is_absent() -> None:
    """Some providers write null for what they do not have."""
    body = b'{"issuer":"https://issuer.example/realms/demo","token_endpoint":null,"scopes_supported":null}'

    assert Metadata(issuer=ISSUER) == read_metadata(OutboundResponse(status=200, body=body), DISCOVERY)


def test_the_request_is_a_plain_get() -> None:
    """Of JSON."""
    request = build_discovery_request(DISCOVERY)

    assert ("GET", DISCOVERY, (("Accept", "application/json"),)) == (request.method, request.url, request.headers)


@pytest.mark.parametrize(
    "answer",
    [
        OutboundResponse(status=302, headers=(("location", DISCOVERY),)),
        OutboundResponse(status=503),
        OutboundResponse(status=200, body=b"<html>"),
        OutboundResponse(status=200, body=b'{"issuer":"a","issuer":"b"}'),
    ],
)
def test_an_answer_that_is_no_document_may_pass(answer: OutboundResponse) -> None:
    """A provider that starts answers so; redirects are not followed."""
    assert ("metadata_answer_invalid", True) == (fault(answer).code, fault(answer).passing)


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": None},
        {"issuer": 7},
        {"issuer": "issuer.example"},
        {"issuer": f"{ISSUER}?tenant=1"},
        {"token_endpoint": 7},
        {"token_endpoint": "/token"},
        {"token_endpoint": "ftp://issuer.example/token"},
        {"token_endpoint": "https:///token"},
        {"token_endpoint": "https://user:pass@issuer.example/token"},
        {"token_endpoint": "https://issuer.example/token#fragment"},
        {"token_endpoint": "https://issuer.example\\@evil.example/"},
        {"token_endpoint": "https://issuer.example/to ken"},
        {"token_endpoint": "https://issuer.example/token\r\nX: y"},
        {"token_endpoint": "https://issuer.example:99999/token"},
        {"token_endpoint": "https://issuer.example:0/token"},
        {"token_endpoint": "https://[::1/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "http://issuer.example/keys"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_response_iss_parameter_supported": "true"},
        {"code_challenge_methods_supported": "S256"},
        {"code_challenge_methods_supported": [7]},
    ],
)
def test_a_document_with_wrong_members_is_refused(changes: dict[str, Any]) -> None:
    """URLs of another kind, without https where discovery had it, and wrong types: waiting does not help."""
    refused = fault(answer_discovery(**changes))

    assert ("metadata_answer_invalid", False) == (refused.code, refused.passing)


def test_http_is_fine_where_discovery_itself_used_it() -> None:
    """A provider on the same machine, as in the tutorials."""
    local = "http://127.0.0.1:8080/realms/demo"
    document = answer_discovery(issuer=local, jwks_uri=f"{local}/keys?a=b", token_endpoint="http://127.0.0.1:8080")

    assert local == read_metadata(document, f"{local}/.well-known/openid-configuration").issuer


def test_a_document_speaks_for_its_own_issuer_alone() -> None:
    """Otherwise one provider could pose as another; the fault names both."""
    refused = fault(answer_discovery(issuer="https://other.example"))

    assert ("issuer_mismatch", False) == (refused.code, refused.passing)
    assert "https://other.example" in refused.detail
    assert DISCOVERY in refused.detail
    assert "issuer_mismatch" == fault(answer_discovery(issuer=f"{ISSUER}//")).code


def test_a_final_slash_another_form_or_the_operators_word_is_no_mismatch() -> None:
    """§4.1 drops the slash; a URL without the well-known suffix names no issuer; and the operator may vouch for one."""
    other = "https://other.example"

    assert f"{ISSUER}/" == read_metadata(answer_discovery(issuer=f"{ISSUER}/"), DISCOVERY).issuer
    assert other == read_metadata(answer_discovery(issuer=other), DISCOVERY, (other,)).issuer
    assert other == read_metadata(answer_discovery(issuer=other), "https://issuer.example/discovery.json").issuer


def test_the_issuer_follows_from_the_url() -> None:
    """As far as the URL has the usual form."""
    assert [ISSUER, "https://issuer.example/d.json"] == [
        derive_issuer(url) for url in (DISCOVERY, "https://issuer.example/d.json")
    ]


def test_the_operators_endpoints_override_the_providers_one_by_one() -> None:
    """What is not written stays; also what is not https may be written, since the operator vouches for it."""
    metadata = read_metadata(answer_discovery(), DISCOVERY)
    merged = override_endpoints(metadata, Endpoints(jwks_uri="http://10.0.0.1/keys", revocation_endpoint="https://a/r"))

    assert ("http://10.0.0.1/keys", "https://a/r") == (merged.jwks_uri, merged.revocation_endpoint)
    assert (ISSUER, metadata.token_endpoint) == (merged.issuer, merged.token_endpoint)
    assert metadata == override_endpoints(metadata, Endpoints())


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("https://id.example/token?tenant=1", True),
        ("http://[::1]:8080", True),
        ("https://id.example:0/", False),
        ("https://id.example:x/", False),
        ("https://u@id.example/", False),
        ("https://id.example/#f", False),
        ("https://id.example/\u00e4", False),
        ("//id.example/", False),
        ("", False),
    ],
)
def test_what_can_be_an_endpoint(url: str, is_one: bool) -> None:
    """The operator's and the provider's by one rule."""
    assert is_one is is_endpoint(url)
