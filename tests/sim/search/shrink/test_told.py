"""A run in sentences: what is left out is counted."""

from sim.scenario import load
from sim.search.shrink.told import OPERATIONS_MAX, SENTENCES_MAX, Telling, told

CALM = {"network.loss": "0", "network.repeat": "0", "faults.crashes": "0"}


def bank(transactions: int) -> Telling:
    return told(load("bank", {**CALM, "workload.transactions": str(transactions)}), 1, "")


def untold(telling: Telling) -> int:
    """Return how many sentences the last one says that there are."""
    number, _, rest = telling.sentences[-1].partition(" ")
    assert rest == "more sentences would tell the rest."
    return int(number)


def test_a_story_says_how_much_of_it_is_left_out() -> None:
    some, more = bank(SENTENCES_MAX // 2 + 1), bank(OPERATIONS_MAX + 5)

    assert len(some.sentences) == len(more.sentences) == SENTENCES_MAX + 1
    operations = len(more.result.history) - len(some.result.history)
    assert untold(more) - untold(some) == 2 * operations > 0


def test_a_story_that_is_short_is_told_whole() -> None:
    whole = told(load("one-transaction"), 1, "").sentences

    assert 0 < len(whole) <= SENTENCES_MAX
    assert not any("tell the rest" in one for one in whole)
