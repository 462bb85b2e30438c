"""`oauth2` with a real gateway: the document's routes and curl lines as written, and what must not happen besides."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ostiary.identity.jose import parse_compact_token
from tests.e2e.counterparts.calls import Response, call, post_form
from tests.e2e.counterparts.curl import run_curl
from tests.e2e.counterparts.gateway import RunningGateway, start_gateway
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.fakes.machine_tokens import CLIENT_ID, CREDENTIALS, NAME, SAMPLE_TOKEN, SECRET, make_claims, make_token

CONSUMER = {"name": NAME, "client_id": CLIENT_ID, "client_secret": SECRET}
RULE: dict[str, Any] = {"consumers": [CONSUMER]}
# The lines of the document, character by character.
GET_LINE = (
    "curl 'http://test.com/oauth2/token?grant_type=client_credentials&client_id=12345678-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
    "&client_secret=abcdefgh-xxxx-xxxx-xxxx-xxxxxxxxxxxx'"
)
POST_LINE = (
    "curl 'http://test.com/oauth2/token' -H 'content-type: application/x-www-form-urlencoded' -d "
    "'grant_type=client_credentials&client_id=12345678-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
    "&client_secret=abcdefgh-xxxx-xxxx-xxxx-xxxxxxxxxxxx'"
)
CALL_LINE = f"curl 'http://test.com' -H 'Authorization: Bearer {SAMPLE_TOKEN}'"


@dataclass(frozen=True)
class Scene:
    """A gateway and what is behind it."""

    gateway: RunningGateway
    upstream: RecordingUpstream

    def call(self, path: str, token: str | None = None, method: str = "GET", **headers: str) -> Response:
        """Call a path, with a token or without."""
        bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
        return call(self.gateway.url + path, method, {**bearer, **headers})

    def token(self, path: str = "/a/oauth2/token") -> str:
        """Ask for a token."""
        return read_token(self.call(f"{path}?{CREDENTIALS}"))


def read_token(answer: Response) -> str:
    """Return the token of an answer that has one."""
    assert answer.status == 200, answer
    token: str = answer.json()["access_token"]
    return token


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One scene for the module."""
    with RecordingUpstream() as upstream:

        def route(name: str, uri: str, rule: dict[str, Any], **others: Any) -> dict[str, Any]:
            node = {"nodes": {upstream.address: 1}}
            return {"id": name, "uri": uri, "plugins": {"oauth2": rule}, "upstream": node, **others}

        routes = [
            route("route-a", "/a/*", RULE),
            route("route-b", "/b/*", RULE),
            route("test", "/*", RULE, host="test.com"),
            route("shared", "/shared/*", RULE | {"global_credentials": True}),
            route("header", "/header/*", RULE | {"auth_header_name": "X-Token", "keep_token": False}),
            route("posted", "/posted/*", RULE | {"allow_query_credentials": False}),
            {"id": "no-upstream", "uri": "/tokens/*", "plugins": {"oauth2": RULE | {"global_credentials": True}}},
        ]
        with start_gateway({"routes": routes}, tmp_path_factory.mktemp("oauth2")) as gateway:
            yield Scene(gateway, upstream)


@pytest.fixture
def scene(running: Scene) -> Scene:
    """The scene, with nothing recorded yet."""
    running.upstream.clear()
    return running


@pytest.mark.parametrize("line", [GET_LINE, POST_LINE])
def test_the_documents_token_lines_work_as_written(scene: Scene, line: str) -> None:
    """By GET and by POST; what they get opens what the document opens, with curl again."""
    answer = run_curl(line, scene.gateway.port)

    assert ["token_type", "access_token", "expires_in"] == list(answer.json())
    assert ("bearer", 7200) == (answer.json()["token_type"], answer.json()["expires_in"])
    assert ("no-store", "no-cache") == (answer.header("cache-control"), answer.header("pragma"))
    claims = parse_compact_token(read_token(answer).encode()).claims
    assert make_claims(aud="test", exp=claims["exp"], iat=claims["iat"], jti=claims["jti"]) == claims
    assert [] == scene.upstream.requests
    opened = run_curl(CALL_LINE.replace(SAMPLE_TOKEN, read_token(answer)), scene.gateway.port)
    assert 200 == opened.status
    assert NAME == scene.upstream.requests[-1].value("x-mse-consumer")


def test_the_documents_old_token_is_refused_in_its_words(scene: Scene) -> None:
    """It is over since 2023."""
    answer = run_curl(CALL_LINE, scene.gateway.port)

    assert (401, b"Invalid Jwt token") == (answer.status, answer.body)
    assert 'Bearer realm="http://test.com/"' == answer.header("www-authenticate")
    assert [] == scene.upstream.requests


def test_a_token_of_one_route_does_not_open_the_other(scene: Scene) -> None:
    """The document's two routes with the same rule."""
    tokens = {name: scene.token(f"/{name}/oauth2/token") for name in ("a", "b")}

    for own, other in (("a", "b"), ("b", "a")):
        assert 200 == scene.call(f"/{own}/orders", tokens[own]).status
        denied = scene.call(f"/{own}/orders", tokens[other])
        assert (403, b"Access Denied") == (denied.status, denied.body)
    assert ["/a/orders", "/b/orders"] == [request.target for request in scene.upstream.requests]


def test_the_upstream_is_told_the_consumer_by_the_gateway_alone(scene: Scene) -> None:
    """Whatever a client sends under such a name is gone; the token stays, unless it shall not."""
    spoofed = [
        (name, "admin")
        for name in ("X-Mse-Consumer", "x-mse-consumer", "X_Mse_Consumer", "X.Mse.Consumer", "X-MSE_CONSUMER")
    ]
    token = scene.token()
    assert 200 == call(scene.gateway.url + "/a/x", headers=[("Authorization", f"Bearer {token}"), *spoofed]).status
    headers = [(name, value) for name, value in scene.upstream.requests[-1].headers if "consumer" in name.lower()]
    assert [("X-Mse-Consumer", NAME)] == headers
    assert f"Bearer {token}" == scene.upstream.requests[-1].value("authorization")

    own = scene.token("/header/oauth2/token")
    answer = call(scene.gateway.url + "/header/x", headers={"X-Token": f"Bearer {own}", "Authorization": "Basic eA=="})
    assert 200 == answer.status
    request = scene.upstream.requests[-1]
    assert (None, "Basic eA==", NAME) == (
        request.value("x-token"), request.value("authorization"), request.value("x-mse-consumer"),
    )  # fmt: skip


def test_two_tokens_at_once_are_none(scene: Scene) -> None:
    """Two Authorization headers are no request; two headers of another name are no token."""
    token = scene.token()
    own = scene.token("/header/oauth2/token")

    for path, name, value, status in (("/a/x", "Authorization", token, 400), ("/header/x", "X-Token", own, 401)):
        answer = call(scene.gateway.url + path, headers=[(name, f"Bearer {value}")] * 2)
        assert status == answer.status
    assert [] == scene.upstream.requests


@pytest.mark.parametrize("method", ["HEAD", "PUT", "OPTIONS", "DELETE", "PATCH"])
def test_the_token_path_forwards_no_method(scene: Scene, method: str) -> None:
    """405, and what is possible; nothing reaches the upstream."""
    answer = scene.call(f"/a/oauth2/token?{CREDENTIALS}", method=method)

    assert (405, "GET, POST") == (answer.status, answer.header("allow"))
    assert [] == scene.upstream.requests


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/a/oauth2/token/..", 400),
        ("/a/oauth2/token/../x", 400),
        ("/a/oauth2%2Ftoken", 400),
        ("/a/oauth2/token%00", 400),
        ("/a/oauth2//token", 400),
        ("/a/oauth2/token;x", 401),
        ("/a/oauth2/token/", 401),
        ("/a/oauth2/token/x", 401),
        ("/a/xoauth2/token", 401),
        ("/a/OAUTH2/token", 401),
        ("/a/oauth2/%74oken", 400),
    ],
)
def test_no_path_trick_opens_a_route_or_the_endpoint(scene: Scene, target: str, status: int) -> None:
    """Refused with the head, protected like anything else, or the endpoint itself (400: no parameters)."""
    head = f"GET {target} HTTP/1.1\r\nHost: gateway.example\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", scene.gateway.port), timeout=10) as connection:
        connection.sendall(head.encode())
        answer = connection.recv(65_536)

    assert f"HTTP/1.1 {status} ".encode() == answer[:13]
    assert [] == scene.upstream.requests


def test_a_route_without_an_upstream_issues_and_is_protected(scene: Scene) -> None:
    """Tokens by GET and POST need nobody behind the gateway; what passes there is not found."""
    posted = post_form(
        f"{scene.gateway.url}/tokens/oauth2/token", {"grant_type": "client_credentials"}, (CLIENT_ID, SECRET)
    )
    token = read_token(posted)

    assert token
    assert 404 == scene.call("/tokens/x", token).status
    assert 401 == scene.call("/tokens/x").status
    assert 200 == scene.call("/shared/x", token).status


def test_secrets_in_the_query_are_refused_where_they_shall_be(scene: Scene) -> None:
    """With what to do instead; the same credentials posted are taken."""
    answer = scene.call(f"/posted/oauth2/token?{CREDENTIALS}")

    assert (400, "invalid_request") == (answer.status, answer.json()["error"])
    assert "POST them as a form" in answer.json()["error_description"]
    form = dict(pair.split("=") for pair in CREDENTIALS.split("&"))
    assert 200 == post_form(f"{scene.gateway.url}/posted/oauth2/token", form).status


def test_a_form_that_is_too_large_is_refused(scene: Scene) -> None:
    """413 at 8 KiB, whatever the gateway takes elsewhere."""
    answer = post_form(f"{scene.gateway.url}/a/oauth2/token", {"grant_type": "x" * 9000})

    assert 413 == answer.status


def test_guessing_is_slowed_down(tmp_path: Path) -> None:
    """After ten failures the client waits, with the right secret too, and is told how long; the log tells it once."""
    routes = [{"id": "tokens", "uri": "/*", "plugins": {"oauth2": RULE}}]
    with start_gateway({"routes": routes}, tmp_path) as gateway:
        url = f"{gateway.url}/oauth2/token?{CREDENTIALS}"
        statuses = [call(url + "x").status for _ in range(10)]
        limited = call(url)
        assert [401] * 10 == statuses
        assert (429, "temporarily_unavailable") == (limited.status, limited.json()["error"])
        assert 0 < int(limited.header("retry-after") or "") <= 60
        assert "client_limited" == gateway.wait_for_log(lambda line: line["status"] == 429)["reason"]
    assert 1 == gateway.output().count('"code":"client_limited"')


def test_no_secret_and_no_token_is_in_any_log(tmp_path: Path) -> None:
    """Neither of a query, nor of a Referer, a realm, a failed request or a form; the warning is told once a route."""
    with RecordingUpstream() as upstream:
        routes = [{"id": "a", "uri": "/*", "plugins": {"oauth2": RULE}, "upstream": {"nodes": {upstream.address: 1}}}]
        with start_gateway({"routes": routes}, tmp_path) as gateway:
            url = f"{gateway.url}/oauth2/token?{CREDENTIALS}"
            token = read_token(call(url))
            answers = [
                call(url, headers={"Referer": url}),
                call(url + "%zz"),
                call(url.replace("/token?", "/tokens?")),
                call(url, "PUT"),
                call(f"{gateway.url}/x", headers={"Authorization": f"Bearer {token}", "Referer": url}),
                call(f"{gateway.url}/x", headers={"Authorization": f"Bearer {token}x"}),
                call(f"{gateway.url}/x?{CREDENTIALS}"),
                call(url + "#"),
                post_form(f"{gateway.url}/oauth2/token", {"client_secret": SECRET, "grant_type": "no"}),
            ]
            assert [200, 400, 401, 405, 200, 401, 401, 200, 400] == [answer.status for answer in answers]
            answers.pop(4)  # the upstream's own, which repeats what it was sent
            assert not any(SECRET in repr((answer.headers, answer.body)) for answer in answers)
            gateway.wait_for_log(lambda line: line["reason"] == "grant_unsupported")
    output = gateway.output()
    assert SECRET not in output
    assert token.split(".")[2] not in output
    assert 1 == output.count('"code":"query_credentials"')
    assert {"(redacted)"} == {json.loads(line)["query"] for line in output.splitlines() if '"query":"' in line}


def test_a_consumers_own_token_is_one_that_its_secret_made(scene: Scene) -> None:
    """HS256 by the consumer's secret means that: whoever has the secret needs no endpoint. Nobody else's will do."""
    now = parse_compact_token(scene.token().encode()).claims["iat"]
    times = {"iat": now, "exp": now + 60, "aud": "route-a"}

    assert 200 == scene.call("/a/x", make_token(SECRET, **times)).status
    assert 401 == scene.call("/a/x", make_token("another-secret-of-thirty-two-bytes", **times)).status
