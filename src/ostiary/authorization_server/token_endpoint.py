"""The token endpoint: the client-credentials grant by GET and POST (RFC 6749 §3.2, §4.4).

It needs no upstream, and nothing that comes to it is ever forwarded. A GET is answered at once, a POST when its form is
there. The document's clients put the secret into the query of a GET: that works, is told once for each route, and can
be switched off.
"""

from typing import Final, final

from ostiary.authorization_server.answers import answer_json, refuse_call, refuse_method
from ostiary.authorization_server.clients import Clients, TooManyFailures
from ostiary.authorization_server.consumers import Consumer
from ostiary.authorization_server.issued_tokens import IssuedTokens
from ostiary.authorization_server.protection import find_audience
from ostiary.authorization_server.settings import ServerSettings
from ostiary.bounded import BoundedMap
from ostiary.http.request import Request
from ostiary.identity.authorization import FORM_TYPE
from ostiary.identity.oauth_refusal import OAuthRefused
from ostiary.identity.presented_client import read_presented_client
from ostiary.identity.scopes import grant_scope
from ostiary.identity.strict_form import MAX_FORM_BYTES, parse_form
from ostiary.plugin import Pending, Reply, Services, Verdict

GRANT: Final = "client_credentials"
ALLOWED_METHODS: Final = "GET, POST"
_MAX_WARNED_ROUTES = 1024
_FOREVER = float("inf")
# What a POST has to have in its body, if at all.
_PARAMETERS = frozenset(
    {"grant_type", "client_id", "client_secret", "client_assertion", "client_assertion_type", "scope"}
)


@final
class TokenEndpoint:
    """Answers requests at `auth_path`."""

    __slots__ = ("_clients", "_clock", "_log", "_settings", "_tokens", "_warned")

    def __init__(self, settings: ServerSettings, clients: Clients, tokens: IssuedTokens, services: Services) -> None:
        """Take the parts; no I/O."""
        self._settings = settings
        self._clients = clients
        self._tokens = tokens
        self._clock = services.clock
        self._log = services.log
        self._warned: BoundedMap[str, bool] = BoundedMap(_MAX_WARNED_ROUTES)

    def is_meant(self, path: str) -> bool:
        """Say whether a path ends with `auth_path`, which begins with a slash: whole segments only."""
        return path.endswith(self._settings.auth_path)

    def answer(self, request: Request, now: float) -> Verdict:
        """Answer at once, or when the form is there."""
        if request.method == "GET":
            return self._answer_get(request, now)
        if request.method != "POST":
            return refuse_method(ALLOWED_METHODS)
        kind = (request.field(b"content-type") or b"").partition(b";")[0].strip().lower()
        if kind != FORM_TYPE:
            description = "the parameters come as application/x-www-form-urlencoded"
            return refuse_call(OAuthRefused("token_request_malformed", "invalid_request", description))
        return Pending(lambda body: self._answer_post(request, body), body_limit_bytes=MAX_FORM_BYTES)

    def _answer_get(self, request: Request, now: float) -> Reply:
        try:
            parameters = parse_form(request.target.query or b"")
            self._check_grant(parameters)
            if not {"client_secret", "client_assertion"}.isdisjoint(parameters):
                self._check_query_credentials(parameters, request.route)
            presented = read_presented_client(request.section.authorization, parameters)
            consumer = self._clients.prove_by_secret(presented, request.client, now)
            return self._issue(request, consumer, parameters, now)
        except (OAuthRefused, TooManyFailures) as refused:
            return refuse_call(refused)

    async def _answer_post(self, request: Request, body: bytes) -> Reply:
        """Raises StoreFault where an assertion's store is away."""
        now = self._clock.now()
        try:
            parameters = _read_posted(request, body)
            self._check_grant(parameters)
            presented = read_presented_client(request.section.authorization, parameters)
            consumer = await self._clients.prove(presented, request.client, now)
            return self._issue(request, consumer, parameters, now)
        except (OAuthRefused, TooManyFailures) as refused:
            return refuse_call(refused)

    def _check_grant(self, parameters: dict[str, str]) -> None:
        grant = parameters.get("grant_type")
        if grant is None:
            raise OAuthRefused("token_request_malformed", "invalid_request", "grant_type is missing")
        if grant != GRANT:
            raise OAuthRefused("grant_unsupported", "unsupported_grant_type", f"the only grant_type here is {GRANT}")

    def _check_query_credentials(self, parameters: dict[str, str], route: str) -> None:
        """Refuse a secret in the query, or warn of it once for each route."""
        if "client_assertion" in parameters or not self._settings.accepts_query_credentials:
            description = "credentials are not taken from the query here: POST them as a form, or use HTTP Basic"
            raise OAuthRefused("query_credentials_refused", "invalid_request", description)
        if self._warned.get(route, 0.0) is None:
            self._warned.put(route, True, expires_at=_FOREVER, now=0.0)  # noqa: FBT003 - a mark, not a switch
            self._log.event(
                "warning", "query_credentials", "a client secret came in the query of a GET, where histories, proxies "
                "and logs on the way keep it: let clients POST a form, then write allow_query_credentials: false",
                route=route,
            )  # fmt: skip

    def _issue(self, request: Request, consumer: Consumer, parameters: dict[str, str], now: float) -> Reply:
        scope = grant_scope(parameters.get("scope"), consumer.scopes)
        audience = find_audience(request.route, is_route_bound=self._settings.is_route_bound)
        if audience is None:
            description = "tokens are bound to the route that issues them: ask at the address of that route"
            raise OAuthRefused("token_unbound", "invalid_request", description)
        answer: dict[str, str | int] = {
            "token_type": "bearer",
            "access_token": self._tokens.issue(consumer, audience, scope, now),
            "expires_in": self._settings.token_ttl_s,
        }
        if scope is not None:
            answer["scope"] = scope
        return answer_json(answer, "token_issued")


def _read_posted(request: Request, body: bytes) -> dict[str, str]:
    """Return the parameters of a POST; one that stands in the query would be believed by other readers, and is refused.

    Raises OAuthRefused.
    """
    if not _PARAMETERS.isdisjoint(parse_form(request.target.query or b"")):
        description = "a POST has its parameters in the body, and none of them in the query"
        raise OAuthRefused("client_ambiguous", "invalid_request", description)
    return parse_form(body)
