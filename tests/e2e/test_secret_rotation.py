"""A session secret is changed while people are signed in, at two gateways that are changed one after the other.

Three steps, each at every gateway before the next begins: the new secret last (all open with it), the new one first
(all seal with it), the old one gone. Nobody notices the first two. What the third one ends are sessions whose cookie
was sealed last before the second: one is sealed anew whenever a session is renewed, and when somebody signs in.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.counterparts.figures import show
from tests.e2e.counterparts.oidc_provider import LOGIN, PASSWORD
from tests.e2e.counterparts.session_scene import (
    LONG_S,
    OTHER_LOGIN,
    SECRET,
    SessionScene,
    start_session_scene,
)
from tests.fakes.browser import Browser, Page

STORAGES = ("cookie-sqlite", "redis")
NEW_SECRET = "the-next-session-secret-of-the-tests"


@pytest.fixture(params=STORAGES)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SessionScene]:
    """Two gateways for each place where sessions can be kept."""
    with start_session_scene(tmp_path, request.param) as scene:
        scene.provider.set_lifetime(LONG_S)
        yield scene


def change(scene: SessionScene, number: int, *secrets: str) -> None:
    """Give a gateway these secrets: the first by SIGHUP, the second by a restart."""
    scene.secrets = list(secrets)
    if number == 0:
        scene.reload(0)
    else:
        scene.gateways[number].stop()
        scene.start(number)


def are_signed_in(scene: SessionScene, *browsers: Browser) -> set[int]:
    """Return what both gateways answer to calls with the cookies of these browsers, which keep what they are given."""
    urls = [scene.url("/app/test", gateway) for gateway in (0, 1)]
    return {browser.xhr(url).status for browser in browsers for url in urls}


def test_nobody_notices_while_both_secrets_are_known(scene: SessionScene) -> None:
    """Sessions, those that are renewed meanwhile, and a sign-in that began before; at both gateways, at every step."""
    idle, _ = scene.sign_in("/app/test")
    renewed, _ = scene.sign_in_briefly(login=OTHER_LOGIN)
    signing_in = Browser()
    form = signing_in.open(scene.url("/app/test"))
    assert renewed.open(scene.url("/app/test")).status == 200  # whose refresh was sealed with the old secret
    scene.provider.set_lifetime(1)
    due, _ = scene.sign_in("/app/test")
    scene.provider.set_lifetime(LONG_S)

    steps = 0
    newcomer = idle
    for secrets in ((SECRET, NEW_SECRET), (NEW_SECRET, SECRET)):
        for gateway in (0, 1):
            change(scene, gateway, *secrets)
            steps += 1
            newcomer, page = scene.sign_in("/app/test")
            assert page.status == 200
            assert are_signed_in(scene, idle, renewed, due, newcomer) == {200}
    page = signing_in.submit(form, {"login": LOGIN, "password": PASSWORD})
    assert (page.status, page.json()["sub"]) == (200, LOGIN)
    assert {asked["status"] for asked in scene.refreshes()} == {200}

    for gateway in (0, 1):
        change(scene, gateway, NEW_SECRET)
        assert newcomer.xhr(scene.url("/app/test", gateway)).status == 200
        assert signing_in.xhr(scene.url("/app/test", gateway)).status == 200
        assert idle.xhr(scene.url("/app/test", gateway)).status == 401
    show("secret rotation", storage=scene.storage, steps=steps, signed_out_meanwhile=0)


def test_a_session_that_was_renewed_outlives_the_old_secret(scene: SessionScene) -> None:
    """Its cookie, and its record, are sealed with the new one."""
    browser, _ = scene.sign_in_briefly()
    for gateway in (0, 1):
        change(scene, gateway, NEW_SECRET, SECRET)
    assert browser.open(scene.url("/app/renewed")).status == 200
    for gateway in (0, 1):
        change(scene, gateway, NEW_SECRET)
    assert are_signed_in(scene, browser) == {200}
    assert len(scene.refreshes()) == 1


def test_a_session_that_only_the_old_secret_opens_ends_with_it(scene: SessionScene) -> None:
    """Calls are 401; a navigation is sent to the provider, which knows the person: no password, no loop, no error."""
    browser, page = scene.sign_in("/app/test")
    for gateway in (0, 1):
        change(scene, gateway, NEW_SECRET)
    assert are_signed_in(scene, browser) == {401}
    again: Page = browser.open(scene.url("/app/again"))
    assert (again.status, again.url, again.forms) == (200, scene.url("/app/again"), [])
    assert again.json()["sub"] == page.json()["sub"]
    assert are_signed_in(scene, browser) == {200}
