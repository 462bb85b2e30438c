"""The verdict on a request with a bearer token (RFC 6750): from memory, inline, or pending.

A token that was admitted is remembered with its finished verdict under a digest of the Authorization header; a hit
costs that digest and one look-up, and checks the time again. Required scopes belong to the instance that remembers.
"""

from typing import final

from ostiary.http.request import Request
from ostiary.identity.bearer import MalformedCredentials, parse_authorization
from ostiary.plugin import Reply, Services, Verdict
from ostiary.providers.provider import Provider
from ostiary.resource_server.addon_headers import (
    AddonHeaders,
    compile_addon_names,
    digest_credentials,
    read_addon_headers,
)
from ostiary.resource_server.admission import Admission
from ostiary.resource_server.answers import BearerAnswers
from ostiary.resource_server.introspection import Introspection
from ostiary.resource_server.local_verification import LocalVerification
from ostiary.resource_server.memory import VerdictMemory
from ostiary.resource_server.settings import BearerSettings

__all__ = ["BearerSettings", "BearerVerifier", "build_bearer_verifier"]


@final
class BearerVerifier:
    """Decides about requests with a bearer token. Made by `build_bearer_verifier`.

    `missing_token_reply` is the 401 for a request without one, where there is no session to go on to.
    """

    __slots__ = ("_addon_names", "_admitted", "_answers", "_judge", "_memory", "missing_token_reply")

    def __init__(
        self,
        memory: VerdictMemory,
        judge: LocalVerification | Introspection,
        answers: BearerAnswers,
        addon_headers: tuple[str, ...] = (),
    ) -> None:
        """Take the parts. `addon_headers` are those of the request that `judge` depends on."""
        self._addon_names = compile_addon_names(addon_headers)
        self._memory = memory
        self._admitted = memory.admitted
        self._judge = judge.judge
        self._answers = answers
        self.missing_token_reply: Reply = answers.missing

    def decide(self, request: Request, now: float) -> Verdict | None:
        """Return the verdict on the bearer token, or None when the request has none (other schemes are none).

        The caller answers `missing_token_reply` (401) then, or goes on to the session. ProviderFault may come out of
        a Pending's `settle()`. That there is one Authorization header at most is the request's promise.
        """
        value = request.field(b"authorization")
        if value is None:
            return None
        addons: AddonHeaders = ()
        if self._addon_names:
            addons = read_addon_headers(request, self._addon_names)
            digest = digest_credentials(value, addons)
        else:
            digest = request.section.authorization_digest
        admitted = self._admitted.get(digest, now)
        return admitted if admitted is not None else self._decide_unknown(value, digest, now, addons)

    def _decide_unknown(self, value: bytes, digest: bytes, now: float, addons: AddonHeaders) -> Verdict | None:
        try:
            token = parse_authorization(value)
        except MalformedCredentials:
            return self._answers.malformed
        if token is None:
            return None
        refused = self._memory.refused.get(digest, now)
        return refused if refused is not None else self._judge(token, digest, now, addons)


def build_bearer_verifier(settings: BearerSettings, provider: Provider, services: Services) -> BearerVerifier:
    """Make the verifier. No network I/O.

    Raises OperatorFault `public_key_invalid`, `realm_invalid` or `required_scopes_invalid`.
    """
    memory = VerdictMemory(remembers=settings.remembers)
    if settings.public_key is not None or settings.use_jwks:
        admission = Admission(settings, "bearer_verified", services.log)
        local = LocalVerification(settings, provider, admission, memory, services.clock)
        return BearerVerifier(memory, local, admission.answers)
    admission = Admission(settings, "bearer_introspected", services.log)
    introspection = Introspection(settings, provider, admission, memory, services)
    return BearerVerifier(memory, introspection, admission.answers, settings.addon_headers)
