"""The step sweep: every step of a small world is hit, counted as the step language counts it."""

import os
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import TypeVar

import pytest

from sim.faults.steps import parse
from sim.scenario import Scenario, load
from sim.search.steps.cells import Cell, CellRun, Done, placed, run_cells, seconds
from sim.search.steps.columns import ON_MESSAGES, ON_WRITES, columns_of
from sim.search.steps.occasions import Occasion, TooLargeError
from sim.search.steps.table import Table, sweep, undisturbed

ONE, TWO = load("one-transaction"), load("two-that-conflict")
SOAK = "TWOPHASE_SOAK" in os.environ

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Alone:
    """A pool of one worker, which is this process."""

    jobs = 1

    def submit(self, job: Callable[[Asked], Answer], asked: Asked) -> Future[Answer]:
        future: Future[Answer] = Future()
        future.set_result(job(asked))
        return future

    def mend(self) -> None: ...

    def check(self) -> None: ...

    def close(self) -> None: ...


def cell_at(address: str) -> Cell:
    (found,) = [cell for cell in undisturbed(ONE, 1).cells if cell.address == address]
    return found


def row_of(said: str) -> int:
    """Return the row of the one occasion that is told with these words."""
    calm = undisturbed(ONE, 1)
    (row,) = [n for n, one in enumerate(calm.occasions, 1) if said in one.said]
    return row


def test_a_transaction_over_two_partitions_has_its_messages_and_its_durable_writes() -> None:
    occasions = undisturbed(ONE, 1).occasions

    said = [one.said for one in occasions]
    assert said[0].startswith("k1 → r1")
    assert sum("→ p" in one and "prepare" in one for one in said) == 2
    assert sum("→ p" in one and "commit" in one for one in said) == 2
    assert [one.name for one in occasions if one.is_write and one.source == "p1"] == [
        "p1's write #1",
        "p1's write #2",
    ]
    assert sum(one.is_write and one.source == "l1" for one in occasions) == 3
    assert len({one.name for one in occasions}) == len(occasions)


def test_every_fault_is_a_step_that_the_step_language_reads() -> None:
    for cell in undisturbed(ONE, 1).cells:
        assert parse(cell.step).hosts()


def test_no_column_crashes_a_client() -> None:
    asked = Occasion("k1>r1 #1", "k1 → r1", "k1", "r1", False)

    assert [column.letter for column in columns_of(asked)] == ["a", "b", "c", "f", "g"]


@pytest.mark.parametrize("world", [ONE, TWO], ids=["one", "two"])
def test_every_single_fault_comes_and_no_check_finds_anything(world: Scenario) -> None:
    table = Table(undisturbed(world, 1))

    sweep(world, 1, table, Alone(), with_pairs=False)

    assert len(table.singles) == len(table.undisturbed.cells) > 100
    assert [address for address, told in table.singles.items() if not told.verdict.came[0]] == []
    assert table.ok, [(told.address, told.verdict.findings) for told in table.found]


def test_a_coordinator_lost_before_its_first_vote_is_replaced_by_recovery() -> None:
    row = row_of("c1 → p1  prepare")

    verdict, _ = run_cells(ONE, 1, (cell_at(f"{row}e"),))

    (ending,) = verdict.endings
    assert (ending.told, ending.truth, ending.is_recovered) == ("committed", "committed", True)
    assert ending.told_us > 5_000_000  # It was stalled for that long.


def test_a_lost_answer_is_given_again_to_the_retry() -> None:
    row = row_of("r1 → k1")

    verdict, _ = run_cells(ONE, 1, (cell_at(f"{row}a"),))

    (ending,) = verdict.endings
    assert (ending.told, ending.truth, ending.is_recovered) == ("committed", "committed", False)
    assert ending.finished_us is not None
    assert ending.finished_us < ending.told_us


def test_endings_are_in_the_order_of_clients_whoever_is_answered_first() -> None:
    calm, _ = run_cells(TWO, 1, ())
    first = undisturbed(TWO, 1).cells[0]
    late, _ = run_cells(TWO, 1, (first,))

    assert first.address == "1a"  # Of k1's request.
    for verdict in (calm, late):
        assert [one.client for one in verdict.endings] == ["k1", "k2"]
        assert [one.call.partition("/")[0] for one in verdict.endings] == ["k1", "k2"]
    assert late.endings[0].told_us > 1_000_000 > late.endings[1].told_us
    assert calm.endings[0].call == late.endings[0].call


def test_a_clients_requests_are_in_the_order_in_which_it_asks() -> None:
    lines = "k10: get a\nk2: get a\nk2: read a\nk2: put a 1"
    settings = {"workload.requests": lines, "workload.clients": "10", "workload.transactions": "2"}

    verdict, _ = run_cells(load("one-transaction", settings), 1, ())

    assert [one.client for one in verdict.endings] == ["k2", "k2", "k2", "k10"]
    assert [one.told for one in verdict.endings] == [
        "answered",
        "committed",
        "answered",
        "answered",
    ]


def test_the_second_fault_of_a_pair_can_hit_what_only_the_first_has_called_forth() -> None:
    first = cell_at(f"{row_of('c1 → p1  prepare')}e")
    _, occasions = run_cells(ONE, 1, (first,))

    by_recovery = [cell for cell in seconds(first, occasions) if cell.occasion.source == "c2"]

    assert by_recovery
    verdict, _ = run_cells(ONE, 1, (first, by_recovery[0]))
    assert verdict.came == (True, True)
    assert verdict.findings == ()


def test_a_message_that_a_crash_keeps_from_leaving_counts_all_the_same() -> None:
    first = cell_at("7d")
    assert first.occasion.name == "l1>c1 #2"
    _, occasions = run_cells(ONE, 1, (first,))

    again = [cell for cell in seconds(first, occasions) if cell.occasion.name.startswith("l1>c1")]

    assert again[0].occasion.name == "l1>c1 #3"
    for cell in again[:7]:
        assert run_cells(ONE, 1, (first, cell))[0].came == (True, True)


def test_steps_of_the_scenarios_own_count_as_the_first_fault_of_a_pair_does() -> None:
    first = cell_at("7d")
    disturbed, occasions = run_cells(ONE, 1, (first,))
    scenario = placed(ONE, (first.step,))

    verdict, as_its_own = run_cells(scenario, 1, ())

    assert as_its_own == occasions
    assert (disturbed.came, verdict.came) == ((True,), ())
    for cell in seconds(first, occasions)[:7]:
        assert run_cells(scenario, 1, (cell,))[0].came == (True,)


def test_a_pair_is_taken_once() -> None:
    first = cell_at("3b")
    _, occasions = run_cells(ONE, 1, (first,))

    later = {cell.address for cell in seconds(first, occasions)}

    assert "3c" in later
    assert "4a" in later
    assert not {"3a", "3b", "2g"} & later


def test_pairs_of_a_few_cells_hold_and_those_that_differ_are_listed() -> None:
    cells = {"2a", "2f"}
    calm = undisturbed(ONE, 1)
    few = tuple(cell for cell in calm.cells if cell.address in cells)
    table = Table(type(calm)(calm.verdict, calm.occasions, few))

    sweep(ONE, 1, table, Alone(), with_pairs=True)

    assert table.pairs > 200
    assert table.ok
    assert sum(table.pair_outcomes.values()) == table.pairs
    assert 0 < table.differing_count < table.pairs


@pytest.mark.skipif(not SOAK, reason="some thirty thousand runs: make soak")
@pytest.mark.parametrize("scenario", ["one-transaction", "two-that-conflict"])
def test_all_pairs_hold(scenario: str) -> None:
    world = load(scenario)
    table = Table(undisturbed(world, 1))

    sweep(world, 1, table, Alone(), with_pairs=True)

    assert table.pairs > 10_000
    assert table.ok, [(told.address, told.verdict.findings) for told in table.found]


def test_a_broken_rule_is_found_by_a_single_fault() -> None:
    mutant = "replies-precede-their-changes"
    table = Table(undisturbed(ONE, 1, mutant))

    sweep(ONE, 1, table, Alone(), with_pairs=False, mutant=mutant)

    assert table.found
    assert all(told.verdict.findings for told in table.found)


def test_findings_are_in_the_order_of_cells_whichever_came_back_first() -> None:
    calm = undisturbed(ONE, 1)
    bad = replace(calm.verdict, findings=("items: item lost",), came=(True,))
    last, tables = calm.cells[-1], [Table(calm), Table(calm)]
    told = [Done(CellRun((cell,), bad), (CellRun((cell, last), bad),)) for cell in calm.cells[:3]]

    for table, in_order in zip(tables, (told, reversed(told)), strict=True):
        for one in in_order:
            table.take(one)
        table.settle()

    alone = [cell.address for cell in calm.cells[:3]]
    for table in tables:
        assert [one.address for one in table.found] == [
            *alone,
            *(f"{address}+{last.address}" for address in alone),
        ]


def test_the_run_without_any_fault_is_counted_where_it_has_findings() -> None:
    calm = undisturbed(ONE, 1)
    table = Table(replace(calm, verdict=replace(calm.verdict, findings=("items: item lost",))))

    assert (table.found_count, table.ok) == (1, False)


def test_a_large_world_is_refused() -> None:
    with pytest.raises(TooLargeError, match="small worlds"):
        undisturbed(load("bank", {"workload.transactions": "200"}), 1)


def test_letters_are_told_apart() -> None:
    letters = [column.letter for column in (*ON_MESSAGES, *ON_WRITES)]

    assert len(set(letters)) == len(letters)
