"""What is written is read back as the same values."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ostiary.config.higress.exporting import Export, Piece
from ostiary.config.higress.writing import write_export
from ostiary.config.reading import read_yaml

NOTHING = Export((), {}, (), (), (), (), ())
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12) | st.sampled_from(
    [
        "no",
        "1e3",
        "010",
        "0o17",
        "12:30",
        "~",
        "null",
        "true",
        ".inf",
        "<<",
        "$ENV://X",
        "*a",
        "&a",
        "- a",
        "a: b",
        "#",
        "",
        "\x85",
        "a\u2028b",
        "\ufeff",
        "a\n b\n",
        " a",
    ]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc_", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_every_value_is_read_back(value: Any) -> None:
    """Whatever YAML 1.1 and 1.2 make of it."""
    text = write_export(NOTHING._replace(routes=(Piece(("a comment",), {"id": value}),)), "folder", ())

    reading = read_yaml(text.encode())

    assert () == reading.problems
    assert {"routes": [{"id": value}]} == reading.tree


def test_sections_stand_in_their_order_with_comments() -> None:
    """Empty ones are left out."""
    same = {"x": 1}
    written = NOTHING._replace(
        sources=(Piece((), {"name": "auth"}),),
        instance={"oidc": same, "oauth2": same},
        routes=(Piece(("Ingress/shop",), {"id": "shop"}),),
        notes=("something",),
    )

    text = write_export(written, "./folder", ("else\nroutes: []",))

    assert text.startswith("# Written by `ostiary import higress ./folder`")
    assert "# - something\n# - else?routes: []\n" in text
    assert (
        "\nservice_sources:\n  - name: auth\n\ninstance:\n  plugins:\n    oidc:\n      x: 1\n    oauth2:\n      x: 1\n"
        "\nroutes:\n  # Ingress/shop\n  - id: shop\n"
    ) in text
