"""What the runs add up to: medians, how many times nginx a build costs, and how many times the other build.

Two builds are compared repeat by repeat, since they ran right after one another then; the spread over the repeats is
what the comparison can be trusted to.
"""

import statistics
from collections.abc import Iterable
from typing import NamedTuple

from tests.bench.scenarios import SCENARIOS

Costs = dict[tuple[str, str], list[float]]  # (scenario, door) -> µs per request, one for each repeat
Medians = dict[str, dict[str, float]]
OTHERS = ("compiled", "base")  # builds beside "ostiary", which is the working tree as source
OF_ALL = "S1-S4"
COMPARED = ("S1", "S2_repeated", "S2_new", "S3", "S4")


class Spread(NamedTuple):
    """The median of some figures, the smallest and the largest of them."""

    median: float
    lowest: float
    highest: float


def summarise(costs: Costs) -> Medians:
    """Return the medians by scenario, and how many times nginx the gateway costs."""
    results: Medians = {}
    for (scenario, door), values in costs.items():
        results.setdefault(scenario, {})[f"{door}_us"] = round(statistics.median(values), 2)
    for medians in results.values():
        medians["ratio"] = round(medians["ostiary_us"] / medians["nginx_us"], 3)
        for other in OTHERS:
            if f"{other}_us" in medians:
                medians[f"{other}_ratio"] = round(medians[f"{other}_us"] / medians["nginx_us"], 3)
    return results


def compare(costs: Costs) -> dict[str, Spread]:
    """Return how many times the base this build costs, by scenario, and for S1 to S4 together where all were run.

    Together it is the median of the five scenarios in each repeat, and the median and spread of those.
    """
    ratios = {
        scenario: [own / base for own, base in zip(values, costs[scenario, "base"], strict=True)]
        for (scenario, door), values in costs.items()
        if door == "ostiary" and (scenario, "base") in costs
    }
    compared = {scenario: _spread(values) for scenario, values in ratios.items()}
    if all(name in ratios for name in COMPARED):
        rounds = zip(*(ratios[name] for name in COMPARED), strict=True)
        compared[OF_ALL] = _spread(statistics.median(each) for each in rounds)
    return compared


def _spread(values: Iterable[float]) -> Spread:
    figures = list(values)
    return Spread(*(round(figure, 3) for figure in (statistics.median(figures), min(figures), max(figures))))


def render_table(results: Medians) -> str:
    """Return the figures as lines of text; `-` stands where a build has none, or a scenario no goal."""
    measured = [other for other in OTHERS if any(f"{other}_us" in medians for medians in results.values())]
    others = [f"{other}_{figure}" for other in measured for figure in ("us", "ratio")]
    columns = ["ostiary_us", "nginx_us", "ratio", *others]
    widths = {column: max(12, len(column) + 2) for column in [*columns, "goal"]}
    lines = [f"{'':12} {'':24}" + "".join(f"{column:>{width}}" for column, width in widths.items())]
    for scenario in SCENARIOS:
        if scenario.name in results:
            medians = {**results[scenario.name], **({"goal": scenario.goal} if scenario.goal else {})}
            cells = "".join(
                f"{medians[column]:{width}.2f}" if column in medians else f"{'-':>{width}}"
                for column, width in widths.items()
            )
            lines.append(f"{scenario.name:12} {scenario.what:24}{cells}")
    return "\n".join(lines)


def render_comparison(compared: dict[str, Spread]) -> str:
    """Return how many times the base this build costs, as lines of text."""
    lines = [f"{'times base':12} {'median':>8} {'lowest':>8} {'highest':>8}"]
    lines += [f"{name:12} " + " ".join(f"{figure:8.3f}" for figure in spread) for name, spread in compared.items()]
    return "\n".join(lines)
