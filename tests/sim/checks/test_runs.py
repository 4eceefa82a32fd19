"""Whole runs: the canary is found, the invariants hold or are told, the graph agrees."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from sim.chance import NamedChance
from sim.checkers.canary import falsified, verdict
from sim.checkers.dependencies import SERIALIZABLE, explained
from sim.checkers.evidence import Evidence
from sim.checkers.finding import Finding
from sim.checkers.invariant import check_invariant
from sim.cluster_run import Run
from sim.history import READ_TRANSACTION, History
from sim.mutants.catalogue import applied, find
from sim.run import run
from sim.scenario import load
from sim.workload import HasInvariant, Json
from sim.workloads.bank import Bank
from sim.workloads.ring import Ring
from tests.sim.test_history import operation
from tests.sim.trouble import TROUBLE

SEEDS, SEEDS_SOAK = 6, 100
BROKEN_SEEDS_MAX = 40
WITH_INVARIANT = ("bank", "ring", "work-queue")
EACH = ("bank", "ring", "game-shop", "orders-and-payments", "bookshop", "work-queue", "bulk-load")


# The canary ---------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", EACH)
def test_the_canary_is_found_from_every_seed(name: str, soak: bool) -> None:
    scenario = load(name, {**TROUBLE, "run.canary": "true"})
    for seed in range(SEEDS_SOAK if soak else SEEDS):
        checkers = {one.checker for one in run(scenario, seed).findings}

        assert "instants" in checkers
        assert "canary" not in checkers


def test_a_run_with_a_canary_is_the_run_that_it_was_without() -> None:
    without = run(load("bank", {"workload.transactions": "10"}), 3)
    canary = run(load("bank", {"workload.transactions": "10", "run.canary": "true"}), 3)

    assert without.ok
    assert not canary.ok
    assert canary.digest == without.digest
    assert list(canary.history) == list(without.history)


def test_a_canary_changes_one_attribute_of_one_answer() -> None:
    history = run(load("bank", {"workload.transactions": "10"}), 1).history

    false, whose = falsified(history, NamedChance(1))

    both = list(zip(history, false, strict=True))
    assert [one.call for one, other in both if one != other] == [whose]


def test_sleeping_checks_are_told() -> None:
    assert [one.kind for one in verdict("k1/4", [])] == ["overlooked"]
    assert verdict("k1/4", [Finding("instants", "read refuted", "", ("k1/4",))]) == []


def test_where_nobody_reads_there_is_nothing_to_falsify() -> None:
    history = History()
    history.add(operation(name="GetItem", answer={}))

    assert falsified(history, NamedChance(1)) == (history, "")
    assert [one.kind for one in verdict("", [])] == ["nothing to falsify"]


# Invariants ---------------------------------------------------------------------------------------


def plain(leads: dict[str, str]) -> Iterator[Any]:
    for n in range(4):
        to = leads.get(f"node{n}")
        yield None if to is None else {"leads_to": {"S": to}}


@pytest.mark.parametrize(
    ("leads", "wrong"),
    [
        ({"node0": "node1", "node1": "node2", "node2": "node3", "node3": "node0"}, ""),
        ({"node0": "node2", "node2": "node1", "node1": "node0"}, ""),
        ({"node0": "node1", "node1": "node0", "node2": "node3", "node3": "node2"}, "knotted"),
        ({"node0": "node1", "node1": "node2", "node2": "node1", "node3": "node0"}, "knotted"),
        ({"node0": "node1", "node1": "node2", "node3": "node0"}, "torn"),
        ({"node1": "node1"}, "torn"),
    ],
)
def test_a_ring_is_whole_or_not(leads: dict[str, str], wrong: str) -> None:
    said = Ring({"nodes": 4}).broken(list(plain(leads)))

    assert wrong in said
    assert bool(said) == bool(wrong)


def test_money_is_counted() -> None:
    bank = Bank({"accounts": 2, "balance": 50})

    assert bank.broken([{"balance": {"N": "100"}}, None]) == ""
    assert bank.broken([{"balance": {"N": "60"}}, {"balance": {"N": "41"}}]) == (
        "the accounts hold 101, and 100 is what they held at first"
    )


class Pessimist:
    """Watches what another workload does, and is never content."""

    def __init__(self, workload: HasInvariant) -> None:
        self.watched = workload.watched

    def broken(self, items: Sequence[Json | None]) -> str:
        return f"{len(items)} items are said to be wrong"


@pytest.mark.parametrize("name", WITH_INVARIANT)
def test_an_invariant_is_judged_in_snapshots_and_at_the_end(name: str) -> None:
    going = Run(load(name, {"workload.transactions": "40"}), 2)
    result = going.go()
    workload = going.workload
    assert isinstance(workload, HasInvariant)
    assert result.ok
    assert "invariant" in result.checks

    evidence = Evidence(going.history, going.witness, workload.tables)
    found = list(check_invariant(evidence, Pessimist(workload), {}))

    assert len(found) > 1
    assert [one.explanation.startswith("at the end") for one in found[-2:]] == [False, True]


def as_it_was(asked: list[Json]) -> list[Json]:
    return asked


def with_another(asked: list[Json]) -> list[Json]:
    return [*asked, {"Get": {**asked[0]["Get"], "Key": {"id": {"S": "another"}}}}]


def one_in_part(asked: list[Json]) -> list[Json]:
    return [{"Get": {**asked[0]["Get"], "ProjectionExpression": "balance"}}, *asked[1:]]


@pytest.mark.parametrize(
    ("change", "is_judged"), [(as_it_was, True), (with_another, True), (one_in_part, False)]
)
def test_who_saw_all_items_whole_is_judged_whatever_else_they_saw(
    change: Callable[[list[Json]], list[Json]], is_judged: bool
) -> None:
    going = Run(load("bank", {"workload.transactions": "40"}), 2)
    going.go()
    workload = going.workload
    assert isinstance(workload, HasInvariant)
    evidence = Evidence(going.history, going.witness, workload.tables)
    count = len(list(workload.watched()))
    whole = next(
        one
        for one in evidence.operations
        if one.name == READ_TRANSACTION and len(one.answer.get("Responses", ())) == count
    )
    asked = {"TransactItems": change(list(whole.request["TransactItems"]))}
    answer = {"Responses": [*whole.answer["Responses"], {}]}
    evidence.operations = [whole._replace(request=asked, answer=answer)]

    found = check_invariant(evidence, Pessimist(workload), {})

    assert ((whole.call,) in [one.transactions for one in found]) is is_judged


def test_a_workload_without_an_invariant_is_not_asked() -> None:
    assert "invariant" not in run(load("game-shop", {"workload.transactions": "5"}), 1).checks


# The graph ----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", EACH)
def test_the_graph_agrees_that_runs_are_serializable(name: str, soak: bool) -> None:
    scenario = load(name, {**TROUBLE, "run.graph": "true"})
    for seed in range(SEEDS_SOAK if soak else SEEDS):
        result = run(scenario, seed)

        assert result.findings == ()
        assert "graph" in result.checks


def skewed() -> tuple[Run, Finding]:
    """Find a run in which a broken protocol let a reader see two moments at once."""
    mutant = find("reads-have-one-round")
    for seed in range(BROKEN_SEEDS_MAX):
        going = Run(load("bank"), seed)
        with applied(mutant):
            found = [one for one in going.go().findings if one.kind == "G-single"]
        if found:
            return going, found[0]
    raise AssertionError("no seed shows it")


@pytest.mark.slow
def test_the_graph_names_the_anomaly_of_a_broken_run_by_what_clients_saw_as_well() -> None:
    going, found = skewed()

    evidence = Evidence(going.history, going.witness, going.workload.tables)
    assert list(explained(evidence, model=SERIALIZABLE, is_inside=False)) != []
    assert found.anomaly == "G-single (read skew)"
    assert "serializable" in found.refutes
    assert found.possible == ("read committed",)
    assert found.explanation.count("must precede") >= 2
    assert found.explanation.endswith("a contradiction.")


def test_without_a_finding_the_graph_is_not_built_unless_asked_for() -> None:
    assert "graph" not in run(load("bank", {"workload.transactions": "5"}), 1).checks
