"""The provider's pages: Jinja2 templates with autoescape, a stylesheet, no scripts, and the headers that hold them in.

Every page says that this is for trying things out. The stylesheet stands in the page and is allowed by its hash, so the
policy needs no other source. Forms may lead to loopback and nowhere else: Chromium applies `form-action` also to the
redirect that answers a form, and that one goes back to the gateway.
"""

import base64
import hashlib
from typing import Any, final
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from ostiary.demo.provider.accounts import CLIENT_ID, PASSWORD, USERNAME

LOOPBACK_FORMS = "'self' http://127.0.0.1:* http://localhost:* https://127.0.0.1:* https://localhost:*"
ANY_FORMS = "'self' http: https:"  # a policy cannot name an IPv6 address (CSP 3 section 2.3.1, host-part)


@final
class Pages:
    """Renders templates. Values are text from anywhere; the templates escape them."""

    def __init__(self, issuer: str) -> None:
        self._environment = Environment(
            loader=PackageLoader("ostiary.demo.provider"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        loader = self._environment.loader
        stylesheet = loader.get_source(self._environment, "page.css")[0] if loader else ""
        digest = base64.b64encode(hashlib.sha256(stylesheet.encode("utf-8")).digest()).decode("ascii")
        self._style_source = f"'sha256-{digest}'"
        self._environment.globals.update(
            stylesheet=stylesheet,
            issuer=issuer,
            place=urlsplit(issuer).netloc,
            client=CLIENT_ID,
            username=USERNAME,
            password=PASSWORD,
        )

    def render(self, template: str, status: int = 200, *, leads_to: str = "", **values: Any) -> HTMLResponse:
        """Return the page. `leads_to` is the address where a form on it ends, when that is not here."""
        content = self._environment.get_template(f"{template}.html").render(values)
        return HTMLResponse(content, status, self._headers(leads_to))

    def _headers(self, leads_to: str) -> dict[str, str]:
        forms = ANY_FORMS if leads_to and urlsplit(leads_to).hostname == "::1" else LOOPBACK_FORMS
        policy = (
            "default-src 'none'",
            f"style-src {self._style_source}",
            f"form-action {forms}",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
        return {
            "Cache-Control": "no-store",
            "Content-Security-Policy": "; ".join(policy),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        }
