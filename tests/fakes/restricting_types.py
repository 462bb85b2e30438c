"""A plugin type whose configuration may only restrict a wider one, as `oauth2`'s `allow` does."""

from pydantic import BaseModel, ConfigDict

from ostiary.errors import OperatorFault
from ostiary.http.request import Request
from ostiary.plugin import Admit, Claim, Plugin, Principal, Services


class RestrictingConfig(BaseModel):
    """`allow` restricts; `members` declares."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    members: tuple[str, ...] = ()
    allow: tuple[str, ...] | None = None


class RestrictingFake:
    """Admits everybody, and remembers what it was made of."""

    authenticates = True
    cookie_names: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()

    def __init__(self, config: RestrictingConfig, services: Services, wider: Plugin | None = None) -> None:
        """Share what the wider one has."""
        self.config = config
        self.services = services
        self.wider = wider
        self.members: tuple[str, ...] = wider.members if isinstance(wider, RestrictingFake) else config.members
        self.fingerprint = f"fake {config}"

    def decide(self, request: Request, principal: Principal | None, now: float) -> Admit:
        """Let it pass."""
        return Admit(None, reason="fake")


class RestrictingFakeType:
    """Implements `ostiary.plugin.PluginType` and `RestrictingType`."""

    name = "fake"
    priority = 10
    config: type[BaseModel] = RestrictingConfig

    def build(self, config: RestrictingConfig, services: Services) -> RestrictingFake:
        """Build one that stands for itself."""
        return RestrictingFake(config, services)

    def restricts(self, config: RestrictingConfig) -> bool:
        """Say whether only `allow` was written."""
        return config.allow is not None

    def restrict(self, config: RestrictingConfig, wider: Plugin, services: Services) -> RestrictingFake:
        """Build one that restricts."""
        if not set(config.allow or ()) <= set(getattr(wider, "members", ())):
            raise OperatorFault("unknown_member", "allow names somebody who is no member")
        return RestrictingFake(config, services, wider)
