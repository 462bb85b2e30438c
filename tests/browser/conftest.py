"""What the browser tests share: one Chromium for each module, and one gateway and all it needs for all of them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.browser.chromium import Chromium, Profile, Tab
    from tests.browser.site import Site
    from tests.browser.stage import Stage


@pytest.fixture(scope="module")
def chromium() -> "Iterator[Chromium]":
    """A browser process; it ends with the module, because Playwright keeps this thread's event loop until then."""
    from tests.browser.chromium import start_chromium

    with start_chromium() as chromium:
        yield chromium


@pytest.fixture
def profile(chromium: "Chromium") -> "Iterator[Profile]":
    """A person's browser that nobody has used before."""
    with chromium.profile() as profile:
        yield profile


@pytest.fixture
def tab(profile: "Profile") -> "Tab":
    """The only tab of a fresh browser."""
    return profile.open_tab()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Stage]":
    """Gateway, provider and upstream, once for all."""
    from tests.browser.stage import start_stage

    with start_stage(tmp_path_factory.mktemp("browser")) as stage:
        yield stage


@pytest.fixture
def stage(running: "Stage") -> "Stage":
    """All of it, with nothing recorded and nothing broken yet."""
    return running.reset()


@pytest.fixture(scope="session", params=["oidc-provider", "keycloak"])
def running_site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Site]":
    """A gateway at each of the providers, one after the other."""
    if request.param == "oidc-provider":
        yield request.getfixturevalue("running")
        return
    from tests.browser.keycloak_site import start_keycloak_site

    keycloak = request.getfixturevalue("keycloak")
    with start_keycloak_site(tmp_path_factory.mktemp("browser-keycloak"), keycloak) as site:
        yield site


@pytest.fixture
def site(running_site: "Site") -> "Site":
    """One of them, with nothing recorded yet."""
    return running_site.reset()
