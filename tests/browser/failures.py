"""Every failure that a person can meet, brought about in the browser: one function for each code that a page shows.

Each takes a tab of a fresh browser and the stage, does what a person would do (or what is done to one), and leaves the
tab at the page. What only a broken gateway shows is rendered instead: tests/browser/rendered.py. No test of its own.
"""

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from ostiary.identity.login_flow import build_state
from tests.browser.chromium import Profile, Tab
from tests.browser.site import IDLE_S
from tests.browser.stage import INSECURE, STRANGER, Stage
from tests.e2e.counterparts.oidc_provider import LOGIN
from tests.e2e.counterparts.recording_upstream import Answer

POST = """([url, type]) => { const form = document.createElement('form'); form.method = 'post'; form.action = url;
form.enctype = type; document.body.append(form); form.submit(); }"""
Failure = Callable[[Tab, Stage], object]
FAILURES: dict[str, Failure] = {}


def failure(code: str) -> Callable[[Failure], Failure]:
    """Register how a code comes about."""

    def register(work: Failure) -> Failure:
        FAILURES[code] = work
        return work

    return register


def post_form(tab: Tab, url: str, content_type: str = "") -> None:
    """Post an empty form of the page that is shown."""
    with tab.page.expect_navigation():
        tab.ask(POST, [url, content_type])


def read_asked(tab: Tab) -> dict[str, str]:
    """What the provider was asked for last."""
    asked = [request.url for request in tab.requests if urlsplit(request.url).path == "/auth"]
    return dict(parse_qsl(urlsplit(asked[-1]).query))


def come_back(tab: Tab, stage: Stage, **changes: str | None) -> None:
    """Return from the provider with an answer that differs from a good one; None leaves a parameter out."""
    stage.open(tab)
    answer = {"code": "a-code", "state": read_asked(tab)["state"], "iss": stage.provider.issuer, **changes}
    query = urlencode({name: value for name, value in answer.items() if value is not None})
    tab.go(stage.url(f"/app/callback?{query}"))


def come_from_nowhere(tab: Tab, stage: Stage, *, age_s: float = 0, host: str = "localhost") -> None:
    """Return with a state that this browser has never seen."""
    state = build_state(bytes(32), time.time() - age_s)
    tab.go(stage.url(f"/app/callback?code=c&state={state}", host))


def redeem(tab: Tab, stage: Stage, path: str = "/app/start", **fault: Any) -> None:
    """Sign in while the token endpoint is not itself."""
    stage.open(tab, path)
    stage.provider.set_fault("token", **fault)
    stage.fill_in(tab)


def redeem_for(tab: Tab, stage: Stage, path: str = "/app/start", *, later_s: int = 0, **tokens: Any) -> None:
    """Sign in, and be given these tokens, with an ID token from another time."""
    stage.open(tab, path)
    now = int(time.time()) + later_s
    claims = {
        "iss": stage.provider.issuer, "sub": LOGIN, "aud": "app", "iat": now, "exp": now + 600,
        "nonce": read_asked(tab)["nonce"],
    }  # fmt: skip
    key = next(key for key in stage.provider.private_keys()["keys"] if key["alg"] == "RS256")
    id_token = jwt.encode({"alg": "RS256"}, claims, RSAKey.import_key(key))
    answer = {"access_token": "a", "token_type": "Bearer", "expires_in": 600, "id_token": id_token, **tokens}
    stage.provider.set_fault("token", status=200, body=json.dumps(answer))
    stage.fill_in(tab)


# --- nobody is signed in


@failure("unauthenticated")
def _(tab: Tab, stage: Stage) -> None:
    tab.go(stage.url("/public/form"))
    post_form(tab, stage.url("/app/save"))


@failure("session_expired")
def _(tab: Tab, stage: Stage) -> None:
    stage.sign_in(tab, "/brief/form")
    tab.page.wait_for_timeout(1000 * IDLE_S + 100)
    post_form(tab, stage.url("/brief/save"))


@failure("sign_in_elsewhere")
def _(tab: Tab, stage: Stage) -> None:
    tab.go(stage.url("/denied/page"))


@failure("login_other_host")
def _(tab: Tab, stage: Stage) -> None:
    tab.go(stage.url("/moved/page"))


@failure("login_host_unknown")
def _(tab: Tab, stage: Stage) -> None:
    tab.go(stage.url("/derived/page", STRANGER))


@failure("login_needs_https")
def _(tab: Tab, stage: Stage) -> None:
    tab.go(stage.url("/insecure/page", INSECURE))


@failure("login_address_too_long")
def _(tab: Tab, stage: Stage) -> None:
    tab.go(stage.url(f"/derived/{'a' * 4000}"))


# --- the way back from the provider


@failure("callback_method")
def _(tab: Tab, stage: Stage) -> None:
    tab.go(stage.url("/public/form"))
    post_form(tab, stage.url("/app/callback"))


@failure("callback_content_type")
def _(tab: Tab, stage: Stage) -> None:
    tab.go(stage.url("/public/form"))
    post_form(tab, stage.url("/posted/callback"), "text/plain")


@failure("callback_too_large")
def _(tab: Tab, stage: Stage) -> None:
    come_back(tab, stage, **{f"more{number}": "" for number in range(100)})


@failure("callback_parameter_repeated")
def _(tab: Tab, stage: Stage) -> None:
    tab.go(stage.url("/app/callback?code=a&code=b&state=s"))


@failure("callback_state_missing")
def _(tab: Tab, stage: Stage) -> None:
    tab.go(stage.url("/app/callback"))


@failure("callback_issuer_missing")
def _(tab: Tab, stage: Stage) -> None:
    come_back(tab, stage, iss=None)


@failure("callback_issuer_differs")
def _(tab: Tab, stage: Stage) -> None:
    come_back(tab, stage, iss="https://somebody.example")


@failure("callback_code_missing")
def _(tab: Tab, stage: Stage) -> None:
    come_back(tab, stage, code=None)


@failure("callback_code_too_large")
def _(tab: Tab, stage: Stage) -> None:
    come_back(tab, stage, code="c" * 4100)


@failure("callback_replayed")
def _(tab: Tab, stage: Stage) -> None:
    stage.sign_in(tab)
    tab.page.context.clear_cookies(domain="localhost")  # who is signed in goes on instead
    tab.go(next(request.url for request in tab.requests if "/app/callback?" in request.url))


@failure("flow_broken")
def _(tab: Tab, stage: Stage) -> None:
    stage.open(tab)
    (note,) = Profile(tab.page.context).cookies("ostiary_login_")
    Profile(tab.page.context).put_cookies({**note, "value": note["value"][::-1]})
    stage.fill_in(tab)


@failure("flow_stale")
def _(tab: Tab, stage: Stage) -> None:
    come_from_nowhere(tab, stage, age_s=700)


@failure("flow_elsewhere")
def _(tab: Tab, stage: Stage) -> None:
    Profile(tab.page.context).put_cookies({"name": "theme", "value": "dark", "url": stage.origin})
    come_from_nowhere(tab, stage)


@failure("flow_cookies_blocked")
def _(tab: Tab, stage: Stage) -> None:
    stage.open(tab)
    tab.page.context.clear_cookies(domain="localhost")
    stage.fill_in(tab)


@failure("flow_other_host")
def _(tab: Tab, stage: Stage) -> None:
    come_from_nowhere(tab, stage, host="127.0.0.1")


@failure("session_cookie_lost")
def _(tab: Tab, stage: Stage) -> None:
    stage.sign_in(tab, "/lost/page")


# --- the provider says no


@failure("provider_access_denied")
def _(tab: Tab, stage: Stage) -> None:
    stage.open(tab).press("Cancel")


@failure("sign_in_refused")
def _(tab: Tab, stage: Stage) -> None:
    tab.go(stage.url("/silent/page"))


@failure("pkce_refused")
def _(tab: Tab, stage: Stage) -> None:
    tab.go(stage.url("/plain/page"))


@failure("response_mode_unsupported")
def _(tab: Tab, stage: Stage) -> None:
    tab.go(stage.url("/unposted/page"))


@failure("client_refused")
def _(tab: Tab, stage: Stage) -> None:
    stage.sign_in(tab, "/wrong-secret/page")


@failure("token_refused")
def _(tab: Tab, stage: Stage) -> None:
    redeem(tab, stage, status=400, body='{"error":"invalid_grant"}')


@failure("provider_unavailable")
def _(tab: Tab, stage: Stage) -> None:
    redeem(tab, stage, status=503)


@failure("provider_answer_invalid")
def _(tab: Tab, stage: Stage) -> None:
    redeem(tab, stage, status=200, body="<html>")


@failure("id_token_refused")
def _(tab: Tab, stage: Stage) -> None:
    redeem_for(tab, stage, id_token="not.a.token")


@failure("clocks_differ")
def _(tab: Tab, stage: Stage) -> None:
    redeem_for(tab, stage, later_s=1000)


@failure("session_too_large")
def _(tab: Tab, stage: Stage) -> None:
    redeem_for(tab, stage, "/large/page", access_token="a" * 40_000)


# --- signed in, but not let through


@failure("scope_missing")
def _(tab: Tab, stage: Stage) -> None:
    stage.sign_in(tab, "/scoped/page")


@failure("claims_refused")
def _(tab: Tab, stage: Stage) -> None:
    stage.sign_in(tab, "/claimed/page")


@failure("membership_refused")
def _(tab: Tab, stage: Stage) -> None:
    stage.sign_in(tab, "/members/page")


# --- signing out


@failure("logout_unconfirmed")
def _(tab: Tab, stage: Stage) -> None:
    stage.sign_in(tab)
    tab.go(stage.url("/public/page", "127.0.0.1"))
    with tab.page.expect_navigation():
        tab.ask("(url) => { location.href = url }", stage.url("/app/logout"))


@failure("logout_incomplete")
def _(tab: Tab, stage: Stage) -> None:
    stage.sign_in(tab)
    tab.go(stage.url("/adrift/logout"))


@failure("signed_out")
def _(tab: Tab, stage: Stage) -> None:
    stage.sign_in(tab, "/plain-pkce/page")
    tab.go(stage.url("/plain-pkce/logout"))


# --- the gateway's own


@failure("no_route")
def _(tab: Tab, stage: Stage) -> None:
    tab.go(stage.url("/nowhere"))


@failure("target_empty_segment")
def _(tab: Tab, stage: Stage) -> None:
    tab.go(stage.url("/public//page"))


@failure("target_escape")
def _(tab: Tab, stage: Stage) -> None:
    tab.go(stage.url("/public/a%2fb"))


@failure("target_too_large")
def _(tab: Tab, stage: Stage) -> None:
    tab.go(stage.url(f"/public/{'a' * 9000}"))


@failure("head_too_large")
def _(tab: Tab, stage: Stage) -> None:
    many = [{"name": f"c{number}", "value": "v" * 4000, "url": stage.origin} for number in range(20)]
    Profile(tab.page.context).put_cookies(*many)
    tab.go(stage.url("/public/page"))


@failure("provider_refused")
def _(tab: Tab, stage: Stage) -> None:
    tab.go(stage.url("/away/page"))


@failure("provider_proxy")
def _(tab: Tab, stage: Stage) -> None:
    tab.go(stage.url("/adrift/page"))


@failure("store_unavailable")
def _(tab: Tab, stage: Stage) -> None:
    stage.open(tab, "/stored/page")
    stage.fill_in(tab)


@failure("upstream_refused")
def _(tab: Tab, stage: Stage) -> None:
    tab.go(stage.url("/broken/page"))


@failure("upstream_timeout")
def _(tab: Tab, stage: Stage) -> None:
    stage.upstream.answer_next(Answer(0.5))
    tab.go(stage.url("/slow/page"))


@failure("upstream_answer_invalid")
def _(tab: Tab, stage: Stage) -> None:
    stage.upstream.answer_next(Answer(b"220 mail.example ESMTP\r\n", close=True))
    tab.go(stage.url("/public/page"))
