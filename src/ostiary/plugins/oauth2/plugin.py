"""`oauth2`: the decision about each request (priority 350): the token endpoint first, then the token.

A rule with consumers has an authorization server of its own; one with `allow` alone shares that of the wider rule that
it restricts. At instance level `global_auth` says whether every request needs a token, or only those that a finer rule
is about.
"""

from typing import Any, final

from ostiary.authorization_server.assertions import Assertions
from ostiary.authorization_server.server import AuthorizationServer
from ostiary.config.fingerprints import digest_configuration
from ostiary.config.problems import find_nearest, quote
from ostiary.errors import OperatorFault
from ostiary.http.request import Request
from ostiary.plugin import PASS, Claim, Plugin, Principal, Services, Verdict
from ostiary.plugins.oauth2.compile import compile_client_keys, compile_consumers, compile_keys, compile_settings
from ostiary.plugins.oauth2.config import OAuth2Config
from ostiary.plugins.oauth2.notices import find_notices

NAME = "oauth2"


@final
class OAuth2:
    """A configured instance.

    `authenticates`: whether requests need a token here. One that does not require any still has its token endpoint
    where no route matched and, with `issues_everywhere`, on every route.
    """

    __slots__ = (
        "_allowed",
        "_has_answers",
        "_issues_everywhere",
        "authenticates",
        "claims",
        "fingerprint",
        "notices",
        "server",
    )

    cookie_names: tuple[str, ...] = ()

    def __init__(
        self,
        server: AuthorizationServer,
        fingerprint: str,
        *,
        allowed: frozenset[str] | None = None,
        authenticates: bool = True,
        issues_everywhere: bool = True,
        notices: tuple[str, ...] = (),
    ) -> None:
        """Hold the server and what this rule adds: the names that may pass, None for all."""
        self.server = server
        self.fingerprint = fingerprint
        self.authenticates = authenticates
        self.claims: tuple[Claim, ...] = server.documents.claims if allowed is None else ()
        self._has_answers = server.has_answers
        self.notices = notices
        self._allowed = allowed
        self._issues_everywhere = issues_everywhere

    def decide(self, request: Request, principal: Principal | None, now: float) -> Verdict:
        server = self.server
        if self._issues_everywhere or not request.route:
            if server.token_endpoint.is_meant(request.path):
                return server.token_endpoint.answer(request, now)
            if self._has_answers and (answer := server.find_answer(request)) is not None:
                return answer
        return server.protection.decide(request, self._allowed, now) if self.authenticates else PASS


@final
class OAuth2Type:
    """The plugin type, as it is registered."""

    name = NAME
    priority = 350
    config = OAuth2Config

    def build(self, config: OAuth2Config, services: Services) -> OAuth2:
        """Make a rule with consumers. Raises OperatorFault for what does not belong to its level."""
        place = services.place
        if config.consumers is None:
            detail = "`allow` restricts the consumers of a wider level: there is none here, so write `consumers`"
            raise OperatorFault("allow_alone", detail)
        if config.global_auth is not None and place.level != "instance":
            detail = "global_auth is for the instance level only: leave it out, this rule is in force where it stands"
            raise OperatorFault("global_auth_misplaced", detail)
        settings, consumers = compile_settings(config, place.level), compile_consumers(config.consumers)
        keys = compile_client_keys(config)
        assertions = Assertions(settings, consumers, keys, services.stores.shared) if keys else None
        server = AuthorizationServer(settings, consumers, services, compile_keys(config), assertions)
        is_everywhere = place.level != "instance" or config.global_auth is True or not services.has_finer
        return OAuth2(
            server,
            digest_configuration(f"{NAME} {place.level} {services.has_finer}", config),
            authenticates=is_everywhere and config.global_auth is not False,
            issues_everywhere=is_everywhere,
            notices=find_notices(config, place),
        )

    def restricts(self, config: Any) -> bool:  # noqa: ANN401 - the protocol's: of this type's `config`
        """Say whether a rule is `allow` alone."""
        return isinstance(config, OAuth2Config) and config.allow is not None

    def restrict(self, config: Any, wider: Plugin, services: Services) -> OAuth2:  # noqa: ANN401 - likewise
        """Make a rule that lets some consumers of a wider rule pass. Raises OperatorFault for a name that is none."""
        if not isinstance(wider, OAuth2) or services.place.level == "instance":
            raise OperatorFault("allow_alone", "`allow` restricts a wider rule, and there is none that stands")
        allowed = frozenset(config.allow or ())
        names = wider.server.clients.consumers.names
        for name in config.allow or ():
            if name not in names:
                nearest = find_nearest(name, names)
                hint = f"did you mean {quote(nearest)}?" if nearest else "write the name of one that is configured"
                raise OperatorFault("consumer_unknown", f"allow: no consumer is called {quote(name)}; {hint}")
        notices = () if allowed else ("allow is empty: nobody can pass here",)
        fingerprint = digest_configuration(f"{NAME} {wider.fingerprint}", config)
        return OAuth2(wider.server, fingerprint, allowed=allowed, notices=notices)
