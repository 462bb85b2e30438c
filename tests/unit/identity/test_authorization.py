"""The authorization request and its answer."""

from contextlib import suppress
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.errors import ProviderFault
from ostiary.identity.authorization import (
    MAX_CODE_BYTES,
    MAX_PARAMETERS,
    PROTOCOL_PARAMETERS,
    AuthorizationDenied,
    AuthorizationResponse,
    CallbackRefused,
    ResponseMode,
    authorize,
    build_authorization_base,
    build_authorization_url,
    check_extra_parameters,
    read_authorization_response,
    read_parameters,
)
from ostiary.identity.login_flow import FLOW_VERSION, LoginFlow
from ostiary.identity.metadata import Metadata

ENDPOINT = "https://id.example/authorize"
METADATA = Metadata(issuer="https://id.example", authorization_endpoint=ENDPOINT)
FLOW = LoginFlow(
    version=FLOW_VERSION,
    state="a-state",
    nonce="a-nonce",
    code_verifier=None,
    issuer="https://id.example",
    client_id="shop",
    redirect_uri="https://gateway.example/cb?x=1&y=2",
    return_to="/",
    created_at=0.0,
)


def test_the_request_carries_each_parameter_once_and_whole() -> None:
    """Scope and redirect URI survive their special characters."""
    base = build_authorization_base(ENDPOINT, "shop & co", "openid a:b", {"prompt": "login", "x y": "ä&"})
    url = build_authorization_url(base, FLOW, "a-challenge")
    pairs = parse_qsl(urlsplit(url).query, strict_parsing=True)

    assert url.startswith(ENDPOINT + "?")
    assert len(pairs) == len(dict(pairs))
    assert dict(pairs) == {
        "response_type": "code",
        "client_id": "shop & co",
        "scope": "openid a:b",
        "prompt": "login",
        "x y": "ä&",
        "redirect_uri": "https://gateway.example/cb?x=1&y=2",
        "state": "a-state",
        "nonce": "a-nonce",
        "code_challenge": "a-challenge",
        "code_challenge_method": "S256",
    }


def test_without_pkce_there_is_no_challenge() -> None:
    """Neither half of it."""
    url = build_authorization_url(build_authorization_base(ENDPOINT, "shop", "openid", {}), FLOW, None)

    assert "code_challenge" not in url


def test_an_endpoint_may_have_a_query_of_its_own() -> None:
    """It stays in front of ours (RFC 6749 §3.1)."""
    base = build_authorization_base(ENDPOINT + "?p=policy", "shop", "openid", {})

    assert base.startswith(ENDPOINT + "?p=policy&response_type=code&")


def test_the_scope_is_the_operators_to_overwrite() -> None:
    """Extra parameters come instead of, never besides."""
    assert "scope=email&" in build_authorization_base(ENDPOINT, "shop", "openid", {"scope": "email"})
    assert "scope=openid" not in build_authorization_base(ENDPOINT, "shop", "openid", {"scope": "email"})


@pytest.mark.parametrize("endpoint", [ENDPOINT + "#x", ENDPOINT + "?client_id=x", ENDPOINT + "?st%61te=x"])
def test_an_endpoint_that_says_our_parameters_is_refused(endpoint: str) -> None:
    """Nothing is sent twice, and nothing after a fragment."""
    with pytest.raises(ProviderFault, match="authorization_endpoint_invalid"):
        build_authorization_base(endpoint, "shop", "openid", {})


@pytest.mark.parametrize("name", [*sorted(PROTOCOL_PARAMETERS), ""])
def test_extra_parameters_never_overwrite_the_protocols(name: str) -> None:
    """Refused by name, when the configuration is read."""
    with pytest.raises(ValueError, match="belongs to the protocol"):
        check_extra_parameters({name: "x"})


def test_the_response_mode_is_sent_where_it_is_not_the_usual() -> None:
    """Without one, an answer with a code comes in the query (OAuth 2.0 Multiple Response Types §2.1)."""
    assert "response_mode" not in build_authorization_base(ENDPOINT, "shop", "openid", {})
    assert "&response_mode=form_post&" in build_authorization_base(ENDPOINT, "shop", "openid", {}, "form_post")


def read(query: str | bytes | None) -> AuthorizationResponse:
    """Read a query."""
    return read_authorization_response(query.encode() if isinstance(query, str) else query)


def refusal(query: str | bytes | None) -> str:
    """Return the code that a query is refused with."""
    with pytest.raises(CallbackRefused) as refused:
        read(query)
    return refused.value.code


def test_an_answer_is_read_by_its_names() -> None:
    """Unknown parameters are left alone; escapes are undone once."""
    response = read("state=s%2B1&code=c+d&iss=https%3A%2F%2Fid.example&session_state=x&foo=1&foo=2")

    assert response == AuthorizationResponse(state="s+1", code="c d", issuer="https://id.example")
    assert "s+1" not in repr(response)


@pytest.mark.parametrize("name", ["code", "state", "iss", "error", "error_description", "id_token", "session_state"])
@pytest.mark.parametrize("second", ["same", "other", "", None])
def test_no_parameter_of_the_protocol_comes_twice(name: str, second: str | None) -> None:
    """Not even with the same value, without one, or under an escaped name: readers would differ on which counts."""
    escaped = "".join(f"%{ord(character):02x}" for character in name)
    rest = escaped if second is None else f"{escaped}={second}"
    query = f"{name}=same&{rest}" if name == "state" else f"state=s&{name}=same&{rest}"

    assert refusal(query) == "callback_parameter_repeated"


@pytest.mark.parametrize("query", [None, "", "code=c", "state=&code=c", "state", "State=s&code=c", "&&&", "=s"])
def test_an_answer_without_state_belongs_to_nobody(query: str | None) -> None:
    """There is no flow to look for."""
    assert refusal(query) == "callback_state_missing"


@pytest.mark.parametrize(("response_mode", "limit"), [("query", 8192), ("form_post", 16_384)])
def test_an_answer_is_measured_by_where_it_comes(response_mode: ResponseMode, limit: int) -> None:
    """A form may be longer than an address."""
    answer = b"state=s&x=" + b"a" * (limit - 10)

    assert read_authorization_response(answer, response_mode).state == "s"
    with pytest.raises(CallbackRefused, match="callback_too_large"):
        read_authorization_response(answer + b"a", response_mode)


def test_parameters_are_counted_and_measured() -> None:
    """Twenty, and 8 KiB; one more is too many."""
    fill = "&".join(f"p{number}=x" for number in range(MAX_PARAMETERS - 1))

    assert read(f"state=s&{fill}").state == "s"
    assert refusal(f"state=s&{fill}&last=1") == "callback_too_large"
    assert refusal("state=s&" + "&".join(["x=1"] * 5000)) == "callback_too_large"
    assert refusal("state=s&x=" + "a" * 8200) == "callback_too_large"


@given(st.binary(max_size=300))
def test_any_query_is_read_or_refused(query: bytes) -> None:
    """Nothing else comes out."""
    with suppress(CallbackRefused):
        read(query)
    assert len(read_parameters(query)) <= MAX_PARAMETERS + 1


def test_the_descriptions_of_errors_are_cut_to_printable_ascii() -> None:
    """What goes on a page is short and has no control characters."""
    response = read(urlencode({"state": "s", "error": "x", "error_description": "a\r\nb\u202e" + "c" * 400}))

    assert response.error_description == ("a  b " + "c" * 400)[:300]


@pytest.mark.parametrize(
    ("issuer", "supported", "code"),
    [
        (None, False, None),
        (None, True, "callback_issuer_missing"),
        ("https://id.example", False, None),
        ("https://id.example", True, None),
        ("https://evil.example", False, "callback_issuer_differs"),
        ("https://evil.example", True, "callback_issuer_differs"),
        ("https://id.example/", True, "callback_issuer_differs"),
        ("", True, "callback_issuer_differs"),
    ],
)
@pytest.mark.parametrize("error", [None, "access_denied"])
def test_the_issuer_is_checked_before_anything_is_believed(
    issuer: str | None, code: str | None, error: str | None, *, supported: bool
) -> None:
    """RFC 9207 §2.4: missing where announced, or another one: refused, errors included."""
    metadata = msgspec.structs.replace(METADATA, authorization_response_iss_parameter_supported=supported)
    response = AuthorizationResponse(state="a-state", code="c", issuer=issuer, error=error)
    expected: type[Exception] = AuthorizationDenied if error else CallbackRefused
    if code is None and error is None:
        assert authorize(response, FLOW, metadata).code == "c"
        return
    with pytest.raises(CallbackRefused if code else expected) as refused:
        authorize(response, FLOW, metadata)
    assert getattr(refused.value, "code", None) == code


def test_a_flow_of_another_issuer_is_refused() -> None:
    """The provider behind the discovery URL changed while the person was away."""
    with pytest.raises(CallbackRefused, match="callback_issuer_differs"):
        authorize(AuthorizationResponse(state="s", code="c"), msgspec.structs.replace(FLOW, issuer="x"), METADATA)


@pytest.mark.parametrize(
    ("code", "refused_as"),
    [(None, "callback_code_missing"), ("", "callback_code_missing"), ("c" * 4097, "callback_code_too_large")],
)
def test_there_is_one_code_of_a_sane_size(code: str | None, refused_as: str) -> None:
    """At the limit it is still taken."""
    assert authorize(AuthorizationResponse(state="s", code="c" * MAX_CODE_BYTES), FLOW, METADATA).flow is FLOW
    with pytest.raises(CallbackRefused, match=refused_as):
        authorize(AuthorizationResponse(state="s", code=code), FLOW, METADATA)


@pytest.mark.parametrize(
    ("error", "shown"), [("access_denied", "access_denied"), ("<b>", "unknown_error"), ("", "unknown_error")]
)
def test_an_error_ends_the_login_even_with_a_code(error: str, shown: str) -> None:
    """Its name is shown when it looks like one."""
    with pytest.raises(AuthorizationDenied) as denied:
        authorize(AuthorizationResponse(state="s", code="c", error=error, error_description="why"), FLOW, METADATA)

    assert (denied.value.error, denied.value.description) == (shown, "why")
