"""What shots come to: how many seeds a mutant takes, and why it was not found."""

from math import inf

import pytest

from sim.search.hunt.hunted import (
    BLIND,
    CRIED_WOLF,
    FOUND,
    SURVIVED,
    TOO_NARROW,
    UNFOUND,
    UNTRIED,
    Hunted,
    hunted,
    mean_of,
)
from sim.search.hunt.shots import Kind, Shot

TORN: Kind = ("instants", "read refuted")
LOST: Kind = ("timestamps", "data differ")


def shot(seed: int, *kinds: Kind, strategy: str = "", is_changed: bool | None = None) -> Shot:
    by_turns = strategy or ("swarm" if seed % 2 else "races")
    return Shot(seed, by_turns, 0.5, kinds, is_set_up=True, is_changed=is_changed)


def of(*shots: Shot, may_survive: bool = False) -> Hunted:
    return hunted("a-mutant", shots, may_survive=may_survive)


def test_seeds_and_seconds_are_those_up_to_the_first_finding() -> None:
    one = of(shot(0), shot(1), shot(2, TORN, LOST), shot(3), shot(4, LOST))

    assert (one.seeds, one.seconds) == (3, 1.5)
    assert (one.hits, one.shots) == (2, 5)
    assert one.first is not None
    assert one.first.seed == 2
    assert one.kind == TORN
    assert one.checker == "instants"
    assert one.strategy == "races"
    assert one.verdict == FOUND


def test_the_mean_is_one_in_so_many() -> None:
    one = of(*(shot(seed, *([LOST] if seed < 20 else [])) for seed in range(100)))

    assert one.mean is not None
    assert one.mean.seeds == 5.0
    assert 3.4 < one.mean.least < 3.6  # Wilson of 20 in 100: 0.1334 … 0.2888
    assert 7.4 < one.mean.most < 7.6


def test_without_a_finding_there_is_no_mean() -> None:
    assert mean_of(0, 100) is None
    assert of(shot(0), shot(1)).mean is None


def test_one_finding_of_one_says_little() -> None:
    mean = mean_of(1, 1)

    assert mean is not None
    assert mean.seeds == 1.0
    assert 4 < mean.most < inf


def test_checkers_and_strategies_are_counted_by_their_findings() -> None:
    one = of(shot(0, TORN), shot(1, LOST, TORN), shot(2), shot(3, LOST))

    assert one.checkers == {"instants": 1, "timestamps": 2}
    assert one.strategies == {"races": (1, 2), "swarm": (2, 2)}


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [((False, False), TOO_NARROW), ((False, True), BLIND), ((None, None), UNFOUND)],
)
def test_what_is_not_found_is_told_by_kind(changed: tuple[bool | None, ...], verdict: str) -> None:
    one = of(*(shot(seed, is_changed=so) for seed, so in enumerate(changed)))

    assert one.verdict == verdict
    assert not one.ok


def test_what_may_survive_and_does_is_as_it_should_be() -> None:
    assert of(shot(0), may_survive=True).verdict == SURVIVED
    assert of(shot(0), may_survive=True).ok


@pytest.mark.parametrize("may_survive", [False, True])
def test_whoever_had_no_run_was_not_tried(may_survive: bool) -> None:
    one = of(may_survive=may_survive)

    assert one.verdict == UNTRIED
    assert not one.ok


def test_a_finding_where_nothing_is_wrong_is_a_false_alarm() -> None:
    one = of(shot(0, LOST), may_survive=True)

    assert one.verdict == CRIED_WOLF
    assert not one.ok
