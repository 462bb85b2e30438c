"""Cycles of nodes: the right proportions, evenly spread, and a bound on their length."""

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.upstream.balancer import MAX_CYCLE, Balancer, Node, plan_cycle

Weighted = tuple[str, int, int]
WEIGHTS = st.lists(st.integers(0, 12), min_size=1, max_size=8)


def nodes_of(weights: list[int]) -> tuple[Weighted, ...]:
    """Nodes with these weights."""
    return tuple(("10.0.0.1", 8000 + index, weight) for index, weight in enumerate(weights))


def ports(cycle: tuple[Node, ...]) -> list[int]:
    """The cycle as numbers of nodes."""
    return [port - 8000 for _, port in cycle]


def test_equal_weights_take_turns() -> None:
    """However large they are."""
    assert [0, 1, 2] == ports(plan_cycle(nodes_of([1, 1, 1])))
    assert [0, 1, 2] == ports(plan_cycle(nodes_of([100, 100, 100])))


def test_a_heavy_node_is_not_asked_in_a_row() -> None:
    """Its turns are spread among the others'."""
    assert [0, 1, 0, 2, 0] == ports(plan_cycle(nodes_of([3, 1, 1])))
    assert [0, 1, 0] == ports(plan_cycle(nodes_of([2, 1])))


def test_without_weight_a_node_has_no_turn() -> None:
    """And nothing has none."""
    assert [0, 2] == ports(plan_cycle(nodes_of([5, 0, 5])))
    assert () == plan_cycle(nodes_of([0, 0]))
    assert () == plan_cycle(())


@given(WEIGHTS)
def test_turns_are_in_proportion_to_weights(weights: list[int]) -> None:
    """Exactly, over one cycle."""
    turns = Counter(ports(plan_cycle(nodes_of(weights))))
    total = sum(weights)

    for index, weight in enumerate(weights):
        assert not total or Fraction(turns[index], turns.total()) == Fraction(weight, total)


@given(WEIGHTS)
def test_a_cycle_is_as_short_as_it_can_be(weights: list[int]) -> None:
    """Weights 2 and 4 are 1 and 2."""
    turns = Counter(ports(plan_cycle(nodes_of(weights)))).values()

    assert not turns or not any(all(count % divisor == 0 for count in turns) for divisor in range(2, 13))


@given(WEIGHTS.filter(any))
def test_turns_are_smooth(weights: list[int]) -> None:
    """At every point, also across the seam, each node has had its share to within two turns."""
    cycle = ports(plan_cycle(nodes_of(weights))) * 2
    total = sum(weights)
    for index, weight in enumerate(weights):
        had = 0
        for position, chosen in enumerate(cycle, start=1):
            had += chosen == index
            assert abs(had - Fraction(weight * position, total)) < 2


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=30))
def test_a_cycle_has_a_bound_and_forgets_no_node(weights: list[int]) -> None:
    """Weights that share no divisor would make it as long as their sum."""
    cycle = ports(plan_cycle(nodes_of(weights)))

    assert len(cycle) <= MAX_CYCLE + len(weights)
    assert {index for index, weight in enumerate(weights) if weight} == set(cycle)


@pytest.mark.parametrize("weights", [[9999, 1], [7001, 2999, 1]])
def test_a_shortened_cycle_keeps_the_proportions_nearly(weights: list[int]) -> None:
    """To a thousandth of all turns; the smallest keep one."""
    turns = Counter(ports(plan_cycle(nodes_of(weights))))

    for index, weight in enumerate(weights):
        assert abs(turns[index] / turns.total() - weight / sum(weights)) < 0.002


def test_a_balancer_walks_its_cycle_for_ever() -> None:
    """From its beginning, again and again."""
    cycle = plan_cycle(nodes_of([2, 1]))
    balancer = Balancer(cycle)

    assert [*cycle, *cycle, cycle[0]] == [balancer.choose() for _ in range(7)]
    assert (("10.0.0.1", 8000), ("10.0.0.1", 8001)) == balancer.nodes


def test_an_empty_balancer_has_nobody() -> None:
    """Neither first nor other."""
    balancer = Balancer(())

    assert (None, None, ()) == (balancer.choose(), balancer.choose_other(set()), balancer.nodes)


def test_another_node_is_one_that_was_not_tried() -> None:
    """Each once; then nobody."""
    balancer = Balancer(plan_cycle(nodes_of([1, 5, 1])))
    tried: set[Node] = set()
    while (other := balancer.choose_other(tried)) is not None:
        assert other not in tried
        tried.add(other)

    assert set(balancer.nodes) == tried
