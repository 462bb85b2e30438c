"""What people with other eyes and hands than ours need of a page, measured in the browser, and judged by axe-core.

Widths are those of WCAG 2.2: 320 px (1.4.10, which is 1280 px at 400 %), a phone's, and a desk's; colours light and
dark; text at 200 % (1.4.4). `find_complaints` goes through them all without loading the page again.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.browser.chromium import DESKTOP, FOLDER, NARROW, PHONE, Tab
from tests.requires import require

SIZES = {"320 px": NARROW, "phone": PHONE, "desktop": DESKTOP}
AXE = FOLDER / "node_modules" / "axe-core" / "axe.min.js"
_MEASURES = (FOLDER / "accessibility.js").read_text("utf-8")
# Everything that WCAG 2.2 A and AA ask for, and axe-core's own good practice.
_RUN_AXE = """async () => {
  const {violations} = await axe.run(document, {resultTypes: ['violations']});
  return violations.map(({id, nodes}) => `axe ${id}: ${nodes.map(({html}) => html).join(' ')}`);
}"""


def find_complaints(tab: Tab) -> list[str]:
    """Return a sentence for everything that is wrong with the page that the tab shows, in any size or colours."""
    return [*_measure(tab), *_judge(tab)]


def _measure(tab: Tab) -> Iterator[str]:
    page = tab.page
    for name, size in SIZES.items():
        page.set_viewport_size(size)
        yield from (f"{name}: {wrong}" for wrong in tab.ask(_MEASURES))
    page.emulate_media(color_scheme="dark")
    yield from (f"dark: {wrong}" for wrong in tab.ask(_MEASURES))
    page.set_viewport_size(PHONE)
    tab.ask("document.documentElement.style.fontSize = '200%'")
    yield from (f"text at 200 %: {wrong}" for wrong in tab.ask(_MEASURES))
    tab.ask("document.documentElement.style.fontSize = ''")


def _judge(tab: Tab) -> Iterator[str]:
    tab.ask(_read_axe())
    for scheme in ("light", "dark"):
        tab.page.emulate_media(color_scheme=scheme)
        found: list[Any] = tab.ask(_RUN_AXE)
        yield from (f"{scheme}: {wrong}" for wrong in found)


@cache
def _read_axe() -> str:
    require(AXE.exists(), "axe-core: npm ci --prefix tests/browser")
    return AXE.read_text("utf-8")
