"""Signing in at a certified provider, feature by feature: PKCE, signatures of every kind, `iss`, answers by form."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlencode, urlsplit

import pytest

from tests.e2e.counterparts.calls import call
from tests.e2e.counterparts.certified import Feature, read_header, read_token, start_certified
from tests.e2e.counterparts.oidc_provider import LOGIN
from tests.e2e.counterparts.scene import Scene, read_query
from tests.e2e.counterparts.session_scene import wait_until
from tests.fakes.browser import Browser, Page

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
FORM = "application/x-www-form-urlencoded"
FEATURES = {
    "usual": Feature(),
    "post": Feature({"response_mode": "form_post"}),
    **{
        alg.lower(): Feature(
            {"set_raw_id_token_header": True},
            # Opaque: this provider gives userinfo to no other.
            {"id_token_signed_response_alg": alg, "userinfo_signed_response_alg": alg, "access_token_format": "opaque"},
        )
        for alg in ALGORITHMS
    },
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One scene for the module; nobody signs in without PKCE."""
    folder = tmp_path_factory.mktemp("certified")
    with start_certified(folder, FEATURES, algs=ALGORITHMS, require_pkce=True) as scene:
        yield scene


@pytest.fixture
def scene(running: Scene) -> Scene:
    """The scene, with nothing recorded yet."""
    running.provider.reset()
    running.upstream.clear()
    return running


def _reach_form(scene: Scene, path: str = "/post/test") -> tuple[Browser, Page]:
    """Sign in up to the page of the provider that posts its answer."""
    browser = Browser()
    page = scene.fill_in(browser, browser.open(scene.url(path)))
    assert urlsplit(page.url).netloc == urlsplit(scene.provider.issuer).netloc
    return browser, page


def _change(page: Page, **fields: str | None) -> Page:
    """Alter the fields of the provider's form on its way; None strips one."""
    (form,) = page.forms
    inputs = {name: value for name, value in {**form.fields, **fields}.items() if value is not None}
    hidden = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in inputs.items())
    body = f'<form method="post" action="{form.action}">{hidden}<button type="submit">Go</button></form>'
    return replace(page, body=body.encode())


def _session_cookies(browser: Browser) -> list[str]:
    return [name for name in browser.cookie_names() if name.startswith("ostiary_session_")]


def test_pkce_is_what_this_provider_insists_on(scene: Scene) -> None:
    """The gateway brings it unasked; the same request without the challenge is refused by the provider."""
    _, page = scene.sign_in("/usual/test")
    assert (page.status, page.url) == (200, scene.url("/usual/test"))
    (asked,) = scene.provider.requests("token")
    assert (asked["status"], len(asked["params"]["code_verifier"]) >= 43) == (200, True)
    browser = Browser()
    started = browser.open(scene.url("/usual/test"), stop_before=lambda _: True).location or ""
    plain = {name: value for name, value in read_query(started).items() if not name.startswith("code_challenge")}
    page = browser.open(f"{started.partition('?')[0]}?{urlencode(plain)}")
    assert (page.status, _session_cookies(browser)) == (400, [])
    line = scene.gateway.wait_for_log(lambda line: line["status"] == 400 and line["route"] == "usual")
    assert line["reason"] == "pkce_refused"


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_id_tokens_and_userinfo_of_every_algorithm_are_verified(scene: Scene, alg: str) -> None:
    """Signed as the client registered; the upstream is told what both say."""
    _, page = scene.sign_in(f"/{alg.lower()}/test")
    assert page.status == 200, page.text
    request = scene.last_request()
    assert read_token(request.value("x-raw-id-token"))[0]["alg"] == alg
    assert read_header(request.value("x-id-token"))["sub"] == LOGIN
    userinfo = read_header(request.value("x-userinfo"))
    assert (userinfo["sub"], userinfo["preferred_username"], userinfo["aud"]) == (LOGIN, LOGIN, alg.lower())
    (asked,) = scene.provider.requests("userinfo")
    assert (asked["status"], asked["type"]) == (200, "application/jwt")


def test_the_right_issuer_in_the_answer_is_accepted(scene: Scene) -> None:
    """RFC 9207: this provider promises `iss`, and sends it."""
    browser = Browser()
    back = scene.stop_at_callback(browser, "/usual/test")
    assert read_query(back)["iss"] == scene.provider.issuer
    assert browser.open(back).status == 200


@pytest.mark.parametrize(
    ("issuer", "reason"),
    [
        (None, "callback_issuer_missing"),
        ("https://evil.example", "callback_issuer_differs"),
        ("", "callback_issuer_differs"),
    ],
)
@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_an_answer_whose_issuer_was_stripped_or_altered_on_the_way_is_refused(
    scene: Scene, mode: str, issuer: str | None, reason: str
) -> None:
    """Mix-up: the code is not even redeemed."""
    if mode == "form_post":
        browser, page = _reach_form(scene)
        page = browser.submit(_change(page, iss=issuer))
    else:
        browser = Browser()
        back = scene.stop_at_callback(browser, "/usual/test")
        parameters = {**read_query(back), "iss": issuer}
        query = urlencode({name: value for name, value in parameters.items() if value is not None})
        page = browser.open(f"{back.partition('?')[0]}?{query}")
    assert (page.status, _session_cookies(browser), scene.provider.requests("token")) == (400, [], [])
    assert reason in page.text
    assert scene.upstream.requests == []


def test_an_answer_by_form_signs_in(scene: Scene) -> None:
    """The provider posts it across sites: the flow's cookie comes along, and the code is in no address."""
    browser, form = _reach_form(scene)
    (asked,) = [asked for asked in scene.provider.requests("authorization") if "response_mode" in asked["params"]][-1:]
    assert asked["params"]["response_mode"] == "form_post"
    page = browser.submit(form)
    assert (page.status, page.url) == (200, scene.url("/post/test"))
    assert read_header(scene.last_request().value("x-userinfo"))["sub"] == LOGIN
    assert [(visit.status, visit.url) for visit in browser.history[-2:]] == [
        (303, scene.url("/post/callback")),
        (200, scene.url("/post/test")),
    ]
    assert not any("code=" in visit.url for visit in browser.history)
    assert not any(name.startswith("ostiary_login_") and not name.endswith("_done") for name in browser.cookie_names())
    code = form.forms[0].fields["code"]
    assert code not in scene.gateway.output()


def test_a_form_that_is_posted_again_is_already_finished(scene: Scene) -> None:
    """Back, and once more: the state serves once, and who is signed in stays so."""
    browser, form = _reach_form(scene)
    browser.submit(form)
    page = browser.submit(form)
    assert (page.status, "callback_replayed" in page.text) == (400, True)
    assert browser.open(scene.url("/post/again")).status == 200


def test_two_tabs_are_answered_by_form_side_by_side(scene: Scene) -> None:
    """Each has its own note; the later session stands in place of the earlier."""
    browser = Browser()
    pages = [browser.open(scene.url(f"/post/tab?n={number}")) for number in (1, 2)]
    forms = [scene.fill_in(browser, page) for page in pages]
    ends = [browser.submit(form) for form in forms]
    assert [(page.status, page.url) for page in ends] == [
        (200, scene.url("/post/tab?n=1")),
        (200, scene.url("/post/tab?n=2")),
    ]


def test_a_browser_that_starts_at_the_address_is_answered_at_the_name(scene: Scene) -> None:
    """It is moved once, as where answers come in the query, and the form finds its note there."""
    browser = Browser()
    form = scene.fill_in(browser, browser.open(scene.url("/post/test?x=1", "127.0.0.1")))
    page = browser.submit(form)
    assert (page.status, page.url) == (200, scene.url("/post/test?x=1"))


def test_a_person_who_cancels_is_told_by_form_too(scene: Scene) -> None:
    """The error comes as a form; the page is that of the query."""
    browser = Browser()
    form = browser.submit(browser.open(scene.url("/post/test")), button="cancel")
    page = browser.submit(form)
    assert (page.status, "provider_access_denied" in page.text) == (403, True)
    assert _session_cookies(browser) == []


def test_the_answer_of_another_browser_signs_nobody_in(scene: Scene) -> None:
    """Login CSRF by a form that posts itself."""
    _, form = _reach_form(scene)
    victim = Browser()
    page = victim.submit(form)
    assert (page.status, _session_cookies(victim)) == (400, [])
    victim.open(scene.url("/post/test"))
    assert (victim.submit(form).status, _session_cookies(victim)) == (400, [])
    assert scene.provider.requests("token") == []


def test_what_is_no_answer_by_form_is_refused(scene: Scene) -> None:
    """GET, another type, too much: and the login under way can still be finished."""
    browser, form = _reach_form(scene)
    parameters = urlencode(form.forms[0].fields)
    page = browser.open(f"{scene.url('/post/callback')}?{parameters}")
    assert (page.status, page.header("allow")) == (405, "POST")
    for content_type, body, status in (("text/plain", parameters, 415), (FORM, f"{parameters}&x={'a' * 16_384}", 413)):
        answer = call(scene.url("/post/callback"), "POST", {"Content-Type": content_type}, body.encode())
        assert answer.status == status
    assert browser.submit(form).status == 200


def test_the_other_way_round_a_form_is_refused_where_answers_come_in_the_query(scene: Scene) -> None:
    """405 with `Allow: GET`."""
    answer = call(scene.url("/usual/callback"), "POST", {"Content-Type": FORM}, b"state=s&code=c")
    assert (answer.status, answer.header("allow")) == (405, "GET")


def test_a_provider_without_form_post_gives_a_page_and_no_loop(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Its metadata say what it can; the log says what to write."""
    folder = tmp_path_factory.mktemp("without")
    offered = {"response_modes_supported": ["query", "fragment"]}
    with start_certified(folder, {"post": FEATURES["post"]}, discovery=offered) as scene:
        page = Browser().open(scene.url("/post/test"))
        assert (page.status, page.url) == (502, scene.url("/post/test"))
        assert "response_mode_unsupported" in page.text
        wait_until(lambda: "write response_mode: query" in scene.gateway.output())
        assert scene.provider.requests("authorization") == []
