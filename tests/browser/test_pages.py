"""Every page of ours as people meet it who have a phone, the night, a screen reader or a keyboard: none is left out."""

import re
from collections.abc import Iterator

import pytest

from ostiary.plugin import Reply
from tests.browser.accessibility import find_complaints
from tests.browser.chromium import Chromium, Tab
from tests.browser.rendered import NEXT, PAGES
from tests.browser.shelf import Shelf

STANDING = sorted(set(PAGES) - {"hop"})  # which goes on by itself
FORGETFUL = """<!DOCTYPE html><html><head><style>
body { background: #fff; color: #999 } a { outline: none !important } main { width: 700px; animation: slide 9s }
@keyframes slide { from { margin: 0 } to { margin: 9px } }
</style></head><body><main><h3>Late</h3><p>Pale</p><a href="/next"></a></main><img src="http://elsewhere.test/a.png">
</body></html>"""


@pytest.fixture(scope="module")
def shelf() -> Iterator[Shelf]:
    """The pages, served."""
    forgetful = Reply(200, reason="x", headers=(("Content-Type", "text/html"),), body=FORGETFUL.encode())
    with Shelf({**PAGES, "forgetful": forgetful}) as shelf:
        yield shelf


@pytest.fixture(scope="module")
def reused(chromium: Chromium) -> Iterator[Tab]:
    """One tab for all: nothing that a page does outlives it."""
    with chromium.profile() as profile:
        yield profile.open_tab()


@pytest.fixture
def reader(reused: Tab) -> Tab:
    """The tab, with nothing noted yet."""
    reused.complaints.clear()
    reused.requests.clear()
    return reused


@pytest.mark.parametrize("name", STANDING)
def test_a_page_can_be_read_by_everybody(reader: Tab, shelf: Shelf, name: str) -> None:
    """At 320 px, on a phone, at a desk, in the dark and with large letters; by axe-core's rules; loading nothing."""
    reader.go(shelf.url(name))

    assert [] == find_complaints(reader)
    assert [] == reader.complaints
    assert [shelf.url(name)] == [request.url for request in reader.requests]


@pytest.mark.parametrize("name", [name for name in STANDING if b"<a href=" in PAGES[name].body])
def test_the_way_on_is_found_by_keyboard(reader: Tab, shelf: Shelf, name: str) -> None:
    """One Tab reaches the only link, which shows that it is reached; Enter follows it."""
    reader.go(shelf.url(name))
    reader.page.keyboard.press("Tab")
    reached = reader.ask(
        "() => { const {outlineStyle, outlineWidth} = getComputedStyle(document.activeElement);"
        "return [document.activeElement.href, outlineStyle, outlineWidth] }"
    )

    link = reader.page.get_by_role("link")
    assert [link.evaluate("link => link.href"), "solid", "3px"] == reached
    if link.get_attribute("href") == NEXT:
        reader.page.keyboard.press("Enter")
        reader.wait_for_path(NEXT)


def test_a_page_on_the_way_goes_on_by_itself(reader: Tab, shelf: Shelf) -> None:
    """And for a browser that would not, it is a page as any other."""
    reader.go(shelf.url("hop"))
    reader.wait_for_path(NEXT)
    standing = re.sub(rb"<meta http-equiv[^>]*>", b"", PAGES["hop"].body).decode()
    reader.page.set_content(standing)

    assert [] == reader.complaints
    assert [] == find_complaints(reader)


def test_a_careless_page_is_found_out(reader: Tab, shelf: Shelf) -> None:
    """What judges the pages above is worth something."""
    reader.go(shelf.url("forgetful"))
    found = "\n".join(find_complaints(reader))

    for expected in (
        'the language is ""', "there is no title", "0 headings of the first level", 'h3 "Late" follows level 0',
        'a "" has no accessible name', "less than 24 x 24", "px wide in 320 px", "something moves",
        'p "Pale" has a contrast of 2.85', "axe color-contrast", "axe html-has-lang", "axe link-name", "axe image-alt",
    ):  # fmt: skip
        assert expected in found
    assert ["http://elsewhere.test/a.png"] == reader.foreign_requests(shelf.origin)
