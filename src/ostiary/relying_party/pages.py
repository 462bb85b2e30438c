"""What the relying party tells people: one table of texts, by stable code, and the replies made of them.

Texts say what happened and what to do. They repeat nothing of the request but the hosts and the provider's own error,
escaped; everything else is in the log under the same reference.
"""

from typing import final

import msgspec

from ostiary.http.navigation import accepts_html
from ostiary.http.page import Link, Page, render_hop, render_page
from ostiary.http.request import Request
from ostiary.plugin import Reply

RETRY_AFTER_S = 5
_AGAIN = "Open the page you wanted once more; you may not even have to type anything."
_OPERATOR = "If it happens again, tell the operator the reference below."


@final
class Text(msgspec.Struct, frozen=True):
    """A page before it meets a request: status, title, what happened, what to do."""

    status: int
    title: str
    happened: str
    remedy: str = _AGAIN


TEXTS = {
    "unauthenticated": Text(
        401,
        "Please sign in",
        "Nobody is signed in, so the request was not let through.",
        "Open the page in a browser to sign in, then try again.",
    ),
    "session_expired": Text(
        401,
        "Your session is over",
        "The session has expired, so the request was not let through.",
        "Open the page again to sign in, then try again.",
    ),
    "sign_in_elsewhere": Text(
        401,
        "Please sign in",
        "Nobody is signed in, and sign-ins do not start at this address.",
        "Sign in where the application asks you to, then try again.",
    ),
    "callback_method": Text(
        405, "Nothing to finish here", "Sign-ins return to this address, but not in the way this request came."
    ),
    "callback_content_type": Text(415, "Sign-in failed", "The provider's answer is not the form it should be."),
    "callback_too_large": Text(400, "Sign-in failed", "The provider's answer has too many or too long parameters."),
    "callback_parameter_repeated": Text(400, "Sign-in failed", "The provider's answer says one thing twice."),
    "callback_state_missing": Text(
        400,
        "Nothing to finish here",
        "Sign-ins return to this address, and no sign-in is on its way: it is not meant to be opened by hand.",
    ),
    "callback_issuer_missing": Text(400, "Sign-in failed", "The answer does not say which provider it is from."),
    "callback_issuer_differs": Text(400, "Sign-in failed", "The answer is from another provider than was asked."),
    "callback_code_missing": Text(400, "Sign-in failed", "The provider's answer has no authorization code."),
    "callback_code_too_large": Text(400, "Sign-in failed", "The provider's authorization code is too long."),
    "callback_replayed": Text(
        400,
        "Already finished",
        "This sign-in has been finished before, and its address works once: it was reloaded, or opened again.",
    ),
    "flow_broken": Text(
        400,
        "Sign-in failed",
        "The browser's note about this sign-in cannot be read: the gateway's session secret has changed, or the note "
        "was altered.",
    ),
    "flow_stale": Text(400, "Too late", "This sign-in was started too long ago and is no longer valid."),
    "flow_elsewhere": Text(
        400,
        "Sign-in failed",
        "This browser has no note of having started this sign-in. It was started in another browser or profile, or "
        "later ones have taken its place.",
    ),
    "flow_cookies_blocked": Text(
        400,
        "Cookies are blocked",
        "The browser sent no cookie at all, and the sign-in was remembered in one.",
        "Allow cookies for this site, and open it by https if it has that; then open the page you wanted once more.",
    ),
    "session_cookie_lost": Text(
        400,
        "The browser did not keep the session",
        "You signed in a moment ago, but the browser did not send back the cookie that it was given for it.",
        "Open this site by https if it has that, and allow its cookies; then open the page once more. If that does "
        "not help, tell the operator the reference below: the log says what to look at.",
    ),
    "provider_access_denied": Text(
        403,
        "Not signed in",
        "The identity provider did not let you in, or you declined.",
        "Try again, or ask whoever runs the application for access.",
    ),
    "provider_unavailable": Text(
        503,
        "Sign-in is unavailable",
        "The identity provider cannot complete sign-ins at the moment.",
        f"Wait a moment and try again. {_OPERATOR}",
    ),
    "sign_in_refused": Text(
        400, "Sign-in failed", "The identity provider ended the sign-in with an error.", f"{_AGAIN} {_OPERATOR}"
    ),
    "token_refused": Text(
        502, "Sign-in failed", "The identity provider did not redeem its own code.", f"{_AGAIN} {_OPERATOR}"
    ),
    "client_refused": Text(
        502,
        "Sign-in is not possible here",
        "The identity provider does not accept this gateway as a client, so nobody can sign in. Nothing is wrong with "
        "your account.",
        "Tell the operator the reference below: the log says what to compare.",
    ),
    "pkce_refused": Text(
        400,
        "Sign-in is not possible here",
        "The identity provider does not accept how this gateway protects its sign-ins (PKCE). Nothing is wrong with "
        "your account.",
        "Tell the operator the reference below: the log says which setting to change.",
    ),
    "response_mode_unsupported": Text(
        502,
        "Sign-in is not possible here",
        "The identity provider does not answer sign-ins in the way that this gateway asks for. Nothing is wrong with "
        "your account.",
        "Tell the operator the reference below: the log says which setting to change.",
    ),
    "provider_answer_invalid": Text(
        502, "Sign-in failed", "The identity provider's answer cannot be used.", f"{_AGAIN} {_OPERATOR}"
    ),
    "id_token_refused": Text(
        502,
        "Sign-in failed",
        "What the identity provider says about you does not pass the checks of this gateway.",
        f"{_AGAIN} {_OPERATOR}",
    ),
    "clocks_differ": Text(
        502,
        "Sign-in failed",
        "What the identity provider says about you is from another time than this gateway's clock shows.",
        f"{_AGAIN} If it happens again, tell the operator the reference below: the log says how far the clocks are "
        "apart.",
    ),
    "session_too_large": Text(
        502,
        "Signed in, but too much to remember",
        "The tokens of the identity provider do not fit into the browser's cookies, so the sign-in could not be kept.",
        "Tell the operator the reference below: the log says how large each part is and what to change.",
    ),
    "login_address_too_long": Text(
        414, "The address is too long", "A sign-in cannot start from an address of this length.", "Open a shorter one."
    ),
    "claims_refused": Text(
        401,
        "Not enough is known about you",
        "You are signed in, but what the identity provider says about you is not what this page requires.",
        "Ask whoever runs the application for access: the log says what is missing.",
    ),
    "membership_refused": Text(
        403,
        "You may not enter here",
        "You are signed in, but you are not among those for whom this page is.",
        "Ask whoever runs the application for access, or sign out and come back with another account.",
    ),
    "logout_unconfirmed": Text(
        403,
        "Do you want to sign out?",
        "Another site sent you to the address that signs people out, so nothing was done yet.",
        "Sign out with the link below, or just go back.",
    ),
    "logout_incomplete": Text(
        503,
        "Signed out here",
        "You are signed out of this application, but the identity provider cannot be reached: you may still be signed "
        "in there.",
        "Try again in a moment, or close the browser.",
    ),
    "signed_out": Text(200, "You are signed out", "The session has ended.", "You can close this page."),
    "scope_missing": Text(
        403,
        "Not allowed",
        "You are signed in, but the identity provider did not grant what this page requires.",
        "Ask whoever runs the application for access.",
    ),
}


def build_page_reply(
    request: Request,
    code: str,
    *,
    text: Text | None = None,
    link: Link | None = None,
    headers: tuple[tuple[str, str], ...] = (),
    reason: str = "",
) -> Reply:
    """Answer with the page under `code`; `text` stands in for the table's. `reason` is the log's code, if finer."""
    text = text or TEXTS[code]
    page = Page(text.title, text.happened, text.remedy, code, request.id, link)
    page_headers, body = render_page(page, accepts_html=accepts_html(request))
    if text.status == 503:
        headers = (*headers, ("Retry-After", str(RETRY_AFTER_S)))
    return Reply(text.status, reason=reason or code, headers=(*page_headers, *headers), body=body)


def build_scope_reply(request: Request, required: tuple[str, ...]) -> Reply:
    """Answer 403 to a session without the required scopes; to programs in the words that APISIX uses."""
    if accepts_html(request):
        return build_page_reply(request, "scope_missing")
    body = msgspec.json.encode({"error": f"required scopes {', '.join(required)} not present"})
    return Reply(403, reason="scope_missing", headers=(("Content-Type", "application/json"),), body=body)


def add_cookies(reply: Reply, set_cookies: tuple[str, ...]) -> Reply:
    """Return the reply with more Set-Cookie values."""
    cookies = tuple(("Set-Cookie", value) for value in set_cookies)
    return Reply(reply.status, reason=reply.reason, headers=(*reply.headers, *cookies), body=reply.body)


def build_redirect(status: int, location: str, reason: str, set_cookies: tuple[str, ...]) -> Reply:
    """Answer with a redirect that nobody keeps: 302 on the way to the provider, 303 on the way back."""
    headers = (("Location", location), ("Cache-Control", "no-store"))
    return add_cookies(Reply(status, reason=reason, headers=headers), set_cookies)


def build_hop(location: str, reason: str, set_cookies: tuple[str, ...]) -> Reply:
    """Answer with a page that goes on to `location` by itself, for cookies that are SameSite=Strict.

    A browser sends those only where the way began on this site; a redirect that began at the provider did not.
    """
    headers, body = render_hop("You are signed in", Link("Go on", location))
    return add_cookies(Reply(200, reason=reason, headers=headers, body=body), set_cookies)
