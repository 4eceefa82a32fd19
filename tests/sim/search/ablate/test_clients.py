"""What a story's clients were told, judged by itself: refused where it must be, and only there."""

import pytest

from sim.checkers.graph import Txn
from sim.run import run
from sim.scenario import load, parse
from sim.search.ablate.clients import (
    CONTRADICTION,
    EXPLAINED,
    NOBODY_READ,
    NOT_LISTED,
    UNCLEAR,
    clients_told,
    judged,
    transactions,
)
from sim.search.shrink.failure import Failure, found

FIRST = Txn("first", [("w", "a", "0"), ("w", "b", "0")], 0, 1, "ok")
WRITER = Txn("writer", [("w", "a", "1"), ("w", "b", "2")], 2, 9, "ok")


def read(a: str, b: str, invoked: int, returned: int) -> Txn:
    return Txn("reader", [("r", "a", a), ("r", "b", b)], invoked, returned, "ok")


@pytest.mark.parametrize(
    ("reader", "expected"),
    [
        (read("0", "0", 3, 8), EXPLAINED),
        (read("1", "2", 3, 8), EXPLAINED),
        (read("1", "0", 3, 8), CONTRADICTION.format("G-single")),  # Torn.
        (read("0", "0", 10, 11), CONTRADICTION.format("G-single-realtime")),  # Stale.
    ],
)
def test_torn_and_stale_reads_contradict_themselves_and_others_do_not(
    reader: Txn, expected: str
) -> None:
    assert judged([FIRST, WRITER, reader]) == expected


def test_where_nobody_reads_no_client_can_tell() -> None:
    assert judged([FIRST, WRITER]) == NOBODY_READ


STALE = """
[network]
delay_us = "1000"
[workload]
name = "listed"
clients = 1
requests = '''
k1: write put(a, 1) put(d, 2)
k1: update a 3
k1: read a d
k1: get d
k1: delete d
k1: read a d
'''
"""


def test_a_history_is_read_by_its_values() -> None:
    result = run(parse(STALE, "values", {}), 1)

    told = [txn.ops for txn in transactions(result.history)]

    assert told == [
        [("w", "a", "1"), ("w", "d", "2")],
        [("w", "a", "3")],
        [("r", "a", "3"), ("r", "d", "2")],
        [("r", "d", "2")],
        [("w", "d", told[4][0][2])],
        [("r", "a", "3")],  # Who removed d is not known by its being missing.
    ]
    assert judged(transactions(result.history)) == EXPLAINED


def test_a_scenario_that_is_broken_is_told_by_its_clients_if_they_read() -> None:
    requests = "k1: write update(a, 1)\nk1: read a"
    scenario = parse(STALE, "values", {"workload.requests": requests, "workload.there": "a=0"})
    failure = found(scenario, 1, "commits-are-never-applied")
    assert failure is not None

    assert clients_told(failure).startswith("What its clients were told contradicts itself")


def test_another_workload_is_not_judged() -> None:
    failure = Failure(load("bank"), 1, None, (("items", "stale read"),), "")

    assert clients_told(failure) == NOT_LISTED


def test_reads_that_cannot_be_judged_are_not_called_none() -> None:
    requests = "k1: write delete(a)\nk1: read a"
    scenario = parse(STALE, "values", {"workload.requests": requests, "workload.there": "a=0"})

    assert clients_told(Failure(scenario, 1, None, (("items", "stale read"),), "")) == UNCLEAR
