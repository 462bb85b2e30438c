"""The contract's values: verdicts, principals, and header edits that cannot break a head."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.plugin import (
    MAX_EDIT_VALUE_BYTES,
    PASS,
    Admit,
    Claim,
    Pass,
    Pending,
    Place,
    Principal,
    Reply,
    edit_request,
)


def test_edits_render_one_line_for_each_header_and_name_what_goes() -> None:
    """The names are lower-case: they are what is deleted from the client's fields."""
    edits = edit_request([("X-Access-Token", "abc"), ("X-Userinfo", "e30=")], delete=["Authorization"])

    assert edits.block == b"X-Access-Token: abc\r\nX-Userinfo: e30=\r\n"
    assert edits.names == {b"x-access-token", b"x-userinfo", b"authorization"}


def test_no_edits_render_nothing() -> None:
    """An admission without headers changes nothing."""
    edits = edit_request([])

    assert (edits.block, edits.names) == (b"", frozenset())


@pytest.mark.parametrize("name", ["", "X Token", "X-Token:", "X\r\nY", "X\u00e9", "x" * 129, "X-Token\n"])
def test_a_name_that_is_no_token_is_refused(name: str) -> None:
    """RFC 9110 §5.1."""
    with pytest.raises(ValueError, match="not a token"):
        edit_request([(name, "value")])


@pytest.mark.parametrize(
    "value",
    [
        "a\r\nX-Admin: 1",
        "a\n",
        "a\rb",
        "\0",
        "\x1b[0m",
        "\x7f",
        "caf\u00e9",
        "\ud800",
        "x" * (MAX_EDIT_VALUE_BYTES + 1),
    ],
)
def test_a_value_that_could_leave_its_line_is_refused(value: str) -> None:
    """Claims are data from elsewhere; nothing is stripped, the caller decides."""
    with pytest.raises(ValueError, match="header X-Claim"):
        edit_request([("X-Claim", value)])


def test_the_refusal_does_not_repeat_the_value() -> None:
    """It may be a token."""
    with pytest.raises(ValueError, match="header X-Access-Token") as refusal:
        edit_request([("X-Access-Token", "s3cr3t\n")])

    assert "s3cr3t" not in str(refusal.value)


def test_the_largest_value_fits() -> None:
    """The limit itself is allowed."""
    edits = edit_request([("X-Claim", "x" * MAX_EDIT_VALUE_BYTES)])

    assert len(edits.block) == len("X-Claim: \r\n") + MAX_EDIT_VALUE_BYTES


@given(st.lists(st.tuples(st.sampled_from(["X-A", "x-b"]), st.text(max_size=40)), max_size=5))
def test_edits_are_whole_lines_or_refused(headers: list[tuple[str, str]]) -> None:
    """No claim value adds a line (DESIGN.md §9.13)."""
    try:
        edits = edit_request(headers)
    except ValueError:
        assert any(not value.isascii() or not value.replace("\t", " ").isprintable() for _, value in headers)
    else:
        assert edits.block == b"".join(f"{name}: {value}\r\n".encode("ascii") for name, value in headers)
        assert edits.block.count(b"\n") == edits.block.count(b"\r") == len(headers)


def test_a_principal_does_not_show_its_claims() -> None:
    """Logs and failing tests print reprs; subject and claims are personal."""
    principal = Principal(
        issuer="https://id.example",
        subject="alice",
        client_id="shop",
        kind="person",
        digest="d1",
        claims={"email": "a@b"},
    )

    assert repr(principal) == "Principal(person, d1)"


def test_an_admission_may_be_anonymous() -> None:
    """`Admit(None)` is the deliberate anonymous pass; it edits and sets nothing by itself."""
    admit = Admit(None, reason="anonymous")

    assert (admit.principal, admit.reason, admit.edits, admit.set_cookies) == (None, "anonymous", None, ())


def test_a_reply_is_a_whole_response() -> None:
    """Without more it has no headers and no body."""
    reply = Reply(401, reason="no_credentials")

    assert (reply.status, reply.reason, reply.headers, reply.body) == (401, "no_credentials", (), b"")


def test_passing_has_one_ready_value() -> None:
    """Nothing is made for a verdict that says nothing."""
    assert isinstance(PASS, Pass)


def test_a_pending_verdict_reads_no_body_unless_it_says_so() -> None:
    """The default limit is zero bytes."""

    async def settle() -> Pass:
        return PASS

    assert (Pending(settle).body_limit_bytes, Pending(settle, 16).body_limit_bytes) == (0, 16)
    assert Pending(settle).settle is settle


def test_a_claim_is_typed_and_a_place_reaches_nothing_by_default() -> None:
    """What the operator wrote wins over defaults; a place without hosts is on every host."""
    assert Claim("/callback", "callback").typed
    assert (Place(id="r1").hosts, Place(id="r1").uris) == ((), ())
