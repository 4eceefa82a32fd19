"""Which runs a sweep makes: each once, all combinations alike."""

from collections import Counter

from sim.search.grid import COMBINATIONS_MAX
from sim.search.plan import Plan
from tests.sim.search.jobs import plan

TWO = ({"network.loss": "0"}, {"network.loss": "0.1"})


def taken(chosen: Plan, size: int) -> list[tuple[int, int]]:
    runs = []
    while (chunk := chosen.chunk(size)) is not None:
        assert 0 < len(chunk.seeds) <= size
        assert chunk.scenario is chosen.scenarios[chunk.combination]
        runs += [(chunk.combination, seed) for seed in chunk.seeds]
    return runs


def test_every_run_is_taken_once() -> None:
    assert sorted(taken(plan(3, 50, TWO), 7)) == [(n, s) for n in (0, 1) for s in range(3, 50)]


def test_combinations_take_turns() -> None:
    first = taken(plan(0, 100, TWO), 10)[:60]

    assert Counter(combination for combination, _ in first) == {0: 30, 1: 30}


def test_what_is_done_is_skipped_and_counted_once() -> None:
    chosen = plan(10, 20, TWO)

    assert chosen.skip(1, 15)
    assert not chosen.skip(1, 15)
    assert chosen.skip(0, 10)

    runs = taken(chosen, 3)
    assert len(runs) == chosen.runs - 2 == 18
    assert (1, 15) not in runs
    assert (0, 15) in runs


def test_nothing_is_left_where_all_is_done() -> None:
    chosen = plan(0, 5)
    for seed in range(5):
        chosen.skip(0, seed)

    assert chosen.chunk(2) is None


def test_nothing_is_left_of_many_combinations_that_are_done() -> None:
    one, many = plan(0, 1).base, COMBINATIONS_MAX
    chosen = Plan((one,) * many, ({},) * many, first=0, end=1)
    for combination in range(many):
        chosen.skip(combination, 0)

    assert chosen.chunk(2) is None
