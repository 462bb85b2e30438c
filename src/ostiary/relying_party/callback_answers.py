"""What a person is told when a login cannot be finished, and what the operator finds in the log.

The commonest complaint about gateways of this kind is one message for ten causes. Here each cause has its own code,
page and remedy: another host, blocked cookies, too late, already finished, another browser. Nothing here decides.
"""

from collections.abc import Mapping
from typing import final

import msgspec

from ostiary.errors import ProviderFault
from ostiary.http.page import Link
from ostiary.http.request import Request
from ostiary.identity.authorization import AuthorizationDenied, CallbackRefused
from ostiary.identity.jose import TokenRefused
from ostiary.identity.login_flow import FlowRefused, LoginFlow
from ostiary.identity.return_to import HOME, is_local
from ostiary.identity.session import Session
from ostiary.identity.session_cookie import SessionTooLarge
from ostiary.plugin import Reply
from ostiary.ports import Log
from ostiary.relying_party.pages import TEXTS, Text, build_page_reply
from ostiary.relying_party.remedies import (
    find_denial_remedy,
    find_fault_remedy,
    find_refusal_remedy,
    is_about_client,
    is_about_pkce,
)
from ostiary.relying_party.return_address import ReturnAddress
from ostiary.relying_party.settings import RelyingPartySettings
from ostiary.relying_party.way_out import WayOut

_PASSING_ERRORS = frozenset({"temporarily_unavailable", "server_error"})
_OWN_PAGES = frozenset({"token_refused", "client_refused"})


@final
class CallbackAnswers:
    """The pages and log lines of one callback. `flow` is None where the login is not known to be this browser's."""

    __slots__ = ("_address", "_flow_lifetime_s", "_log", "_method", "_names", "_way_out")

    def __init__(
        self, settings: RelyingPartySettings, address: ReturnAddress, method: str, way_out: WayOut, log: Log
    ) -> None:
        """Know where, and by which method, logins return, and where they can be started again."""
        self._names = settings.names
        self._way_out = way_out
        self._flow_lifetime_s = settings.cookie.flow_lifetime_s
        self._address = address
        self._method = method
        self._log = log

    def refuse(
        self,
        request: Request,
        refused: CallbackRefused | FlowRefused | TokenRefused,
        flow: LoginFlow | None,
        age_s: float | None,
    ) -> Reply:
        """Answer a check that failed; what failed in an ID token is told to the log alone.

        `age_s` is how old the answer's state claims to be, if it does.
        """
        code = self._explain_absence(request, age_s) if refused.code == "flow_absent" else refused.code
        self._log.event(
            "warning",
            code,
            "a login was refused",
            reference=request.id,
            host=request.host,
            remedy=find_refusal_remedy(code, refused, self._names),
        )
        link = self._plan_link(request, flow)
        if code == "membership_refused":
            return build_page_reply(request, code, link=self._way_out.find() or link)
        if isinstance(refused, TokenRefused):
            page = "id_token_refused" if refused.ahead_s is None else "clocks_differ"
            return build_page_reply(request, page, link=link, reason=code)
        if code == "flow_other_host":
            return build_page_reply(request, code, text=self._name_both_hosts(request), link=link)
        headers = (("Allow", self._method),) if code == "callback_method" else ()
        return build_page_reply(request, code, link=link, headers=headers)

    def deny(self, request: Request, denied: AuthorizationDenied, flow: LoginFlow | None) -> Reply:
        """Answer an error of the provider (RFC 6749 §4.1.2.1) in fixed words; its own are added, escaped."""
        code = "sign_in_refused"
        if denied.error in _PASSING_ERRORS:
            code = "provider_unavailable"
        elif is_about_pkce(denied):
            code = "pkce_refused"
        elif denied.error == "access_denied":
            code = "provider_access_denied"
        self._log.event(
            "warning",
            code,
            "the provider ended a login",
            reference=request.id,
            provider_error=denied.error,
            remedy=find_denial_remedy(denied, flow, self._names),
        )
        said = f"{denied.error}: {denied.description}" if denied.description else denied.error
        fixed = TEXTS[code]
        text = msgspec.structs.replace(fixed, happened=f"{fixed.happened} It said: {said}")
        return build_page_reply(request, code, text=text, link=self._plan_link(request, flow))

    def blame_provider(self, request: Request, fault: ProviderFault, flow: LoginFlow | None) -> Reply:
        """Answer a provider that could not be reached, or whose answer cannot be used."""
        reason = "client_refused" if is_about_client(fault) else fault.code
        self._log.event(
            "error",
            reason,
            "the provider failed a login",
            reference=request.id,
            detail=fault.detail,
            remedy=find_fault_remedy(fault, flow, self._names),
        )
        code = "provider_answer_invalid"
        if fault.passing:
            code = "provider_unavailable"
        elif reason in _OWN_PAGES:
            code = reason
        return build_page_reply(request, code, link=self._plan_link(request, flow), reason=reason)

    def refuse_session(self, request: Request, excess: SessionTooLarge, session: Session) -> Reply:
        """Answer a session that does not fit into cookies; the log says which part is how large."""
        parts = {
            "access_token_bytes": len(session.access_token or ""),
            "refresh_token_bytes": len(session.refresh_token or ""),
            "id_token_bytes": len(session.id_token or ""),
            "id_token_claims_bytes": _measure(session.id_token_claims),
            "userinfo_bytes": _measure(session.userinfo),
        }
        self._log.event(
            "error",
            "session_too_large",
            "the session does not fit into cookies",
            reference=request.id,
            remedy=f"keep less of it ({self._names.contents}), keep it on the server ({self._names.storage}: redis or "
            "sqlite), or let the provider issue smaller tokens",
            wanted_bytes=excess.wanted_bytes,
            allowed_bytes=excess.allowed_bytes,
            **parts,
        )
        return build_page_reply(request, "session_too_large")

    def _explain_absence(self, request: Request, age_s: float | None) -> str:
        """Say why the flow's cookie did not come: the most telling cause first."""
        expected = self._address.fixed_host
        if expected is not None and expected != request.host:
            return "flow_other_host"
        if age_s is not None and age_s >= self._flow_lifetime_s:
            return "flow_stale"
        return "flow_elsewhere" if request.cookie else "flow_cookies_blocked"

    def _name_both_hosts(self, request: Request) -> Text:
        redirect = self._names.redirect
        return Text(
            400,
            "Two names for one place",
            f"The sign-in came back to {request.authority.text}, but {redirect} names {self._address.fixed_host}: "
            "a browser keeps the cookies of the two apart, so its note about this sign-in did not come along.",
            f"Open the page you wanted by the other name. The operator can make both one: the host in {redirect}, "
            "the one people open, and the one that proxies pass on should be the same.",
        )

    def _plan_link(self, request: Request, flow: LoginFlow | None) -> Link:
        """Offer the way to start again: the page that was wanted, if this browser's flow says so."""
        place = flow.return_to if flow is not None else self._address.find_start(request)
        return Link("Try again", place if is_local(place) else HOME)


def _measure(claims: Mapping[str, object] | None) -> int:
    return 0 if claims is None else len(msgspec.json.encode(claims))
