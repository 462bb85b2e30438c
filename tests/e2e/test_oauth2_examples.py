"""The `oauth2` document's configurations and lines, word for word, where it says that they stand.

`test.com` is found on loopback by curl's `--connect-to`. What must not happen besides is tried in `test_oauth2`, every
address of the levels in `test_oauth2_levels`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.counterparts.calls import Response, call
from tests.e2e.counterparts.curl import run_curl
from tests.e2e.counterparts.gateway import RunningGateway, start_gateway
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.fakes.machine_tokens import CLIENT_ID, NAME, OTHER_ID, OTHER_SECRET, SAMPLE_TOKEN, SECRET
from tests.reference.documents import (
    OAUTH2_ALLOW_ON_DOMAINS,
    OAUTH2_ALLOW_ON_ROUTES,
    OAUTH2_CALL_LINE,
    OAUTH2_EVERYWHERE,
    OAUTH2_GET_LINE,
    OAUTH2_INSTANCE,
    OAUTH2_POST_LINE,
    OAUTH2_ROUTES,
    OAUTH2_SHARED,
)

CREDENTIALS = {"consumer1": (CLIENT_ID, SECRET), "consumer2": (OTHER_ID, OTHER_SECRET)}


@pytest.fixture
def upstream() -> Iterator[RecordingUpstream]:
    """What is behind all routes."""
    with RecordingUpstream() as running:
        yield running


def rule(text: str) -> dict[str, Any]:
    """Return what stands under `plugins`."""
    return {"plugins": {"oauth2": yaml.safe_load(text)}}


def configure(upstream: RecordingUpstream, on_routes: Mapping[str, Any], **wider: Any) -> dict[str, Any]:
    """The document's two routes, and one that no rule is about."""
    node = {"upstream": {"nodes": {upstream.address: 1}}}
    named = [{"id": f"route-{name}", "uri": f"/{name}/*", **node, **on_routes} for name in ("a", "b")]
    return {"routes": [*named, {"id": "rest", "uri": "/*", **node}], **wider}


def ask(gateway: RunningGateway, path: str, token: str | None = None, host: str = "any.host") -> Response:
    """Call a path on a host, with a token or without."""
    bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
    return call(gateway.url + path, headers={"Host": host, **bearer})


def get_token(gateway: RunningGateway, path: str, consumer: str = NAME) -> str:
    """Ask for a token at a path, as the document recommends."""
    client_id, secret = CREDENTIALS[consumer]
    answer = ask(gateway, f"{path}?grant_type=client_credentials&client_id={client_id}&client_secret={secret}")
    assert answer.status == 200, answer
    token: str = answer.json()["access_token"]
    return token


def test_a_token_of_one_route_does_not_open_the_other(upstream: RecordingUpstream, tmp_path: Path) -> None:
    """Although it has the same configuration, and the other way round."""
    with start_gateway(configure(upstream, rule(OAUTH2_ROUTES)), tmp_path) as gateway:
        tokens = {name: get_token(gateway, f"/{name}/oauth2/token") for name in ("a", "b")}
        statuses = {(own, name): ask(gateway, f"/{name}/x", tokens[own]).status for own in tokens for name in tokens}

    assert {("a", "a"): 200, ("a", "b"): 403, ("b", "a"): 403, ("b", "b"): 200} == statuses


def test_both_routes_share_their_tokens(upstream: RecordingUpstream, tmp_path: Path) -> None:
    """With `global_credentials: true`."""
    with start_gateway(configure(upstream, rule(OAUTH2_SHARED)), tmp_path) as gateway:
        tokens = [get_token(gateway, f"/{name}/oauth2/token") for name in ("a", "b")]

        assert [200] * 4 == [ask(gateway, f"/{name}/x", token).status for token in tokens for name in ("a", "b")]
        assert 401 == ask(gateway, "/a/x").status


def test_each_rule_lets_in_whom_it_names(upstream: RecordingUpstream, tmp_path: Path) -> None:
    """The routes consumer1, the domains consumer2, and no other caller; elsewhere nobody is asked."""
    config = configure(
        upstream, rule(OAUTH2_ALLOW_ON_ROUTES), instance=rule(OAUTH2_INSTANCE),
        domains=[{"hosts": ["*.example.com", "test.com"], **rule(OAUTH2_ALLOW_ON_DOMAINS)}],
    )  # fmt: skip
    with start_gateway(config, tmp_path) as gateway:
        tokens = [None, *(get_token(gateway, "/a/oauth2/token", consumer) for consumer in CREDENTIALS)]
        places = [("any.host", "/a/x"), ("any.host", "/b/x"), ("www.example.com", "/x"), ("test.com", "/x")]
        statuses = [[ask(gateway, path, token, host).status for token in tokens] for host, path in places]

        assert [[401, 200, 403]] * 2 + [[401, 403, 200]] * 2 == statuses
        assert 200 == ask(gateway, "/x").status


def test_every_request_needs_a_token(upstream: RecordingUpstream, tmp_path: Path) -> None:
    """`global_auth: true`, whatever the route."""
    with start_gateway(configure(upstream, {}, instance=rule(OAUTH2_EVERYWHERE)), tmp_path) as gateway:
        for consumer in CREDENTIALS:
            token = get_token(gateway, "/oauth2/token", consumer)
            assert [200] * 3 == [ask(gateway, path, token).status for path in ("/a/x", "/b/x", "/x")]
            assert consumer == upstream.requests[-1].value("x-mse-consumer")
        refused = [ask(gateway, path) for path in ("/a/x", "/b/x", "/x")]

    assert {(401, b"Invalid Jwt token")} == {(answer.status, answer.body) for answer in refused}


@pytest.mark.parametrize("line", [OAUTH2_GET_LINE, OAUTH2_POST_LINE])
def test_the_lines_get_a_token_and_use_it(upstream: RecordingUpstream, tmp_path: Path, line: str) -> None:
    """The answer has the document's members in its order; the last line works with a token of today."""
    with start_gateway(configure(upstream, {}, instance=rule(OAUTH2_EVERYWHERE)), tmp_path) as gateway:
        answer = run_curl(line, gateway.port).json()
        sample = run_curl(OAUTH2_CALL_LINE, gateway.port)
        opened = run_curl(OAUTH2_CALL_LINE.replace(SAMPLE_TOKEN, answer["access_token"]), gateway.port)

    assert ["token_type", "access_token", "expires_in"] == list(answer)
    assert (401, b"Invalid Jwt token") == (sample.status, sample.body)  # it expired in 2023
    assert ("bearer", 7200) == (answer["token_type"], answer["expires_in"])
    assert (200, NAME) == (opened.status, upstream.requests[-1].value("x-mse-consumer"))
