"""The pages: what they say, what holds them in, and whether they can be read."""

import base64
import hashlib
import re
from typing import Any

import pytest

from ostiary.demo.provider.pages import Pages
from tests.unit.demo.provider.world import ISSUER

VALUES: dict[str, dict[str, Any]] = {
    "index": {},
    "sign_in": {"action": "/", "form_token": "t", "redirect_uri": "http://localhost/", "entered": "", "problem": "p"},
    "refused": {"error": "invalid_request", "description": "d"},
    "forgotten": {},
    "confirm_sign_out": {"action": "/", "form_token": "t", "location": "http://localhost/"},
    "signed_out": {},
}
TEXT_MINIMUM, LINE_MINIMUM = 4.5, 3.0  # WCAG 2.2, 1.4.3 and 1.4.11, level AA
TEXTS = [("ink", "card"), ("ink", "ground"), ("quiet", "card"), ("quiet", "ground"), ("accent", "card")]
TEXTS += [("on-accent", "accent"), ("warn-ink", "warn-ground"), ("bad-ink", "bad-ground")]


@pytest.fixture(scope="module")
def pages() -> Pages:
    """The pages of a provider."""
    return Pages(ISSUER)


def render(pages: Pages, name: str) -> str:
    """The page as text."""
    return bytes(pages.render(name, **VALUES[name]).body).decode()


@pytest.mark.parametrize("name", VALUES)
def test_every_page_says_that_this_is_for_trying_things_out(pages: Pages, name: str) -> None:
    """In its first line."""
    assert "For trying things out." in render(pages, name)


@pytest.mark.parametrize("name", VALUES)
def test_no_page_has_a_script_or_loads_anything(pages: Pages, name: str) -> None:
    """Plain HTML, one stylesheet inside."""
    html = render(pages, name)
    assert not re.search(r"<script|<img|<link|\son\w+=|\sstyle=|@import|url\(", html)
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in html


@pytest.mark.parametrize("name", VALUES)
def test_every_field_has_its_label(pages: Pages, name: str) -> None:
    """By name, for who does not see it."""
    html = render(pages, name)
    fields = re.findall(r'<input type="(?:text|password)" id="(\w+)"', html)
    assert fields == re.findall(r'<label for="(\w+)"', html)
    assert len(fields) == (2 if name == "sign_in" else 0)


def test_the_policy_allows_the_stylesheet_by_its_hash_and_forms_to_loopback(pages: Pages) -> None:
    """And nothing besides."""
    response = pages.render("index")
    style = re.search(r"<style>(.*?)</style>", bytes(response.body).decode(), re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert response.headers["content-security-policy"].split("; ") == [
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "form-action 'self' http://127.0.0.1:* http://localhost:* https://127.0.0.1:* https://localhost:*",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]


def test_a_form_that_leads_to_an_ipv6_address_may(pages: Pages) -> None:
    """A policy cannot name it, so it names the schemes."""
    response = pages.render("forgotten", leads_to="http://[::1]:9080/cb")
    assert "form-action 'self' http: https:;" in response.headers["content-security-policy"]


def test_pages_are_not_kept_framed_or_told_about(pages: Pages) -> None:
    """The headers that go with the policy."""
    headers = pages.render("index").headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"


def test_values_are_escaped(pages: Pages) -> None:
    """They are text from anywhere."""
    html = bytes(pages.render("refused", error="<b>", description='"><script>').body).decode()
    assert "<b>" not in html
    assert "<script>" not in html


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back"), [*TEXTS, ("line", "card")])
def test_contrast_is_enough(pages: Pages, scheme: int, front: str, back: str) -> None:
    """WCAG level AA, by day and by night."""
    blocks = re.findall(r":root \{(.*?)\}", render(pages, "index"), re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): #([0-9a-f]{6});", blocks[scheme]))
    minimum = LINE_MINIMUM if front == "line" else TEXT_MINIMUM
    assert contrast(colours[front], colours[back]) >= minimum


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """The relative luminance of a colour of six hexadecimal digits."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
