"""The fields of Higress's `oauth2` as facts, and where ours differ on purpose. No test of its own.

One row for each field of its document, with type, default and whether it is required as they stand there. The
differences are the whole list: one that is not in it, or no longer one, fails `tests/reference/test_oauth2_page.py`.
"""

from typing import NamedTuple


class Row(NamedTuple):
    """A field as it is documented; `place` is its name in the generated page."""

    place: str
    type: str
    required: bool = False
    default: str = ""


class Difference(NamedTuple):
    """What is otherwise here: `ours` is what stands in the generated page, `reason` why."""

    ours: str
    reason: str


ROWS = [
    Row("consumers", "array[object]", required=True),
    Row("issuer", "string", default="Higress-Gateway"),
    Row("auth_path", "string", default="/oauth2/token"),
    Row("global_credentials", "boolean", default="true"),
    Row("auth_header_name", "string", default="Authorization"),
    Row("token_ttl", "integer", default="7200"),
    Row("clock_skew_seconds", "integer", default="60"),
    Row("keep_token", "boolean", default="true"),
    Row("global_auth", "array[string]"),
    Row("consumers[].name", "string", required=True),
    Row("consumers[].client_id", "string", required=True),
    Row("consumers[].client_secret", "string", required=True),
    Row("allow", "array[string]"),
]

# (name, column) → what is otherwise, and why.
DIFFERENCES = {
    ("consumers", "required"): Difference("conditional", "a rule of `allow` alone restricts a wider level's"),
    ("consumers[].client_secret", "required"): Difference(
        "conditional", "a client may prove itself by a digest of its secret, or by a key of its own"
    ),
    ("global_credentials", "default"): Difference("", "the document's first example assumes false in a route's rule"),
    ("global_auth", "type"): Difference("boolean", "the document means true and false, as its text says"),
}
