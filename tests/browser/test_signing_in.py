"""Signing in and out in a real browser: what a person does between two pages, and what the browser makes of it."""

import time

from tests.browser.chromium import Chromium, Profile, Tab
from tests.browser.site import IDLE_S, Site
from tests.browser.stage import Stage

DEEP_LINK = "/app/deep/a%20b?x=1&y=a%20b&z=%C3%A4"


def is_ours(tab: Tab) -> bool:
    """Whether the tab shows a page of the application, not of the gateway or the provider."""
    return tab.title == "App" and tab.status == 200


def test_a_deep_link_is_where_a_sign_in_ends(tab: Tab, site: Site) -> None:
    """Path and query, as they were typed; the service sees the request once."""
    site.sign_in(tab, DEEP_LINK)

    assert site.url(DEEP_LINK) == tab.url
    assert is_ours(tab)
    assert [DEEP_LINK] == [request.target for request in site.upstream.requests]
    assert [] == tab.complaints


def test_a_wrong_password_is_the_providers_business(tab: Tab, site: Site) -> None:
    """It asks again, and the sign-in that was begun is the one that ends well."""
    site.open(tab, DEEP_LINK)
    site.fill_in(tab, "not the password")
    assert tab.url.startswith(site.issuer)
    site.fill_in(tab)

    assert site.url(DEEP_LINK) == tab.url
    assert is_ours(tab)


def test_two_tabs_sign_in_side_by_side(profile: Profile, site: Site) -> None:
    """Both were opened before anybody signed in; each ends where it wanted to go."""
    tabs = [site.open(profile.open_tab(), f"/app/tab?n={n}") for n in range(2)]
    for tab in tabs:
        site.fill_in(tab)

    assert [site.url(f"/app/tab?n={n}") for n in range(2)] == [tab.url for tab in tabs]
    assert all(is_ours(tab) for tab in tabs)


def test_the_back_button_after_a_sign_in_is_no_trap(tab: Tab, site: Site) -> None:
    """Through the application and the provider, which may answer the old request again, to where one came from."""
    tab.go(site.url("/public/page"))
    site.sign_in(tab, "/app/first").press("Second")
    tab.page.go_back()
    assert site.url("/app/first") == tab.url
    tab.page.go_back()
    assert tab.url.startswith(site.issuer) or (tab.url == site.url("/app/first") and is_ours(tab)), tab.text
    tab.page.go_back()
    assert site.url("/public/page") == tab.url
    tab.go(site.url("/app/second"))

    assert is_ours(tab)


def test_an_expired_session_is_renewed_without_losing_the_page(tab: Tab, site: Site) -> None:
    """The provider still knows the person: the page opens, and nothing was asked."""
    site.sign_in(tab, "/brief/page?q=1")
    tab.page.wait_for_timeout(1000 * IDLE_S + 100)
    tab.go(site.url("/brief/page?q=2"))

    assert site.url("/brief/page?q=2") == tab.url
    assert is_ours(tab)
    assert 2 == sum("/brief/callback?" in request.url for request in tab.requests)


def test_an_expired_session_at_a_provider_that_forgot_is_a_sign_in_again(tab: Tab, site: Site) -> None:
    """The form comes, and then the page that was wanted."""
    site.sign_in(tab, "/brief/page?q=1")
    tab.page.wait_for_timeout(1000 * IDLE_S + 100)
    tab.page.context.clear_cookies(domain="127.0.0.1")
    site.sign_in(tab, "/brief/page?q=2")

    assert site.url("/brief/page?q=2") == tab.url
    assert is_ours(tab)


def test_a_page_that_polls_notices_no_refresh(profile: Profile, tab: Tab, site: Site) -> None:
    """The access token lives a second: calls and navigations go on through several refreshes, in two tabs."""
    site.set_lifetime(1)
    try:
        site.sign_in(tab, "/app/polling")
        other = profile.open_tab().go(site.url("/app/polling"))
        for _ in range(8):
            tab.page.wait_for_timeout(200)
            other.go(site.url("/app/second"))
            other.page.wait_for_timeout(150)
            other.page.go_back()
        other.page.wait_for_function("() => seen[200] > 2")
        seen = [each.ask("seen") for each in (tab, other)]
    finally:
        site.set_lifetime(600)
    tokens = {request.value("x-access-token") for request in site.upstream.requests}

    assert [["200"], ["200"]] == [list(statuses) for statuses in seen]
    assert None not in tokens
    assert len(tokens) >= 3
    assert [] == tab.complaints + other.complaints


def test_signing_out_ends_on_the_landing_page_and_leaves_nothing_to_go_back_to(profile: Profile, site: Site) -> None:
    """Here and at the provider, for every tab: the back button shows no page of the person who has left."""
    kept = site.sign_in(profile.open_tab(), "/app/private").press("Second")
    tab = site.sign_out(profile.open_tab().go(site.url("/app/first")))
    assert site.url("/public/bye") == tab.url
    assert [] == profile.cookies("ostiary_session_")
    kept.page.go_back()

    assert kept.url.startswith(site.issuer)
    assert [] == kept.complaints + tab.complaints


def test_who_comes_by_the_other_name_is_moved_over_and_signs_in(tab: Tab, site: Site) -> None:
    """127.0.0.1 and localhost are one gateway and two cookie jars."""
    tab.go(site.url("/app/moved?x=1", "127.0.0.1"))
    site.fill_in(tab)

    assert site.url("/app/moved?x=1") == tab.url
    assert is_ours(tab)


def test_a_script_without_a_session_is_told_so(tab: Tab, site: Site) -> None:
    """401 and JSON, no redirect that it could not follow; also when it sends data."""
    tab.go(site.url("/public/page"))
    answers = [tab.fetch("/app/call"), tab.fetch("/app/call", method="POST", body="{}")]

    assert [(401, False), (401, False)] == [(answer["status"], answer["redirected"]) for answer in answers]
    assert all('"error":"unauthenticated"' in answer["text"] for answer in answers)
    assert [] == Profile(tab.page.context).cookies("ostiary_")


def test_the_browser_keeps_cookies_that_scripts_do_not_see(tab: Tab, site: Site) -> None:
    """HttpOnly, Lax, this host only; the notes about the sign-in are gone, or last a few seconds."""
    site.open(tab)
    profile = Profile(tab.page.context)
    notes = profile.cookies("ostiary_login_")
    site.fill_in(tab)
    session = profile.cookies("ostiary_session_")
    left = profile.cookies("ostiary_login_")

    assert (1, True) == (len(notes), len(session) > 0)
    for cookie in notes + session:
        kept = tuple(cookie[part] for part in ("httpOnly", "sameSite", "domain", "path"))
        assert (True, "Lax", "localhost", "/") == kept
    assert ["done"] == [cookie["name"].rpartition("_")[2] for cookie in left]
    assert left[0]["expires"] < time.time() + 11
    assert "" == tab.ask("document.cookie")


def test_over_https_no_other_site_can_plant_a_cookie(chromium: Chromium, stage: Stage) -> None:
    """`__Host-` and Secure: the browser itself holds every cookie to this host, and to https."""
    with chromium.profile(ignore_https_errors=True) as profile:
        tab = profile.open_tab().go(f"{stage.secure_origin}/secure/page?x=1")
        notes = profile.cookies("__Host-ostiary_login_")
        stage.fill_in(tab)
        session = profile.cookies("__Host-ostiary_session_")

        assert f"{stage.secure_origin}/secure/page?x=1" == tab.url
        assert is_ours(tab)
        assert (1, True) == (len(notes), len(session) > 0)
        for cookie in notes + session:
            kept = tuple(cookie[part] for part in ("secure", "httpOnly", "sameSite", "domain", "path"))
            assert (True, True, "Lax", "localhost", "/") == kept
        assert [] == profile.cookies("ostiary_")


def test_a_strict_cookie_is_there_on_the_first_page(tab: Tab, site: Site) -> None:
    """A redirect from the provider would not bring it: a page of ours stands in between, and goes on by itself."""
    site.sign_in(tab, "/strict/page?x=1")
    tab.wait_for_path("/strict/page?x=1")

    assert is_ours(tab)
    assert {"Strict"} == {cookie["sameSite"] for cookie in Profile(tab.page.context).cookies("strict")}
    assert [] == tab.complaints


def test_an_answer_by_form_ends_where_it_should(tab: Tab, site: Site) -> None:
    """`form_post`: a page of the provider posts the code, from another site, and the note comes along."""
    site.open(tab, "/posted/page?x=1")
    (note,) = Profile(tab.page.context).cookies("ostiary_login_")
    site.fill_in(tab).wait_for_path("/posted/page?x=1")
    posted = [request.method for request in tab.requests if "/posted/callback" in request.url]

    assert is_ours(tab)
    assert ["POST"] == posted
    assert ("None", True) == (note["sameSite"], note["secure"])
    assert "?" not in next(request.url for request in tab.requests if "/posted/callback" in request.url)
