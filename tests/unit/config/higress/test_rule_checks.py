"""A rule that never fits protects nothing: names have to be there."""

import pytest

from ostiary.config.higress.destinations import RoutedService
from ostiary.config.higress.rule_checks import RAW_KEYS, RULE_KEYS, ConditionCheck, KnownRoutes
from ostiary.config.higress.rules import Conditions, RouteFacts
from ostiary.config.service_sources import ServiceSource
from tests.fakes.higress import make_findings, manifest, wasm

SOURCE = ServiceSource.model_validate({"name": "x", "type": "static", "domain": "10.0.0.7:80"})
APPS, AUTH = RoutedService("apps.static", 80, SOURCE), RoutedService("auth.dns", 443, SOURCE)
NAMES = ("shop/orders", "ledger", "both")
FACTS = (RouteFacts("shop/orders", (APPS,)), RouteFacts("ledger", (AUTH,)), RouteFacts("both", (APPS, AUTH)))
ROUTES = KnownRoutes(NAMES, FACTS)
ALONE = KnownRoutes(NAMES, FACTS[:2])
PLACE = ("spec", "matchRules", 0)


def check(conditions: Conditions, routes: KnownRoutes = ALONE, *, is_raw: bool = False) -> list[str]:
    """What is wrong with the conditions of a rule."""
    findings = make_findings()
    keys = RAW_KEYS if is_raw else RULE_KEYS
    ConditionCheck(manifest(wasm()), PLACE, keys, findings).find_strangers(conditions, routes)
    return [str(problem).removeprefix("WasmPlugin/login.spec.matchRules[0].") for problem in findings.problems]


@pytest.mark.parametrize(
    "conditions",
    [
        Conditions(routes=("shop/orders", "ledger")),
        Conditions(prefixes=("shop/",)),
        Conditions(services=(("auth.dns", None), ("apps.static", 80))),
        Conditions(domains=("nobody.knows",)),
        Conditions(routes=("shop/orders", "ledger"), services=(("apps.static", None),)),
    ],
)
def test_what_is_there_may_be_named(conditions: Conditions) -> None:
    """And domains need not be: requests come with any host."""
    assert [] == check(conditions)


@pytest.mark.parametrize(
    ("conditions", "place", "words"),
    [
        (Conditions(routes=("ledger", "orders")), "ingress[1]", "did you mean `shop/orders`?"),
        (Conditions(routes=("higress-system/ledger",)), "ingress[0]", "did you mean `ledger`?"),
        (Conditions(routes=("nothing-like-it",)), "ingress[0]", "add the Ingress to this folder"),
        (Conditions(services=(("auth.dn", None),)), "service[0]", "did you mean `auth.dns`?"),
        (Conditions(services=(("auth.dns", 80),)), "service[0]", "no Ingress sends requests to auth.dns:80"),
        (
            Conditions(routes=("ledger",), services=(("apps.static", None),)),
            "service[0]",
            "none of its Ingresses sends requests to apps.static",
        ),
    ],
)
def test_a_stranger_is_refused_by_its_key(conditions: Conditions, place: str, words: str) -> None:
    """With the name that was probably meant."""
    (problem,) = check(conditions)

    assert problem.startswith(place)
    assert words in problem


def test_the_raw_notation_has_other_keys() -> None:
    """And beginnings of names."""
    assert check(Conditions(prefixes=("team/",)), is_raw=True)[0].startswith("_match_route_prefix_[0]")
    assert check(Conditions(routes=("x",)), is_raw=True)[0].startswith("_match_route_[0]")


def test_a_service_is_all_of_a_routes_or_none() -> None:
    """Which of several is chosen after the plugins decided."""
    (problem,) = check(Conditions(services=(("auth.dns", None),)), ROUTES)

    assert problem.startswith("service ")
    assert "both sends requests to other services too" in problem
    assert [] == check(Conditions(services=(("auth.dns", None), ("apps.static", None))), ROUTES)


def test_routes_that_a_rule_does_not_name_are_nothing_to_it() -> None:
    """What they share stays theirs."""
    assert [] == check(Conditions(routes=("ledger",), services=(("auth.dns", None),)), ROUTES)
    assert 1 == len(check(Conditions(routes=("both",), services=(("auth.dns", None),)), ROUTES))


def test_where_routes_could_not_be_read_no_service_is_a_stranger() -> None:
    """The routes have problems of their own."""
    assert [] == check(Conditions(services=(("auth.dn", None),)), KnownRoutes(NAMES, None))


def test_what_does_not_count_is_said() -> None:
    """And what is wider than it looks."""
    findings = make_findings()
    rule_check = ConditionCheck(manifest(wasm()), PLACE, RULE_KEYS, findings)

    rule_check.note(Conditions(routes=("ledger",)), ("domains",))
    rule_check.note(Conditions(domains=("*example.com", "*.fine", "*", "a.b", "x*")), ())

    place = "WasmPlugin/login.spec.matchRules[0]: "
    assert [
        place + "beside `ingress` Higress does not look at `domain`",
        place + "`*example.com` also fits hosts like other-example.com: write `*.example.com`, and `example.com` if "
        "it is meant too",
    ] == findings.notices
