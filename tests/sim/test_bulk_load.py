"""The catalogue that is loaded in batches: what its clients ask for, and what they are told."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sim.cluster_run import Run
from sim.history import Operation
from sim.mutants.catalogue import GROUPS, MUTANTS, applied
from sim.result import outcomes
from sim.run import run
from sim.scenario import load
from sim.workloads.registry import make
from twophase.cli.main import main
from twophase.proof import verified

SCENARIO = "bulk-load"
SEEDS, SEEDS_SOAK = 4, 1_000
# Everything that an entry of a batch may meet.
HARD = {
    "workload.transactions": "80",
    "network.loss": "0.05",
    "network.repeat": "0.05",
    "network.late": "0.05",
    "faults.crashes": "4",
    "faults.partition_splits": "3",
    "cluster.clock_skew_us": "20000",
}


@pytest.fixture(scope="module")
def ran() -> Run:
    going = Run(load(SCENARIO), 1)
    assert going.go().ok
    return going


@pytest.fixture(scope="module")
def batches(ran: Run) -> list[Operation]:
    return [one for one in ran.history if one.name == "BatchWriteItem"]


def entries(batch: Operation) -> list[Any]:
    return list(batch.request["RequestItems"]["catalogue"])


def left(batch: Operation) -> list[Any]:
    return list(batch.answer.get("UnprocessedItems", {}).get("catalogue", ()))


def test_every_kind_of_request_is_asked_for_and_answered(ran: Run) -> None:
    done = {one.name for one in ran.history if one.outcome == "committed"}

    assert {"TransactWriteItems", "TransactGetItems", "GetItem", "BatchGetItem"} <= done
    assert {"BatchWriteItem", "UpdateItem", "DeleteItem"} <= done


def test_a_batch_puts_and_deletes_different_products(batches: list[Operation]) -> None:
    kinds = [{kind for one in entries(batch) for kind in one} for batch in batches]

    assert {"PutRequest", "DeleteRequest"} in kinds
    for batch in batches:
        keys = [(one.get("PutRequest") or one["DeleteRequest"]) for one in entries(batch)]
        names = [(one.get("Item") or one["Key"])["id"]["S"] for one in keys]
        assert len({*names}) == len(names) <= 5


def test_batches_are_stored_given_back_in_part_and_unknown(batches: list[Operation]) -> None:
    told = [len(left(batch)) for batch in batches if batch.outcome == "committed"]

    assert told.count(0) > 20
    assert any(count > 0 for count in told)
    assert any(batch.is_unknown for batch in batches)


def test_what_was_given_back_is_sent_again(batches: list[Operation]) -> None:
    again = 0
    for batch in batches:
        later = (one for one in batches if one.invoked_us > batch.returned_us)
        following = next((one for one in later if one.client == batch.client), None)
        again += following is not None and 0 < len(left(batch)) == len(entries(following))

    assert again > 3


def test_no_two_puts_leave_one_version(batches: list[Operation]) -> None:
    asked = [one for batch in batches for one in entries(batch)]
    puts = [one["PutRequest"]["Item"] for one in asked if "PutRequest" in one]
    versions = [item["version"]["S"] for item in puts]

    assert len({*versions}) == len(versions) > 100


def test_a_run_gets_somewhere(ran: Run) -> None:
    ends, codes = outcomes(ran.history)

    assert ends["committed"] > 60
    assert codes["TransactionConflict"] > 0
    assert codes["ConditionalCheckFailed"] > 0


def test_every_check_of_the_whole_run_holds(soak: bool) -> None:
    scenario = load(SCENARIO, HARD)
    for seed in range(SEEDS_SOAK if soak else SEEDS):
        result = run(scenario, seed)
        assert result.findings == (), seed
        assert {"timestamps", "instants", "strict", "pages"} <= {*result.checks}


def test_a_run_with_batches_has_a_proof_that_knows_their_entries(tmp_path: Path) -> None:
    path = tmp_path / "proof.jsonl"
    small = ["--set", "workload.transactions=20"]

    told = CliRunner().invoke(main, ["simulate", SCENARIO, *small, "--proof", str(path)])

    assert told.exit_code == 0, told.output
    texts = path.read_text(encoding="utf-8").splitlines()
    calls = [json.loads(text).get("call", "") for text in texts]
    assert len([call for call in calls if "." in call]) > 10
    assert verified(texts)["scenario"] == SCENARIO


@pytest.mark.parametrize("name", [one.name for one in GROUPS["batches of writes"]])
def test_where_nobody_writes_in_batches_nothing_is_found(name: str) -> None:
    few = {"workload.transactions": "60"}
    with applied(MUTANTS[name]):
        assert run(load("work-queue", few), 1).findings == ()
        assert run(load("stale-reads", few), 1).findings == ()
        assert run(load(SCENARIO, few), 1).findings != ()


@pytest.mark.parametrize(
    ("key", "value"),
    [("products", 2), ("batch", 0), ("batch", 26), ("deletes", 1.5), ("tries", 0)],
)
def test_a_wrong_key_is_named(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=key):
        make("bulk_load", {key: value})  # type: ignore[dict-item]  # As a file might have it.
