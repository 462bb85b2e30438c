"""The token endpoint."""

from typing import Any
from urllib.parse import urlencode

import pytest

from ostiary.authorization_server.server import AuthorizationServer
from ostiary.authorization_server.throttle import MAX_FAILURES_OF_CLIENT, WINDOW_S
from ostiary.identity.client_authentication import build_basic
from ostiary.identity.jose import parse_compact_token
from ostiary.plugin import Pending, Reply
from tests.fakes.machine_tokens import (
    CLIENT_ID,
    CREDENTIALS,
    PARAMETERS,
    SAMPLE_AT,
    SECRET,
    TokenWorld,
    body_of,
    make_claims,
    make_consumer,
    token_of,
)

BASIC = {"Authorization": build_basic(CLIENT_ID, SECRET)}
GRANT = {"grant_type": "client_credentials"}


def get(
    query: str = CREDENTIALS, headers: dict[str, str] | None = None, route: str = "route-a", **settings: Any
) -> Reply:
    """Ask by GET."""
    world = TokenWorld()
    request = world.request("GET", f"/oauth2/token?{query}", headers, route=route)
    return world.ask(world.server(**settings).token_endpoint, request)


def post(
    parameters: dict[str, str] | str = CREDENTIALS,
    headers: dict[str, Any] | None = None,
    target: str = "/oauth2/token",
    **settings: Any,
) -> Reply:
    """Ask by POST."""
    world = TokenWorld()
    return world.post(world.server(**settings).token_endpoint, parameters, target, headers)


def refusal(reply: Reply) -> tuple[int, str, str]:
    """Return status, error and reason of a refusal, which no cache keeps and which repeats nothing."""
    headers = dict(reply.headers)
    assert ("no-store", "no-cache") == (headers["Cache-Control"], headers["Pragma"])
    assert SECRET.encode() not in reply.body
    return reply.status, body_of(reply)["error"], reply.reason


@pytest.mark.parametrize(
    "reply",
    [get(), post(), post(PARAMETERS), post(GRANT, BASIC), get(urlencode(GRANT), BASIC),
     post({**GRANT, "client_id": CLIENT_ID}, BASIC), get(f"{CREDENTIALS}&unknown=1&scope="),
     post(headers={"Content-Type": "Application/X-WWW-Form-URLEncoded; charset=utf-8"}),
     post(target="/oauth2/token?trace=1")],
)  # fmt: skip
def test_a_token_is_had_by_get_and_post_in_every_documented_way(reply: Reply) -> None:
    """The answer has three members, as the document shows, and is kept by no cache."""
    assert (200, "token_issued") == (reply.status, reply.reason)
    assert ["token_type", "access_token", "expires_in"] == list(body_of(reply))
    assert ("bearer", 7200) == (body_of(reply)["token_type"], body_of(reply)["expires_in"])
    assert "no-store" == dict(reply.headers)["Cache-Control"]
    claims = parse_compact_token(token_of(reply).encode()).claims
    assert make_claims(jti=claims["jti"]) == claims


def test_a_get_is_answered_at_once_and_a_post_when_its_form_is_there() -> None:
    """At most 8 KiB of it."""
    world = TokenWorld()
    endpoint = world.server().token_endpoint
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    assert isinstance(endpoint.answer(world.request("GET", f"/oauth2/token?{CREDENTIALS}"), SAMPLE_AT), Reply)
    verdict = endpoint.answer(world.request("POST", "/oauth2/token", form), SAMPLE_AT)
    assert isinstance(verdict, Pending)
    assert 8192 == verdict.body_limit_bytes


@pytest.mark.parametrize("method", ["HEAD", "PUT", "OPTIONS", "DELETE", "PATCH"])
def test_no_other_method_is_answered_or_forwarded(method: str) -> None:
    """405, and what is possible."""
    world = TokenWorld()
    reply = world.ask(world.server().token_endpoint, world.request(method, f"/oauth2/token?{CREDENTIALS}"))

    assert (405, "invalid_request", "token_method") == refusal(reply)
    assert "GET, POST" == dict(reply.headers)["Allow"]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (get(""), (400, "invalid_request", "token_request_malformed")),
        (get("grant_type="), (400, "invalid_request", "token_request_malformed")),
        (get(CREDENTIALS.replace("client_credentials", "password")),
         (400, "unsupported_grant_type", "grant_unsupported")),
        (get(f"{CREDENTIALS}&client_id={CLIENT_ID}"), (400, "invalid_request", "token_request_malformed")),
        (get(f"{CREDENTIALS}%zz"), (400, "invalid_request", "token_request_malformed")),
        (get(CREDENTIALS, BASIC), (400, "invalid_request", "client_ambiguous")),
        (get(urlencode(GRANT | {"client_assertion": "x"})), (400, "invalid_request", "query_credentials_refused")),
        (get("grant_type=client_credentials"), (401, "invalid_client", "client_missing")),
        (get(f"grant_type=client_credentials&client_id={CLIENT_ID}"), (401, "invalid_client", "client_missing")),
        (get(CREDENTIALS + "x"), (401, "invalid_client", "client_refused")),
        (get(f"{CREDENTIALS}&scope=read"), (400, "invalid_scope", "scope_refused")),
        (post(headers={"Content-Type": "application/json"}), (400, "invalid_request", "token_request_malformed")),
        (post(headers={"Content-Type": "text/application/x-www-form-urlencoded"}),
         (400, "invalid_request", "token_request_malformed")),
        (post(""), (400, "invalid_request", "token_request_malformed")),
        (post("", target=f"/oauth2/token?{CREDENTIALS}"), (400, "invalid_request", "client_ambiguous")),
        (post(target="/oauth2/token?client_id=x"), (400, "invalid_request", "client_ambiguous")),
        (post({**PARAMETERS, "client_assertion": "x"}), (400, "invalid_request", "client_ambiguous")),
        (post({**GRANT, "client_assertion": "x.y.z"}), (401, "invalid_client", "client_refused")),
        (post(PARAMETERS, BASIC), (400, "invalid_request", "client_ambiguous")),
        (post({**PARAMETERS, "client_secret": "wrong"}), (401, "invalid_client", "client_refused")),
        (post({**PARAMETERS, "client_id": "unknown"}), (401, "invalid_client", "client_refused")),
    ],
)  # fmt: skip
def test_everything_else_is_refused_in_json(reply: Reply, expected: tuple[int, str, str]) -> None:
    """RFC 6749 §5.2."""
    assert expected == refusal(reply)


def test_an_unknown_id_and_a_wrong_secret_are_answered_alike() -> None:
    """Byte for byte."""
    unknown, wrong = (post({**PARAMETERS, name: "wrong"}) for name in ("client_id", "client_secret"))

    assert (unknown.status, unknown.headers, unknown.body) == (wrong.status, wrong.headers, wrong.body)


def test_a_plus_is_a_space() -> None:
    """In the secret too, as forms encode it."""
    world = TokenWorld()
    server = world.server(make_consumer(secret="a b+c"))

    assert 200 == world.post(server.token_endpoint, {**PARAMETERS, "client_secret": "a b+c"}).status
    assert 401 == world.post(server.token_endpoint, CREDENTIALS.replace(SECRET, "a+b+c")).status


def test_a_secret_in_the_query_is_told_once_for_each_route() -> None:
    """In the log, without the secret; not for a POST or Basic."""
    world = TokenWorld()
    endpoint = world.server().token_endpoint
    world.post(endpoint)
    world.ask(endpoint, world.request("GET", f"/oauth2/token?{urlencode(GRANT)}", BASIC))
    assert [] == world.log.codes

    for route in ("route-a", "route-b", "route-a"):
        world.ask(endpoint, world.request("GET", f"/oauth2/token?{CREDENTIALS}", route=route))

    assert [("query_credentials", "route-a"), ("query_credentials", "route-b")] == [
        (event.code, event.fields["route"]) for event in world.log.events
    ]
    assert SECRET not in world.log.text


def test_query_credentials_can_be_switched_off() -> None:
    """The answer says what to do instead; a form and Basic still work."""
    reply = get(accepts_query_credentials=False)

    assert (400, "invalid_request", "query_credentials_refused") == refusal(reply)
    assert "POST them as a form, or use HTTP Basic" in body_of(reply)["error_description"]
    assert 200 == get(urlencode(GRANT), BASIC, accepts_query_credentials=False).status
    assert 200 == post(accepts_query_credentials=False).status


def test_failures_are_limited_by_client_and_address() -> None:
    """429 with Retry-After, in JSON; the right secret waits, too, and is taken when the minute is over."""
    world = TokenWorld()
    endpoint = world.server().token_endpoint
    wrong = {**PARAMETERS, "client_secret": "wrong"}
    for _ in range(MAX_FAILURES_OF_CLIENT):
        assert 401 == world.post(endpoint, wrong).status

    by_post = world.post(endpoint)
    by_get = world.ask(endpoint, world.request("GET", f"/oauth2/token?{CREDENTIALS}"))
    for limited in (by_post, by_get):
        assert (429, "temporarily_unavailable", "client_limited") == refusal(limited)
        assert "60" == dict(limited.headers)["Retry-After"]
    world.clock.advance(WINDOW_S)
    assert 200 == world.post(endpoint).status


def test_a_bound_token_is_for_the_route_that_issued_it() -> None:
    """Where no route was matched, and on one called `default`, there is nothing to bind it to."""
    issued = get(is_route_bound=True)
    assert "route-a" == parse_compact_token(token_of(issued).encode()).claims["aud"]

    for route in ("", "default"):
        assert (400, "invalid_request", "token_unbound") == refusal(get(is_route_bound=True, route=route))
        assert 200 == get(route=route).status


def test_scopes_are_granted_to_whom_they_are_configured_for() -> None:
    """And said in the answer and in the token."""
    world = TokenWorld()
    endpoint = world.server(make_consumer(scopes=("read", "write"))).token_endpoint

    reply = world.post(endpoint, {**PARAMETERS, "scope": "read"})

    assert "read" == body_of(reply)["scope"]
    assert "read" == parse_compact_token(token_of(reply).encode()).claims["scope"]
    assert 400 == world.post(endpoint, {**PARAMETERS, "scope": "admin"}).status


@pytest.mark.parametrize(
    ("path", "is_meant"),
    [("/oauth2/token", True), ("/a/oauth2/token", True), ("/oauth2/tokens", False), ("/xoauth2/token", False),
     ("/a/xoauth2/token", False), ("/oauth2/token/", False), ("/oauth2/token;x", False), ("/OAuth2/token", False),
     ("/a%2Foauth2/token", False), ("/oauth2%2Ftoken", False), ("/token", False), ("/", False)],
)  # fmt: skip
def test_whole_segments_at_the_end_of_a_path_are_meant(path: str, is_meant: bool) -> None:
    """Nothing that merely looks like it."""
    server: AuthorizationServer = TokenWorld().server()

    assert is_meant == server.token_endpoint.is_meant(path)
