"""One authorization server: what a rule with consumers is compiled to, and what rules that restrict it share.

It only joins the parts; what each does is its own module's.
"""

from typing import final

from ostiary.authorization_server.clients import AssertionProof, Clients
from ostiary.authorization_server.consumers import Consumers
from ostiary.authorization_server.issued_tokens import IssuedTokens
from ostiary.authorization_server.protection import Protection
from ostiary.authorization_server.settings import ServerSettings
from ostiary.authorization_server.signing import SecretSigner, TokenSigner
from ostiary.authorization_server.token_endpoint import TokenEndpoint
from ostiary.plugin import Services


@final
class AuthorizationServer:
    """The parts, built once for each rule that names consumers. Tokens proven for one user of it are for all."""

    __slots__ = ("clients", "protection", "settings", "token_endpoint", "tokens")

    def __init__(
        self,
        settings: ServerSettings,
        consumers: Consumers,
        services: Services,
        signer: TokenSigner | None = None,
        assertions: AssertionProof | None = None,
    ) -> None:
        """Build them; no I/O. Without a `signer` the consumers' secrets sign."""
        self.settings = settings
        self.clients = Clients(consumers, services.log, assertions)
        self.tokens = IssuedTokens(settings, consumers, signer or SecretSigner(), services.random)
        self.token_endpoint = TokenEndpoint(settings, self.clients, self.tokens, services)
        self.protection = Protection(settings, self.tokens)
