"""The tally: the same whatever order runs come back in, and of one size."""

from itertools import permutations

import pytest

from network.events import EVENTS
from sim.search.results import FIRST_MAX, KINDS_MAX, OTHER, Results
from sim.search.rows import KILLED, killed, not_set_up
from tests.sim.search.jobs import WRONG, row, wrong


def told(results: Results) -> object:
    return (
        results.runs,
        results.failed,
        {kind: (g.runs, g.count, g.first) for kind, g in results.groups.items()},
        results.marks,
        results.novelty(),
    )


def test_the_tally_does_not_depend_on_the_order_of_runs() -> None:
    rows = [row(1), wrong(2), wrong(3, 1), not_set_up(0, 4, "no table"), killed(1, 5, "died")]
    tallies = []
    for order in permutations(rows):
        results = Results(2)
        for one in order:
            results.add(one)
        tallies.append(told(results))

    assert all(tally == tallies[0] for tally in tallies)


def test_of_each_kind_the_lowest_seeds_are_named() -> None:
    results = Results(1)
    for seed in reversed(range(1_000)):
        results.add(wrong(seed))

    group = results.groups[WRONG]
    assert (group.runs, group.count) == (1_000, 2_000)
    assert [seen.seed for seen in group.first] == list(range(FIRST_MAX))
    assert group.first[0].explanation == "seed 0 lost an item, and more"


def test_kinds_beyond_the_most_are_counted_together() -> None:
    results = Results(1)
    for n in range(KINDS_MAX + 20):
        results.add(wrong(n, findings={("checker", f"kind {n}"): 1}))

    assert len(results.groups) == KINDS_MAX + 1
    assert results.groups[OTHER].runs == 20
    assert results.failed == KINDS_MAX + 20


def test_a_run_that_could_not_be_set_up_is_neither_good_nor_bad() -> None:
    results = Results(1)
    results.add(not_set_up(0, 7, "CreateTable was answered 500"))

    assert (results.runs, results.failed, results.groups) == (0, 0, {})
    assert results.not_set_up.first[0].seed == 7
    assert results.tallies[0].not_set_up == 1


def test_a_run_that_killed_its_process_is_a_finding() -> None:
    results = Results(1)
    results.add(killed(0, 7, "it died"))

    assert results.failed == 1
    assert results.groups[KILLED].first[0].seed == 7


def test_marks_count_runs_and_those_without_any_are_named() -> None:
    results = Results(1)
    results.add(row(1, marks={"transaction.begun": 40, "recovery.began": 3}))
    results.add(row(2, marks={"transaction.begun": 41, "recovery.began": 0}))

    assert results.marks["transaction.begun"] == 2
    assert results.marks["recovery.began"] == 1
    assert "recovery.began" not in results.never_seen
    assert len(results.never_seen) == len(EVENTS) - 2


def test_novelty_is_the_part_of_runs_whose_set_of_marks_was_seen_once() -> None:
    results = Results(1)
    assert results.novelty() is None
    shapes = [["a"], ["a"], ["a", "b"], ["b"], ["a"]]
    for seed, shape in enumerate(shapes):
        results.add(row(seed, marks=dict.fromkeys(shape, seed + 1)))

    assert results.shapes == 3
    assert results.novelty() == pytest.approx(2 / 5)


def test_where_all_runs_are_alike_nothing_new_is_expected() -> None:
    results = Results(1)
    for seed in range(50):
        results.add(row(seed))

    assert results.novelty() == 0
