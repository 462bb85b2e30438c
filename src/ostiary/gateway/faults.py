"""Faults become answers: the only place that knows both fault codes and status codes (RFC 9110 §15).

What the client is told never holds a fault's detail, except for its own mistakes; the detail is for the log.
"""

from ostiary.errors import ClientFault, Fault, OperatorFault, ProviderFault, StoreFault, UpstreamFault
from ostiary.http.page import Page, render_page
from ostiary.plugin import Reply

RETRY_AFTER_S = 5

_CLIENT_STATUS = {
    "method_refused": 405,
    "method_unknown": 501,
    "version_unknown": 505,
    "target_too_large": 414,
    "head_too_large": 431,
    "body_too_large": 413,
    "body_too_slow": 408,
    "head_too_slow": 408,
    "expect_unknown": 417,
}
_UPSTREAM_STATUS = {"upstream_timeout": 504, "upstream_none": 503, "request_unsafe": 400}
_CORRECT = "Correct the request and send it again."
_OTHER_ADDRESS = "Check the address, or begin at the front page of the site."
_REMEDIES = {
    "head_too_large": "If this is a browser, delete the cookies of this site and open the page again.",
    "target_too_large": _OTHER_ADDRESS,
    "target_characters": _OTHER_ADDRESS,
    "target_escape": _OTHER_ADDRESS,
    "target_dot_segment": _OTHER_ADDRESS,
    "target_empty_segment": _OTHER_ADDRESS,
}


def find_status(fault: Fault) -> int:
    """Return the status that tells the client what a fault means for it."""
    if isinstance(fault, ClientFault):
        return _CLIENT_STATUS.get(fault.code, 400)
    if isinstance(fault, UpstreamFault):
        return _UPSTREAM_STATUS.get(fault.code, 502)
    return 503


def build_fault_reply(fault: Fault, *, reference: str, accepts_html: bool) -> Reply:
    """Answer a fault. The detail is for the log; the client is told what happened, what to do, and a reference."""
    status = find_status(fault)
    headers, body = render_page(_describe(fault, reference), accepts_html=accepts_html)
    if status == 405:
        headers = (*headers, ("Allow", "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS"))
    if status == 503:
        headers = (*headers, ("Retry-After", str(RETRY_AFTER_S)))
    return Reply(status, reason=fault.code, headers=headers, body=body)


def _describe(fault: Fault, reference: str) -> Page:
    if isinstance(fault, ClientFault):
        happened = f"The request was refused: {fault.detail or 'it is not valid HTTP'}."
        return Page("Request refused", happened, _REMEDIES.get(fault.code, _CORRECT), fault.code, reference)
    if isinstance(fault, ProviderFault):
        happened = "The identity provider cannot be reached or did not answer as expected, so nobody can sign in now."
        remedy = "Wait a moment and try again. If it stays like this, tell the operator the reference below."
        return Page("Sign-in is unavailable", happened, remedy, fault.code, reference)
    if isinstance(fault, StoreFault):
        happened = "The place where sessions are kept does not answer, so nobody can be recognised now."
        remedy = "Nobody is signed out: wait a moment and try again. If it stays like this, tell the operator."
        return Page("Sessions are unavailable", happened, remedy, fault.code, reference)
    if isinstance(fault, UpstreamFault):
        happened = "The service behind this gateway did not give a usable answer."
        remedy = "Wait a moment and try again. If it stays like this, tell the operator the reference below."
        return Page("Service unavailable", happened, remedy, fault.code, reference)
    if isinstance(fault, OperatorFault):
        happened = "This route is closed: its configuration cannot work."
        return Page("Route closed", happened, "Tell the operator the reference below.", fault.code, reference)
    happened = "Something went wrong inside the gateway, and the request was not let through."
    return Page("Not let through", happened, "Tell the operator the reference below.", fault.code, reference)
