"""The loop over plugins: order, accumulation, the first reply, pending verdicts, and what must not get through."""

import pytest

from ostiary.http.request import Request
from ostiary.plugin import PASS, Admit, Pending, Principal, Reply, RequestEdits, Settled, edit_request
from ostiary.verdicts import Deciding
from tests.fakes.requests import make_request
from tests.fakes.scripted_plugins import ALICE, BOB, DENY, Later, ScriptedPlugin

NOW = 1_800_000_000.0
REQUEST = make_request()


def decide(*plugins: ScriptedPlugin, request: Request = REQUEST) -> tuple[Deciding, Reply | Pending | None]:
    """Start and run to the first stop."""
    deciding = Deciding(request, plugins)
    return deciding, deciding.advance(NOW)


def edits(*headers: tuple[str, str]) -> RequestEdits:
    """Header edits."""
    return edit_request(headers)


def test_without_plugins_nobody_is_admitted_and_nothing_is_said() -> None:
    """The host lets it pass."""
    deciding, outcome = decide()

    assert (None, False, None, None, (), "") == (
        outcome,
        deciding.admitted,
        deciding.principal,
        deciding.edits,
        deciding.set_cookies,
        deciding.reason,
    )


def test_every_plugin_is_asked_once_in_order() -> None:
    """With the request, whom the ones before admitted, and the time."""
    plugins = [ScriptedPlugin(PASS), ScriptedPlugin(Admit(ALICE, reason="a")), ScriptedPlugin(PASS)]
    _, outcome = decide(*plugins)

    assert outcome is None
    assert [[(REQUEST, None, NOW)], [(REQUEST, None, NOW)], [(REQUEST, ALICE, NOW)]] == [
        plugin.asked for plugin in plugins
    ]


def test_passing_admits_nobody() -> None:
    """`Pass` is "not mine", not "let through"."""
    deciding, outcome = decide(ScriptedPlugin(PASS))

    assert (None, False, "") == (outcome, deciding.admitted, deciding.reason)


@pytest.mark.parametrize("principal", [ALICE, None])
def test_admitting_is_noted_with_or_without_a_principal(principal: Principal | None) -> None:
    """The anonymous pass is an admission too."""
    deciding, outcome = decide(ScriptedPlugin(Admit(principal, reason="known")))

    assert (None, True, principal, "known") == (outcome, deciding.admitted, deciding.principal, deciding.reason)


def test_an_anonymous_pass_does_not_take_the_principal_away() -> None:
    """Whom one plugin admitted stays admitted; the later reason is told."""
    deciding, _ = decide(ScriptedPlugin(Admit(ALICE, reason="known")), ScriptedPlugin(Admit(None, reason="exempt")))

    assert (ALICE, "exempt") == (deciding.principal, deciding.reason)


def test_the_last_principal_counts() -> None:
    """Two authentication plugins are both required; the later one speaks last."""
    deciding, _ = decide(ScriptedPlugin(Admit(ALICE, reason="a")), ScriptedPlugin(Admit(BOB, reason="b")))

    assert (BOB, "b") == (deciding.principal, deciding.reason)


def test_the_first_reply_ends_it() -> None:
    """What was gathered before it is kept: cookies go with the answer."""
    last = ScriptedPlugin(PASS)
    deciding, outcome = decide(
        ScriptedPlugin(Admit(ALICE, reason="a", set_cookies=("s=1",))), ScriptedPlugin(DENY), last
    )

    assert (DENY, "not_for_you", ("s=1",), []) == (outcome, deciding.reason, deciding.set_cookies, last.asked)


def test_cookies_add_up() -> None:
    """In the order of the plugins."""
    deciding, _ = decide(
        ScriptedPlugin(Admit(ALICE, reason="a", set_cookies=("a=1", "b=2"))),
        ScriptedPlugin(Admit(None, reason="b", set_cookies=("c=3",))),
    )

    assert ("a=1", "b=2", "c=3") == deciding.set_cookies


@pytest.mark.parametrize("cookie", ["a=1\r\nX-Evil: 1", "a=1\n", "a=\x00", "a=\u2028"])
def test_a_cookie_that_is_not_one_line_denies(cookie: str) -> None:
    """The error reaches the host, which answers 503; nothing of the plugin's cookies is kept."""
    deciding = Deciding(REQUEST, (ScriptedPlugin(Admit(ALICE, reason="a", set_cookies=("ok=1", cookie))),))
    with pytest.raises(ValueError):  # noqa: PT011 - which of them does not matter, every one denies
        deciding.advance(NOW)

    assert () == deciding.set_cookies


# ------------------------------------------------------------------------------------------------------------- edits


def test_edits_of_different_names_add_up() -> None:
    """Both blocks, all names."""
    deciding, _ = decide(
        ScriptedPlugin(Admit(ALICE, reason="a", edits=edits(("X-A", "1")))),
        ScriptedPlugin(Admit(None, reason="b")),
        ScriptedPlugin(Admit(None, reason="c", edits=edits(("X-B", "2")))),
    )

    assert deciding.edits is not None
    assert (b"X-A: 1\r\nX-B: 2\r\n", frozenset({b"x-a", b"x-b"}), 2) == (
        deciding.edits.block,
        deciding.edits.names,
        deciding.edits.block.count(b"\r\n"),
    )


def test_where_two_set_one_name_the_later_stands() -> None:
    """Whatever the case; the earlier one's other lines stay."""
    deciding, _ = decide(
        ScriptedPlugin(Admit(ALICE, reason="a", edits=edits(("X-A", "1"), ("X-B", "1"), ("X-C", "1")))),
        ScriptedPlugin(Admit(ALICE, reason="b", edits=edits(("x-b", "2")))),
    )

    assert deciding.edits is not None
    assert (b"X-A: 1\r\nX-C: 1\r\nx-b: 2\r\n", frozenset({b"x-a", b"x-b", b"x-c"})) == (
        deciding.edits.block,
        deciding.edits.names,
    )


def test_a_later_deletion_takes_an_earlier_line_away() -> None:
    """A filter may remove what authentication set."""
    deciding, _ = decide(
        ScriptedPlugin(Admit(ALICE, reason="a", edits=edits(("X-A", "1"), ("X-B", "1")))),
        ScriptedPlugin(Admit(ALICE, reason="b", edits=edit_request([], delete=["X-A"]))),
    )

    assert deciding.edits is not None
    assert (b"X-B: 1\r\n", frozenset({b"x-a", b"x-b"})) == (deciding.edits.block, deciding.edits.names)


# ----------------------------------------------------------------------------------------------------------- pending


def test_a_pending_verdict_stops_the_loop_and_it_goes_on_behind_it() -> None:
    """The plugin is not asked again."""
    later = Later().pending
    pending, last = ScriptedPlugin(later), ScriptedPlugin(DENY)
    deciding, outcome = decide(pending, last)

    assert (later, []) == (outcome, last.asked)
    assert DENY is deciding.resume(Admit(ALICE, reason="settled"), NOW + 1)
    assert ([(REQUEST, None, NOW)], [(REQUEST, ALICE, NOW + 1)]) == (pending.asked, last.asked)
    assert (True, ALICE) == (deciding.admitted, deciding.principal)


@pytest.mark.parametrize(
    ("settled", "outcome", "admitted"),
    [(PASS, None, False), (Admit(None, reason="x"), None, True), (DENY, DENY, False)],
)
def test_what_it_settles_to_counts_like_any_verdict(settled: Settled, outcome: Reply | None, admitted: bool) -> None:
    """The last plugin's included."""
    deciding, _ = decide(ScriptedPlugin(Later().pending))

    assert (outcome, admitted) == (deciding.resume(settled, NOW), deciding.admitted)


def test_a_reply_that_it_settles_to_ends_it() -> None:
    """Nobody is asked behind it."""
    last = ScriptedPlugin(PASS)
    deciding, _ = decide(ScriptedPlugin(Later().pending), last)

    assert (DENY, []) == (deciding.resume(DENY, NOW), last.asked)


def test_a_second_pending_verdict_stops_again() -> None:
    """Each is settled in its turn."""
    one, two = Later().pending, Later().pending
    deciding, outcome = decide(ScriptedPlugin(one), ScriptedPlugin(two))

    assert one is outcome
    assert two is deciding.resume(PASS, NOW)
    assert deciding.resume(PASS, NOW) is None


def test_an_error_in_a_plugin_comes_out() -> None:
    """The host denies; nothing was admitted by then."""

    def fail(request: Request, principal: Principal | None, now: float) -> Settled:
        raise LookupError

    deciding = Deciding(REQUEST, (ScriptedPlugin(fail), ScriptedPlugin(Admit(ALICE, reason="a"))))
    with pytest.raises(LookupError):
        deciding.advance(NOW)

    assert not deciding.admitted
