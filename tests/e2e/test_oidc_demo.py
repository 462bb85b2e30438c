"""`oidc` at the demo provider, with as little as can be written: no redirect_url, no service source.

What the document's examples show is in `test_oidc`; this is the shortest configuration that signs somebody in.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ostiary.demo.provider.accounts import CLIENT_ID, CLIENT_SECRET_VARIABLE, PASSWORD, USERNAME
from tests.e2e.counterparts.certified import read_token
from tests.e2e.counterparts.gateway import RunningGateway, start_gateway
from tests.e2e.counterparts.processes import Outputs, RunningProgram
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.fakes.browser import Browser

SECRET = "the-secret-of-this-test"
START_LIMIT_S = 30.0


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[tuple[RunningGateway, RecordingUpstream, str]]:
    """Start the demo provider, a gateway and an upstream; return the last two and the issuer."""
    program = RunningProgram(
        [sys.executable, "-m", "ostiary.demo.provider", "--port", "0"],
        Outputs(tmp_path / "stdout", tmp_path / "stderr"),
        environment={**os.environ, CLIENT_SECRET_VARIABLE: SECRET},
    )
    with program, RecordingUpstream() as upstream:
        issuer = program.wait_for_output(r"Listening on (http://127\.0\.0\.1:\d+)\n", START_LIMIT_S).group(1)
        plugin = {
            "oidc_issuer_url": issuer,
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
            "cookie_secret": "0123456789abcdef",
            "pass_user_headers": True,
        }
        route = {
            "uri": "/*",
            "plugins": {"oidc": plugin},
            "upstream": {"nodes": {f"127.0.0.1:{upstream.port}": 1}},
        }
        with start_gateway({"routes": [route]}, tmp_path / "gateway") as gateway:
            yield gateway, upstream, issuer


def test_the_shortest_configuration_signs_somebody_in(
    scene: tuple[RunningGateway, RecordingUpstream, str],
) -> None:
    """Who it is arrives at the upstream, a page says it, and signing out ends it."""
    gateway, upstream, issuer = scene
    site = f"http://localhost:{gateway.port}"
    browser = Browser()
    page = browser.submit(browser.open(f"{site}/a?b=c"), {"username": USERNAME, "password": PASSWORD})

    assert (200, f"{site}/a?b=c") == (page.status, page.url)
    request = upstream.requests[-1]
    [authorization] = request.values("authorization")
    claims = read_token(authorization.removeprefix("Bearer "))[1]
    assert (issuer, CLIENT_ID) == (claims["iss"], claims["aud"])
    assert claims["sub"] == request.value("x-forwarded-user") == browser.open(f"{site}/oauth2/userinfo").json()["user"]
    browser.open(f"{site}/oauth2/sign_out", stop_before=lambda url: True)
    assert 401 == browser.xhr(f"{site}/a").status
