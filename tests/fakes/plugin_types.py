"""A plugin type for tests of what surrounds plugins: it admits everybody, and claims what its configuration says."""

from collections.abc import Callable, Mapping
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ostiary.errors import OperatorFault
from ostiary.http.request import Request
from ostiary.plugin import Admit, Claim, Place, Principal, Services
from ostiary.providers.directory import ProviderDirectory
from ostiary.store_settings import StoreSettings
from tests.fakes.clock import FakeClock
from tests.fakes.dice import FakeRandom
from tests.fakes.http_client import FakeHttpClient
from tests.fakes.log import FakeLog
from tests.fakes.spawner import FakeSpawner
from tests.fakes.stores import FakeStores


class FakeConfig(BaseModel):
    """Something of each kind that real configurations have."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    secret: str = Field("0123456789", min_length=8, description="What nobody may see.")
    claimed: str | None = None
    default_claim: str | None = None
    timeout: int = Field(3, ge=1)
    verify: bool | Literal["no"] = True
    mode: Literal["auth", "deny"] = "auth"
    cannot_work: bool = False
    breaks: bool = False

    not_yet: ClassVar[Mapping[str, str]] = {"logout": "sign-out comes later"}
    renamed: ClassVar[Mapping[str, str]] = {"password": "secret"}

    @model_validator(mode="after")
    def _check_together(self) -> "FakeConfig":
        if self.mode == "deny" and self.timeout == 1:
            raise ValueError("`mode: deny` takes longer than a second")
        return self


class FakePlugin:
    """Admits everybody, anonymously."""

    authenticates = True
    cookie_names = ("fake_session", "fake_flow_*")

    def __init__(self, config: FakeConfig, services: Services, name: str) -> None:
        """Remember what it was made of."""
        self.config = config
        self.services = services
        self.fingerprint = f"{name} {config.secret}"
        self.notices = () if config.verify is True else ("verification is off",)
        claims = [] if config.claimed is None else [Claim(config.claimed, "callback")]
        if config.default_claim is not None:
            claims.append(Claim(config.default_claim, "logout", typed=False))
        self.claims = tuple(claims)

    def decide(self, request: Request, principal: Principal | None, now: float) -> Admit:
        """Let it pass."""
        return Admit(None, reason="fake")


class FakePluginType:
    """Implements `ostiary.plugin.PluginType`."""

    config: type[BaseModel] = FakeConfig

    def __init__(self, name: str = "fake", priority: int = 10) -> None:
        """Have a name and a priority."""
        self.name = name
        self.priority = priority

    def build(self, config: FakeConfig, services: Services) -> FakePlugin:
        """Build, or fail in one of two ways."""
        if config.cannot_work:
            raise OperatorFault("fake_impossible", f"the secret {config.secret} cannot work")
        if config.breaks:
            raise RuntimeError(config.secret)
        return FakePlugin(config, services, self.name)


def registry_of(*types: FakePluginType) -> dict[str, FakePluginType]:
    """Make a registry; without types, of one `fake`."""
    return {each.name: each for each in types or (FakePluginType(),)}


def make_services(
    place: Place,
    public_url: str | None,
    reaches: Callable[[str, str, str], bool],
    state: StoreSettings | None = None,
) -> Services:
    """Make services that do nothing."""
    clock, http, spawner, log = FakeClock(), FakeHttpClient(), FakeSpawner(), FakeLog()
    return Services(
        clock=clock,
        random=FakeRandom(),
        http=http,
        spawner=spawner,
        log=log,
        stores=FakeStores(clock),
        providers=ProviderDirectory(http=http, clock=clock, spawner=spawner, log=log),
        place=place,
        public_url=public_url,
        generated_secret=lambda: "generated",
        reaches=reaches,
    )
