"""What indexes have against an action is no lie of the partition that says so."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from items.errors import (
    ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED_REASON,
    Reason,
    validation_reason,
)
from partition.options import PartitionOptions
from sim import scenario
from sim.cluster_run import Run
from sim.history import Operation
from sim.result import Result
from sim.witness import lie_in
from sim.workload import Session
from sim.workloads.requests import Action, ItemKey, check, update
from sim.workloads.task_list import TaskList
from tests.builders import prepare, put, record

SETTINGS = {"workload.transactions": "60", "faults.crashes": "0"}
Limited = Callable[..., Result]


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> Limited:
    def run(**limits: Any) -> Result:
        monkeypatch.setattr(scenario, "PartitionOptions", partial(PartitionOptions, **limits))
        return Run(scenario.load("indexes", SETTINGS), 1).go()

    return run


def codes(result: Result) -> set[str]:
    operations: list[Operation] = list(result.history)
    return {
        *(one.error for one in operations),
        *(reason["Code"] for one in operations for reason in one.reasons),
    }


def test_a_collection_that_is_full_is_told_and_true(limited: Limited) -> None:
    result = limited(collection_bytes_max=400)

    wanted = {"ItemCollectionSizeLimitExceeded", "ItemCollectionSizeLimitExceededException"}
    assert wanted <= codes(result)
    assert result.findings == ()


def test_an_index_that_does_not_keep_up_is_told_and_true(limited: Limited) -> None:
    result = limited(outbox_max=1)

    assert "ProvisionedThroughputExceeded" in codes(result)
    assert result.findings == ()


def test_what_cannot_be_an_index_key_is_told_and_true(
    limited: Limited, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changing(_: TaskList, session: Session, key: ItemKey) -> Action:
        if session.happens(0.5):
            return check(key, "attribute_exists(due)")
        values = {":due": "soon", ":version": session.version()}
        return update(key, "SET due = :due, version = :version", values)

    monkeypatch.setattr(TaskList, "changing", changing)

    result = limited()

    assert "ValidationError" in codes(result)
    assert result.findings == ()


FULL = ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED_REASON
UNFIT = validation_reason("unfit")


@pytest.mark.parametrize(
    ("reason", "lie"),
    [(FULL, "its item collection had room"), (UNFIT, "the action was possible")],
)
def test_a_refusal_that_no_index_has_a_reason_for_is_a_lie(reason: Reason, lie: str) -> None:
    action = put("a")
    request = prepare(action, transaction="t2", us=200)

    assert lie_in(request, action, reason, record()) == lie
    assert lie_in(request, action, reason, record(), reason) == ""


def test_an_index_is_not_asked_while_another_transaction_is_ongoing() -> None:
    action = put("a")
    request = prepare(action, transaction="t2", us=200)

    lie = lie_in(request, action, FULL, record(ongoing="t1"), FULL)

    assert lie == "ItemCollectionSizeLimitExceeded while t1 was ongoing: that comes first"
