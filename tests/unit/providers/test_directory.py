"""The providers of this process."""

from ostiary.providers import directory
from ostiary.providers.directory import ProviderDirectory
from ostiary.providers.provider import ProviderSettings
from tests.fakes.clock import FakeClock
from tests.fakes.http_client import FakeHttpClient
from tests.fakes.issuer import DISCOVERY
from tests.fakes.log import FakeLog
from tests.fakes.spawner import FakeSpawner


def make_directory() -> ProviderDirectory:
    """Make an empty directory."""
    return ProviderDirectory(http=FakeHttpClient(), clock=FakeClock(), spawner=FakeSpawner(), log=FakeLog())


def test_equal_settings_share_a_provider() -> None:
    """Two routes to one provider fetch its keys once; other limits are another provider."""
    providers = make_directory()
    one = providers.provider(ProviderSettings(discovery=DISCOVERY))

    assert one is providers.provider(ProviderSettings(discovery=DISCOVERY))
    assert one is not providers.provider(ProviderSettings(discovery=DISCOVERY, timeout_s=9.0))
    assert one is not providers.provider(ProviderSettings(discovery=DISCOVERY, tls_verify=False))


def test_the_directory_is_bounded() -> None:
    """The one that was made first is forgotten."""
    providers = make_directory()
    first = providers.provider(ProviderSettings(discovery="https://0.example"))
    for number in range(directory.MAX_PROVIDERS):
        providers.provider(ProviderSettings(discovery=f"https://{number}.example"))
    last = providers.provider(ProviderSettings(discovery=f"https://{directory.MAX_PROVIDERS}.example"))

    assert first is not providers.provider(ProviderSettings(discovery="https://0.example"))
    assert last is providers.provider(ProviderSettings(discovery=f"https://{directory.MAX_PROVIDERS}.example"))
    assert directory.MAX_PROVIDERS == len(providers._providers)
