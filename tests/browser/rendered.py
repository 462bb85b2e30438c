"""Every page of ours that a person may see, as the code renders it: by name, the reply with status, headers and body.

Texts of sign-ins come from their table, the ones that are made up on the way from tests/reference/failures.py, the
gateway's own from its faults. They are rendered once, when this module is read.
"""

from ostiary.errors import ClientFault, Fault, OperatorFault, ProviderFault, StoreFault, UpstreamFault
from ostiary.gateway.faults import build_fault_reply
from ostiary.gateway.replies import NOBODY, NOT_FOUND, build_page
from ostiary.http.page import Link
from ostiary.plugin import Reply
from ostiary.relying_party.pages import TEXTS, build_hop, build_page_reply
from tests.fakes.requests import make_request
from tests.fakes.sign_in import SignInWorld
from tests.reference.failures import FAILURES

NEXT = "/next/page?q=1"
BROWSER = make_request(headers={"Accept": "text/html", "Host": "localhost"})
# Pages with words of the request's, the configuration's or the provider's.
MADE_ON_THE_WAY = (
    "login_other_host",
    "login_needs_https",
    "login_host_unknown",
    "flow_other_host",
    "sign_in_refused",
    "pkce_refused",
)
FAULTS: tuple[Fault, ...] = (
    ClientFault("target_too_large", "the request target is longer than 8192 bytes"),
    ClientFault("head_too_large", "the request head does not end"),
    ProviderFault("provider_unreachable"),
    StoreFault("store_unavailable"),
    UpstreamFault("upstream_refused"),
    OperatorFault("route_closed"),
    Fault("internal_error"),
)


def render_pages() -> dict[str, Reply]:
    """Return the pages by name."""
    link = Link("Try again", NEXT)
    return {
        **{code: build_page_reply(BROWSER, code, link=link) for code in TEXTS},
        **{f"{code}-said": FAILURES[code](SignInWorld()) for code in MADE_ON_THE_WAY},
        **{fault.code: build_fault_reply(fault, reference="req-1", accepts_html=True) for fault in FAULTS},
        **{reply.reason: build_page(reply, "req-1") for reply in (NOT_FOUND, NOBODY)},
        "long_words": build_page_reply(BROWSER, "unauthenticated", link=Link("https://" + "a" * 200, NEXT)),
        "hop": build_hop(NEXT, "login_finished", ()),
    }


PAGES = render_pages()
