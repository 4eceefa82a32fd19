"""Provisioned tables in a run: too much is refused, asked for again, and never half applied."""

import pytest

from sim.checkers.capacity import check_capacity
from sim.checkers.evidence import Evidence
from sim.cluster_run import Run
from sim.keys import ScenarioError
from sim.result import Result
from sim.run import run
from sim.scenario import load, shipped

FEW = {"workload.transactions": "80"}
LISTED = ("one-transaction", "two-that-conflict")  # They say themselves what is asked for.
SEEDS, SOAK_SEEDS = 3, 300


def provisioned(seed: int, **more: str) -> Result:
    return run(load("provisioned", {**FEW, **more}), seed)


def test_what_is_too_much_is_refused_and_every_check_holds(soak: bool) -> None:
    seeds = SOAK_SEEDS if soak else SEEDS
    refused = throttled = 0
    for seed in range(seeds):
        result = provisioned(seed)

        assert result.findings == ()
        assert "capacity" in result.checks
        assert result.capacity is not None
        refused += result.capacity.refused_writes
        throttled += "capacity.throttled" in result.marks
    assert refused > 0
    assert 2 * throttled > seeds  # In others what was saved for bursts is enough for so few.


def test_it_holds_with_every_fault_at_once(soak: bool) -> None:
    for seed in range(SOAK_SEEDS if soak else SEEDS):
        result = provisioned(seed, **{"faults.all": "2"})

        assert result.findings == ()


def test_clients_ask_again_as_sdks_do_also_for_singletons() -> None:
    result = provisioned(1)

    again = {one.name for one in result.history if len(one.attempts) > 1}
    assert {"UpdateItem", "GetItem"} <= again


def test_transactions_are_cancelled_with_the_reason_and_others_commit() -> None:
    result = provisioned(1)

    codes = [reason["Code"] for one in result.history for reason in one.reasons]
    assert "ProvisionedThroughputExceeded" in codes
    assert any(one.is_transaction and one.outcome == "committed" for one in result.history)


@pytest.mark.parametrize("scenario", sorted(shipped()))
def test_any_scenario_can_be_provisioned(scenario: str) -> None:
    units = {"cluster.read_units": "20", "cluster.write_units": "20"}
    few = {} if scenario in LISTED else {"workload.transactions": "20"}
    result = run(load(scenario, {**units, **few}), 1)

    assert result.findings == ()
    assert "capacity" in result.checks


def test_a_table_with_global_indexes_is_held_to_its_units_with_every_fault_at_once(
    soak: bool,
) -> None:
    refused = 0
    for seed in range(SOAK_SEEDS if soak else SEEDS):
        units = {"cluster.read_units": "5", "cluster.write_units": "5"}
        result = run(load("indexes", {**FEW, **units, "faults.all": "2"}), seed)

        assert result.findings == ()
        assert result.capacity is not None
        refused += result.capacity.refused_writes
    assert refused > 0


def test_a_price_that_is_not_that_of_what_was_asked_for_is_found() -> None:
    units = {"cluster.read_units": "300", "cluster.write_units": "300"}
    going = Run(load("bulk-load", {**FEW, **units}), 1)
    assert going.go().findings == ()
    evidence = Evidence(going.history, going.witness, going.workload.tables)
    books = going.witness.books
    prices = sorted(books.prices)
    assert {costs_half for _, _, costs_half in prices} == {True, False}

    for halves in (True, False):
        price = next(one for one in prices if one[2] is halves)
        books.prices = {*prices, (*price[:2], not halves)}
        (finding,) = check_capacity(books, evidence)
        assert (finding.checker, finding.kind) == ("capacity", "wrong price")


def test_the_same_seed_is_the_same_run() -> None:
    assert provisioned(2).digest == provisioned(2).digest


def test_without_units_nothing_is_held_to_anything() -> None:
    result = run(load("bank", FEW), 1)

    assert result.capacity is None
    assert "capacity" not in result.checks
    assert not result.marks.get("capacity.throttled")


@pytest.mark.parametrize("key", ["cluster.read_units", "cluster.write_units"])
def test_units_of_one_kind_alone_are_refused(key: str) -> None:
    with pytest.raises(ScenarioError, match=r"cluster.read_units and cluster.write_units go toget"):
        load("bank", {key: "5"})
