"""A provider without a network and with a clock that stands still until it is moved."""

import pytest
from starlette.types import ASGIApp

from ostiary.demo.provider.app import ProviderSettings, create_app
from ostiary.demo.provider.keys import SigningKey
from tests.unit.demo.provider.world import CLIENT_SECRET, ISSUER, StandingClock
from tests.unit.demo.visitor import Visitor


@pytest.fixture(scope="session")
def key() -> SigningKey:
    """One key for all: making it takes longer than most tests."""
    return SigningKey()


@pytest.fixture
def clock() -> StandingClock:
    """The provider's clock."""
    return StandingClock()


@pytest.fixture
def app(key: SigningKey, clock: StandingClock) -> ASGIApp:
    """A provider at which nobody is signed in; a wrong password waits for nothing."""
    settings = ProviderSettings(issuer=ISSUER, client_secret=CLIENT_SECRET, failure_delay_s=0)
    return create_app(settings, clock, key)


@pytest.fixture
def visitor(app: ASGIApp) -> Visitor:
    """A browser, or a program, that was never here."""
    return Visitor(app)
