"""One authorization server: what a rule with consumers is compiled to, and what rules that restrict it share.

It only joins the parts; what each does is its own module's.
"""

from hashlib import sha256
from typing import final

from ostiary.authorization_server.clients import AssertionProof, Clients
from ostiary.authorization_server.consumers import Consumers
from ostiary.authorization_server.documents import Documents
from ostiary.authorization_server.issued_tokens import IssuedTokens
from ostiary.authorization_server.protection import Protection
from ostiary.authorization_server.revoked_tokens import RevokedTokens
from ostiary.authorization_server.settings import ServerSettings
from ostiary.authorization_server.signing import KeySigner, SecretSigner, TokenSigner
from ostiary.authorization_server.token_endpoint import TokenEndpoint
from ostiary.authorization_server.token_status import TokenStatus
from ostiary.http.request import Request
from ostiary.identity.signing_keys import SigningKey
from ostiary.plugin import Services, Verdict


@final
class AuthorizationServer:
    """The parts, built once for each rule that names consumers. Tokens proven for one user of it are for all."""

    __slots__ = (
        "clients",
        "documents",
        "has_answers",
        "protection",
        "revoked",
        "settings",
        "status",
        "token_endpoint",
        "tokens",
    )

    def __init__(
        self,
        settings: ServerSettings,
        consumers: Consumers,
        services: Services,
        keys: tuple[SigningKey, ...] = (),
        assertions: AssertionProof | None = None,
    ) -> None:
        """Build them; no I/O. Without `keys` the consumers' secrets sign."""
        signer: TokenSigner = KeySigner(keys) if keys else SecretSigner()
        self.settings = settings
        # Whether anything besides the token endpoint is answered here: asked with every request.
        self.has_answers = bool(keys) or settings.introspects or settings.revokes
        self.clients = Clients(consumers, services.log, assertions)
        self.revoked = _watch_revocations(settings, services) if settings.revokes else None
        is_revoked = None if self.revoked is None else self.revoked.is_revoked
        self.tokens = IssuedTokens(settings, consumers, signer, services.random, is_revoked)
        self.token_endpoint = TokenEndpoint(settings, self.clients, self.tokens, services)
        self.documents = Documents(settings, consumers, keys, takes_assertions=assertions is not None)
        self.status = TokenStatus(self.clients, self.tokens, self.revoked, services, settings.skew_s)
        base = settings.auth_path.rpartition("/")[0]
        self.status.switch_on(base, introspection=settings.introspects, revocation=settings.revokes)
        self.protection = Protection(settings, self.tokens, self.revoked, services.clock)

    def find_answer(self, request: Request) -> Verdict | None:
        """Return what is answered beside the token endpoint, if the request is for that."""
        return self.documents.find(request) or self.status.find(request)


def _watch_revocations(settings: ServerSettings, services: Services) -> RevokedTokens:
    digest = sha256(settings.issuer.encode("utf-8")).hexdigest()[:16]
    return RevokedTokens(services.stores.shared, digest, services.clock, services.spawner)
