"""The table of a report: votes, reasons, and why; held against what the witness saw inside."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from sim.figures import figures_of
from sim.report.inside import Inside
from sim.report.recording import Recording
from sim.report.transactions import transactions_of
from sim.witness import Applied, Decision, Promised
from tests.sim.report.builders import recording

TROUBLE = {"network.loss": "0.1", "faults.crashes": "4", "workload.transactions": "120"}
RUNS = [("bank", 1), ("hot-keys", 2), ("game-shop", 1)]
each_run = pytest.mark.parametrize(("scenario", "seed"), RUNS)


@cache
def rows_of(scenario: str, seed: int) -> tuple[Recording, Inside, list[dict[str, Any]]]:
    found = recording(scenario, seed, TROUBLE)
    inside = Inside(found)
    return found, inside, transactions_of(found, inside)


def blamed(rows: list[dict[str, Any]], kind: str) -> Iterator[tuple[dict[str, Any], Any]]:
    for row in rows:
        for item in row["items"]:
            if row["kind"] == kind and item.get("is_to_blame"):
                yield row, item


@each_run
def test_every_transaction_of_the_history_has_its_row(scenario: str, seed: int) -> None:
    found, _, rows = rows_of(scenario, seed)
    transactions = [row for row in rows if row["kind"] != "singleton"]

    counts = {end: sum(row["outcome"] == end for row in transactions) for end in ("committed",)}
    assert len(transactions) == sum(figures_of(found.operations).outcomes.values())
    assert counts["committed"] == figures_of(found.operations).outcomes["committed"]
    assert [row["invoked_us"] for row in rows] == sorted(row["invoked_us"] for row in rows)


@each_run
def test_each_reason_says_why(scenario: str, seed: int) -> None:
    _, _, rows = rows_of(scenario, seed)

    reasons = [*blamed(rows, "write transaction"), *blamed(rows, "read transaction")]
    silent = [item for _, item in reasons if not item.get("why")]
    assert len(reasons) > 10
    assert silent == []


@each_run
def test_who_was_ongoing_had_promised_this_very_item(scenario: str, seed: int) -> None:
    found, inside, rows = rows_of(scenario, seed)
    assert found.witness is not None
    promised = {
        (inside.call_of(one.transaction), f"{inside.table_names[key[0]]} {key[1][0][1]}")
        for one in found.witness.all(Promised)
        for key in one.keys
    }
    met = [
        (call, item["name"].partition("/")[0])
        for kind in ("write transaction", "read transaction")
        for _, item in blamed(rows, kind)
        for call in item.get("met", ())
        if "was ongoing" in item["why"]
    ]

    assert len(met) > 5
    assert [pair for pair in met if pair not in promised] == []


@pytest.mark.parametrize(("scenario", "seed"), [("bank", 1), ("game-shop", 1)])
def test_a_condition_that_is_said_to_be_false_shows_an_item_that_was_there(
    scenario: str, seed: int
) -> None:
    _, _, rows = rows_of(scenario, seed)
    failed = [
        item
        for _, item in blamed(rows, "write transaction")
        if item["code"] == "ConditionalCheckFailed"
    ]

    assert failed
    assert all(" was false: " in item["why"] for item in failed)


@each_run
def test_the_evidence_of_an_unknown_outcome_is_what_the_witness_saw(
    scenario: str, seed: int
) -> None:
    found, inside, rows = rows_of(scenario, seed)
    assert found.witness is not None
    applied = {one.request for one in found.witness.all(Applied)}
    committed = {
        inside.call_of(one.transaction) for one in found.witness.all(Decision) if one.commits
    }
    attempts = {one.call: one.attempts for one in found.operations}
    unknown = [row for row in rows if row["unknown"] and row["operation"][:3] in ("Put", "Upd")]
    unknown += [row for row in rows if row["unknown"] and row["kind"] == "write transaction"]

    assert unknown
    for row in unknown:
        did = row["call"] in committed or any(one in applied for one in attempts[row["call"]])
        assert row["unknown"]["verdict"].startswith("it happened" if did else "it did not happen")
        assert bool(row["unknown"]["evidence"]) or not did


def test_a_read_whose_answer_is_lost_changed_nothing() -> None:
    found = recording("bank", 1, {"network.loss": "0.5", "workload.transactions": "20"})
    rows = transactions_of(found, Inside(found))
    reads = [row for row in rows if row["unknown"] and "Get" in row["operation"]]

    assert reads
    assert {row["unknown"]["verdict"] for row in reads} == {"a read changes nothing, either way"}


def test_a_row_tells_its_transaction_from_request_to_end() -> None:
    found = recording("bank", 1, {"workload.transactions": "40"})
    rows = {row["call"]: row for row in transactions_of(found, Inside(found))}

    row = rows["k1/12"]
    assert row["names"] == ["t1"]
    assert [one["state"] for one in row["states"]] == ["PREPARING", "COMMITTING", "COMPLETED"]
    assert row["outcome"] == "committed"
    assert [item["vote"] for item in row["items"]] == ["accept", "accept"]
    failed = rows["k1/13"]["items"][0]
    assert failed["why"] == (
        "balance >= 801 was false: the item was holder alice, balance 90, version k1.1"
    )


def test_a_late_timestamp_names_whose_is_in_the_way() -> None:
    _, _, rows = rows_of("bank", 1)

    late = [item for _, item in blamed(rows, "write transaction") if "not later" in item["why"]]

    assert late
    assert all(item["met"] for item in late)
    assert all(item["code"] == "TransactionConflict" for item in late)


def test_the_setting_up_has_no_rows() -> None:
    _, _, rows = rows_of("bank", 1)

    assert not any(row["operation"] in ("CreateTable", "DescribeTable") for row in rows)
    assert rows[0]["call"] == "k1/12"


def test_only_what_is_shown_has_rows() -> None:
    found, inside, _ = rows_of("bank", 1)

    rows = transactions_of(found, inside, {"k1/12", "k1/13"}.__contains__)

    assert [row["call"] for row in rows] == ["k1/12", "k1/13"]
