"""The nemesis: faults come at their places in the clients' work, and no sooner."""

import pytest

from sim.chance import Overrides
from sim.cluster_run import Run
from sim.faults.nemesis import AFTER_US_MAX, TICK_US
from sim.scenario import load
from sim.trace import Event
from sim.workload import Budget
from tests.sim.faults.small import SMALL

TWO = {**SMALL, "faults.crashes": "2", "faults.downtime_us": "1000", "workload.transactions": "20"}


def crashes(places: tuple[int, int]) -> list[tuple[int, int]]:
    """Run with two crashes at these places; return when they came, and what had begun by then."""
    overrides: Overrides = {("crash place", n): place for n, place in enumerate(places, 1)}
    going = Run(load("bank", TWO), 1, overrides)
    seen: list[tuple[int, int]] = []

    def listen(event: Event) -> None:
        if event.name == "host.crashed":
            seen.append((event.us, going.budget.begun))

    going.listen(listen)
    going.go()
    return seen


@pytest.mark.parametrize("places", [(8, 15), (15, 8), (10, 10)])
def test_a_fault_comes_a_moment_after_its_place_in_the_work(places: tuple[int, int]) -> None:
    found = crashes(places)

    assert len(found) == 2
    # Not before its place; and few transactions begin in the moment after it.
    for (_, begun), place in zip(found, sorted(places), strict=True):
        assert place <= begun <= place + 4


def test_a_place_that_is_over_when_the_trouble_begins_is_looked_at_first() -> None:
    """The opening of the bank's story has begun some transactions already."""
    (first_us, _), (second_us, _) = crashes((0, 1))

    assert abs(second_us - first_us) <= AFTER_US_MAX + TICK_US


def test_a_budget_tells_once_that_so_many_have_begun() -> None:
    budget = Budget(5)
    told: list[int] = []
    budget.take()

    budget.tell(3, lambda: told.append(budget.begun))
    for _ in range(4):
        budget.take()

    assert told == [3]


def test_a_budget_cannot_tell_of_what_is_over() -> None:
    budget = Budget(5)
    budget.take()

    with pytest.raises(AssertionError, match="over"):
        budget.tell(1, lambda: None)
