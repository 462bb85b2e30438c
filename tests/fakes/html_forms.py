"""The forms of an HTML page, as much of them as sign-in pages use: inputs, buttons, defaults.

Not a document model: no selects, no scripts, no `form` attributes that point elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

NOT_SENT = frozenset({"submit", "button", "image", "reset", "file"})


@dataclass
class Form:
    """One form. `fields` are its inputs with their defaults; `buttons` the (name, value) of what submits it."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def filled(self, fields: Mapping[str, str], button: str | None = None) -> list[tuple[str, str]]:
        """Return what is sent when a person fills in `fields`. Raises AssertionError for a field that is not there."""
        missing = set(fields) - set(self.fields)
        if missing:
            raise AssertionError(f"no field {sorted(missing)} among {sorted(self.fields)}")
        pressed = [pair for pair in self.buttons if button is None or pair[1] == button][:1]
        if button is not None and not pressed:
            raise AssertionError(f"no button {button!r} among {self.buttons}")
        return [*{**self.fields, **fields}.items(), *(pair for pair in pressed if pair[0])]


def read_forms(html: str) -> list[Form]:
    """Return the forms of a page, in order."""
    reader = _FormReader()
    reader.feed(html)
    reader.close()
    return reader.forms


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(given.get("action", ""), given.get("method", "get").upper())
            self.forms.append(self._open)
        elif self._open is not None and tag in {"input", "button"}:
            self._add(self._open, tag, given, is_checked=any(name == "checked" for name, _ in attrs))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None

    def _add(self, form: Form, tag: str, given: dict[str, str], *, is_checked: bool) -> None:
        name, kind = given.get("name", ""), given.get("type", "submit" if tag == "button" else "text").lower()
        if kind == "submit":
            form.buttons.append((name, given.get("value", "")))
        elif name and kind not in NOT_SENT and (kind not in {"checkbox", "radio"} or is_checked):
            form.fields[name] = given.get("value", "on" if kind in {"checkbox", "radio"} else "")
