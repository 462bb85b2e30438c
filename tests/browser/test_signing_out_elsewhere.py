"""Somebody signs out at one application, and the provider tells the others in frames of its page."""

import json
from base64 import b64decode
from urllib.parse import urlencode

import pytest

from tests.browser.chromium import Profile
from tests.browser.site import Site
from tests.browser.stage import Stage

FRAME = """(url) => new Promise((done) => { const frame = document.createElement('iframe'); frame.src = url;
frame.onload = done; document.body.append(frame); })"""
IS_OVER = "async () => (await fetch('call')).status === 401"


def test_a_frame_of_the_provider_signs_people_out_without_cookies(profile: Profile, stage: Stage) -> None:
    """Front-channel logout: the frame of another site brings no session, and ends it; nobody else may frame it."""
    tab = stage.sign_in(profile.open_tab(), "/framed/page")
    told = stage.upstream.requests[-1].value("x-id-token") or ""
    sid = json.loads(b64decode(told))["sid"]
    url = stage.url(f"/framed/elsewhere?{urlencode({'iss': stage.issuer, 'sid': sid})}")
    stranger = profile.open_tab().go(stage.url("/public/page", "127.0.0.1"))
    stranger.ask(FRAME, url.replace(sid, "unknown"))
    assert "frame-ancestors" in "".join(stranger.complaints)
    provider = profile.open_tab().go(stage.provider.discovery_url)
    with provider.page.expect_request_finished(lambda request: request.url == url) as framed:
        provider.ask(FRAME, url)
    assert "Signed out." == provider.page.frames[-1].locator("body").inner_text()
    assert "ostiary_session_" not in framed.value.all_headers().get("cookie", "")
    assert [] == provider.complaints

    tab.page.wait_for_function(IS_OVER)


@pytest.mark.parametrize("running_site", ["keycloak"], indirect=True)
def test_keycloaks_own_page_does_so(profile: Profile, site: Site) -> None:
    """Its page that signs out frames the address of the other client, and goes on to the landing page."""
    framed = site.sign_in(profile.open_tab(), "/framed/page")
    app = profile.open_tab().go(site.url("/app/page"))
    site.sign_out(app)

    assert any(request.url.startswith(site.url("/framed/elsewhere?")) for request in app.requests)
    assert [] == app.complaints
    framed.page.wait_for_function(IS_OVER)
