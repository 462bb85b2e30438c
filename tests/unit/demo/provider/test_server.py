"""Authlib's server as it is joined here: responses, clients, and whose tokens are whose."""

import json

import pytest

from ostiary.demo.provider.accounts import QUICKSTART_USER
from ostiary.demo.provider.client import DemoClient
from ostiary.demo.provider.keys import SigningKey
from ostiary.demo.provider.memory import ProviderMemory
from ostiary.demo.provider.requests import ProtocolRequest, ReadRequest
from ostiary.demo.provider.server import DemoAuthorizationServer, family_of
from ostiary.demo.provider.throttle import Throttle
from ostiary.demo.provider.tokens import TokenMaker
from tests.unit.demo.provider.world import CLIENT_ID, ISSUER, StandingClock

TOKEN_REQUEST = ReadRequest("POST", f"{ISSUER}/token", {}, {})


@pytest.fixture
def server(key: SigningKey, clock: StandingClock) -> DemoAuthorizationServer:
    """A server without any grants."""
    return DemoAuthorizationServer(DemoClient("secret"), TokenMaker(ISSUER, key), ProviderMemory(clock), Throttle())


def test_it_knows_one_client(server: DemoAuthorizationServer) -> None:
    """By its name."""
    assert server.query_client(CLIENT_ID) is server.client
    assert server.query_client("other") is None


def test_an_answer_is_json_that_nobody_keeps(server: DemoAuthorizationServer) -> None:
    """RFC 6749 section 5.1."""
    response = server.handle_response(200, {"a": 1}, [("Content-Type", "application/json")])
    assert json.loads(bytes(response.body)) == {"a": 1}
    assert response.headers["cache-control"] == "no-store"


def test_a_redirect_names_the_issuer(server: DemoAuthorizationServer) -> None:
    """RFC 9207, whatever the address has in its query already."""
    response = server.handle_response(302, "", [("Location", "http://localhost/cb?a=b&iss=forged")])
    assert response.headers["location"] == "http://localhost/cb?a=b&iss=http%3A%2F%2F127.0.0.1%3A9090"


def test_tokens_start_a_family_and_a_person_is_in_it(server: DemoAuthorizationServer) -> None:
    """Both tokens in the same one."""
    request = ProtocolRequest(TOKEN_REQUEST)
    request.user = QUICKSTART_USER
    answer = server.generate_token(user=QUICKSTART_USER, scope="openid")
    server.save_token(answer, request)
    access, refresh = (server.memory.find_token(answer[name]) for name in ("access_token", "refresh_token"))
    assert access is not None
    assert refresh is not None
    assert access.family is refresh.family
    assert access.family.user is QUICKSTART_USER
    assert (access.kind, refresh.kind) == ("access_token", "refresh_token")


def test_refreshed_tokens_join_the_family(server: DemoAuthorizationServer) -> None:
    """Otherwise a stolen one would start a life of its own."""
    request = ProtocolRequest(TOKEN_REQUEST)
    request.user = QUICKSTART_USER
    first = server.generate_token(user=QUICKSTART_USER, scope="openid")
    server.save_token(first, request)
    again = ProtocolRequest(TOKEN_REQUEST)
    again.refresh_token = server.memory.find_token(first["refresh_token"])
    second = server.generate_token(user=QUICKSTART_USER, scope="openid")
    server.save_token(second, again)
    found = server.memory.find_token(second["refresh_token"])
    assert found is not None
    assert found.family is family_of(again)


def test_a_request_that_was_joined_is_taken_as_it_is(server: DemoAuthorizationServer) -> None:
    """Values that were put on it stay."""
    request = ProtocolRequest(TOKEN_REQUEST)
    assert server.create_oauth2_request(request) is request
    assert isinstance(server.create_oauth2_request(TOKEN_REQUEST), ProtocolRequest)
