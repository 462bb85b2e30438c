"""The guide's block for nginx (`auth_request`), as it is printed, in front of a gateway: people sign in through it."""

import re
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT
from tests.e2e.counterparts.auth0 import CLIENT_ID, CLIENT_SECRET, EMAIL, HOST, ISSUER, PASSWORD, start_auth0
from tests.e2e.counterparts.gateway import start_gateway
from tests.e2e.counterparts.processes import Outputs, RunningProgram, free_port, wait_until_accepting
from tests.e2e.counterparts.recording_upstream import RecordingUpstream
from tests.fakes.browser import Browser
from tests.fakes.certificates import make_authority
from tests.requires import require

SITE = "http://foo.bar.com"
SERVER = """daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 128; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream ostiary {{ server 127.0.0.1:{gateway}; }}
  upstream app {{ server {app}; }}
  server {{
    listen 127.0.0.1:{port};
{block}
  }}
}}
"""


@dataclass
class Scene:
    """What runs."""

    app: RecordingUpstream
    browser: Browser


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Start provider, gateway, service and nginx."""
    nginx = require("nginx", "apt-get install nginx")
    (block,) = re.findall(
        r"^```nginx\n(.*?)^```$", (ROOT / "docs/oidc.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    authority, port = make_authority(), free_port()
    (tmp_path / "authority.pem").write_text(authority.pem)
    with (
        start_auth0(authority, tmp_path / "auth0", callbacks=[f"{SITE}/oauth2/callback"], lifetime_s=1) as auth0,
        RecordingUpstream() as app,
    ):
        plugin = {
            "redirect_url": f"{SITE}/oauth2/callback", "oidc_issuer_url": ISSUER, "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET, "cookie_secret": "0123456789abcdef", "service_name": "auth.dns",
            "scope": "openid email offline_access",
        }  # fmt: skip
        config = {
            "service_sources": [{"name": "auth", "type": "dns", "domain": "localhost", "port": auth0.port}],
            "routes": [{"id": "app", "hosts": ["foo.bar.com"], "uri": "/*", "plugins": {"oidc": plugin}}],
        }
        with start_gateway(config, tmp_path, {"SSL_CERT_FILE": str(tmp_path / "authority.pem")}) as gateway:
            file = tmp_path / "nginx.conf"
            file.write_text(
                SERVER.format(folder=tmp_path, gateway=gateway.port, app=app.address, port=port, block=block)
            )
            outputs = Outputs(tmp_path / "nginx.stdout", tmp_path / "nginx.stderr")
            with RunningProgram([nginx, "-c", str(file), "-p", str(tmp_path)], outputs):
                wait_until_accepting(port, 20)
                tls = ssl.create_default_context(cadata=authority.pem)
                yield Scene(app, Browser(hosts={"foo.bar.com": port, HOST: auth0.port}, tls=tls))


def test_a_person_signs_in_and_out_and_the_service_is_told_who(scene: Scene) -> None:
    """From a page with a query and back to it; the renewed session's cookie reaches the browser; then it is over."""
    form = scene.browser.open(f"{SITE}/orders?page=2&size=5")
    assert form.url.startswith(f"{ISSUER}authorize?"), (form.status, form.url, form.text[:300])
    page = scene.browser.submit(form, {"email": EMAIL, "password": PASSWORD})

    assert (200, f"{SITE}/orders?page=2&size=5") == (page.status, page.url)
    assert "auth0|665d71e74c131177be66e607" == scene.app.requests[-1].value("x-user")
    time.sleep(1.2)  # its tokens are over
    renewed = scene.browser.open(f"{SITE}/orders")
    assert (200, 1) == (renewed.status, len(renewed.header_values("set-cookie")))
    left = scene.browser.open(f"{SITE}/oauth2/sign_out", stop_before=lambda _: True)
    assert (302, f"{SITE}/") == (left.status, left.location)
    assert 302 == scene.browser.open(f"{SITE}/orders", stop_before=lambda _: True).status


def test_nobody_passes_who_is_not_signed_in(scene: Scene) -> None:
    """The service is not asked before somebody is signed in."""
    answer = scene.browser.open(f"{SITE}/orders", stop_before=lambda _: True)

    assert 302 == answer.status
    assert (answer.location or "").startswith(f"{ISSUER}authorize?")
    assert [] == scene.app.requests
