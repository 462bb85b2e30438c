"""The answers below `proxy_prefix` that are no part of signing in: `auth`, `userinfo`, `ping` and `ready`.

`auth` is for a proxy that asks before it lets a request through (nginx `auth_request`, Traefik, Caddy): 202, 401 or
403, and never a redirect. Nobody keeps a copy of what is said here.
"""

from collections.abc import Callable
from typing import Any, final

import msgspec

from ostiary.errors import StoreFault
from ostiary.http.request import Request
from ostiary.identity.members import MemberRule, Person, read_person, tell_email, tell_groups
from ostiary.plugin import Admit, Pending, Reply, Settled, Verdict
from ostiary.plugins.oidc.constraints import fits_constraints
from ostiary.ports import Store
from ostiary.relying_party.pages import RETRY_AFTER_S, add_cookies
from ostiary.relying_party.party import RelyingParty
from ostiary.relying_party.session_resolution import NoSession
from ostiary.relying_party.session_stage import Found, PendingSession

READ_METHODS = frozenset({"GET", "HEAD"})
_TEXT = ("Content-Type", "text/plain; charset=utf-8")
_JSON = ("Content-Type", "application/json")
_PROBED_KEY = "ready"


@final
class SessionAnswers:
    """Says who is there: to a proxy (`auth`), or to a page (`userinfo`)."""

    __slots__ = ("_party", "_rule", "_tells_person")

    def __init__(self, party: RelyingParty, rule: MemberRule, *, tells_person: bool) -> None:
        """Take the sessions, and the claims that hold address and groups."""
        self._party = party
        self._rule = rule
        self._tells_person = tells_person

    def auth(self, request: Request, now: float) -> Verdict:
        """Answer 202 for a session that may enter, 401 without one, 403 for one that may not."""
        return self._answer(request, now, self._judge)

    def userinfo(self, request: Request, now: float) -> Verdict:
        """Answer with who is there, in JSON; 401 for nobody."""
        return self._answer(request, now, self._tell)

    def _answer(self, request: Request, now: float, word: Callable[[Request, Admit], Reply]) -> Verdict:
        if request.method not in READ_METHODS:
            return refuse_method()
        found = self._party.find_session(request, now)
        if isinstance(found, PendingSession):
            return Pending(lambda: self._settle(request, found, word))
        return _word(request, found, word)

    async def _settle(
        self, request: Request, pending: PendingSession, word: Callable[[Request, Admit], Reply]
    ) -> Settled:
        """Wait for the session; may raise StoreFault and ProviderFault."""
        return _word(request, await pending.settle(), word)

    def _judge(self, request: Request, admit: Admit) -> Reply:
        person = self._read_person(admit)
        if not fits_constraints(request.target.query, person, self._rule):
            return _build_text(403, "constraint_unmet", "Forbidden")
        headers = tuple(_plan_headers(person, self._rule)) if self._tells_person else ()
        return Reply(202, reason="session", headers=headers)

    def _tell(self, request: Request, admit: Admit) -> Reply:
        person = self._read_person(admit)
        told: dict[str, Any] = {"user": person.user, "email": tell_email(person, self._rule)}
        if person.groups:
            told["groups"] = person.groups
        if person.preferred_username:
            told["preferredUsername"] = person.preferred_username
        return Reply(200, reason="session", headers=(_JSON,), body=msgspec.json.encode(told))

    def _read_person(self, admit: Admit) -> Person:
        return read_person({} if admit.principal is None else admit.principal.claims, self._rule)


def _word(request: Request, found: Found, word: Callable[[Request, Admit], Reply]) -> Reply:
    """Answer what was found, with the cookies of a session that was renewed on the way."""
    admit = found.fallback if isinstance(found, NoSession) else found
    if isinstance(admit, Admit):
        return add_cookies(word(request, admit), admit.set_cookies)
    if isinstance(admit, Reply) and admit.status == 403:
        return _build_text(403, admit.reason, "Forbidden")
    return _build_text(401, found.reason, "Unauthorized")


def _plan_headers(person: Person, rule: MemberRule) -> list[tuple[str, str]]:
    """List what a proxy passes on; what no header can carry is left out."""
    told = {
        "X-Auth-Request-User": person.user,
        "X-Auth-Request-Email": tell_email(person, rule),
        "X-Auth-Request-Groups": tell_groups(person),
        "X-Auth-Request-Preferred-Username": person.preferred_username,
    }
    return [(name, value) for name, value in told.items() if value and value.isascii() and value.isprintable()]


def _build_text(status: int, reason: str, text: str) -> Reply:
    return Reply(status, reason=reason, headers=(_TEXT,), body=f"{text}\n".encode("ascii"))


def refuse_method() -> Reply:
    """Answer a method that an endpoint does not have."""
    return Reply(405, reason="endpoint_method", headers=(("Allow", "GET, HEAD"), _TEXT), body=b"Method Not Allowed\n")


def answer_ping(request: Request, _now: float) -> Verdict:
    """Answer that the gateway is there."""
    return _build_text(200, "ping", "OK") if request.method in READ_METHODS else refuse_method()


@final
class Readiness:
    """Says whether sessions can be kept: whether their store answers."""

    __slots__ = ("_store",)

    def __init__(self, store: Store) -> None:
        """Take the store."""
        self._store = store

    def answer(self, request: Request, _now: float) -> Verdict:
        """Answer 200 while the store answers, 503 otherwise."""
        return Pending(self._ask) if request.method in READ_METHODS else refuse_method()

    async def _ask(self) -> Reply:
        try:
            await self._store.read(_PROBED_KEY)
        except StoreFault as fault:
            reply = _build_text(503, fault.code, "Not ready: the store of sessions does not answer")
            headers = (*reply.headers, ("Retry-After", str(RETRY_AFTER_S)))
            return Reply(503, reason=reply.reason, headers=headers, body=reply.body)
        return _build_text(200, "ready", "OK")
