"""Throttled partitions: new work is refused as DynamoDB does, what is under way goes on."""

import pytest

from network.ids import first_number
from network.messages import Envelope
from partition import rules
from partition.machine import Output
from sim.witness import Witness
from tests.builders import (
    TABLE_NAME,
    Partition,
    Stage,
    codes,
    json_key,
    json_put,
    prepare,
    put,
    single,
)

SAID = "ProvisionedThroughputExceededException"


def stage() -> Stage:
    """Return a cluster of which p1 is throttled, with an item on either partition."""
    made = Stage()
    for partition in ("p1", "p2"):
        (name,) = made.names_on(partition)
        made.do("PutItem", single(json_put(name, 1)))
    made.cluster.throttle("p1", is_on=True)
    return made


def test_a_write_transaction_is_cancelled_with_the_reason_at_the_throttled_items() -> None:
    made = stage()
    (here,), (there,) = made.names_on("p1"), made.names_on("p2")

    answer = made.write(json_put(there, 2), json_put(here, 2))

    assert answer.error == "TransactionCanceledException"
    assert codes(answer) == ["None", "ProvisionedThroughputExceeded"]
    assert made.get(there) == 1
    assert made.marks["prepare.throttled"] == 1


@pytest.mark.parametrize("operation", ["PutItem", "GetItem", "TransactGetItems", "Scan"])
def test_everything_else_is_refused_with_the_corresponding_exception(operation: str) -> None:
    made = stage()
    (here,) = made.names_on("p1")
    table = {"TableName": TABLE_NAME}
    request = {
        "PutItem": single(json_put(here, 2)),
        "GetItem": {**table, "Key": json_key(here)},
        "TransactGetItems": {"TransactItems": [{"Get": {**table, "Key": json_key(here)}}]},
        "Scan": table,
    }[operation]

    assert made.do(operation, request).error == SAID


def test_the_other_partition_takes_work_as_ever() -> None:
    made = stage()
    (there,) = made.names_on("p2")

    assert made.write(json_put(there, 7)).outcome == "committed"
    assert made.get(there) == 7


def test_what_was_promised_before_is_committed() -> None:
    made = stage()
    made.cluster.throttle("p1", is_on=False)
    (here,) = made.names_on("p1")
    asked = made.begin("TransactWriteItems", {"TransactItems": [json_put(here, 5)]})
    made.run_until(lambda: made.ongoing() != [])

    made.cluster.throttle("p1", is_on=True)

    assert asked.answer().outcome == "committed"
    made.cluster.throttle("p1", is_on=False)
    assert made.get(here) == 5


def test_a_throttled_partition_that_crashes_comes_back_throttled() -> None:
    made = stage()
    (here,) = made.names_on("p1")

    made.cluster.crash("p1")
    made.cluster.start("p1")
    assert made.do("PutItem", single(json_put(here, 2))).error in (SAID, "InternalServerError")
    made.cluster.throttle("p1", is_on=False)

    assert made.write(json_put(here, 3)).outcome == "committed"


def test_a_refusal_of_new_work_is_true_only_while_the_partition_refuses() -> None:
    for throttled, lies in ((True, 0), (False, 1)):
        made, witness = Partition(), Witness()
        witness.enter(Stage().cluster)
        made.machine.throttled = throttled
        order = prepare(put(), transaction="00000001-0001-8000-8000-000000000001")

        refusal = Output(None, rules.throttled(order))
        witness.stepped(made.machine, Envelope("c1", first_number(1) + 1, 0, order), refusal)

        assert len(witness.lies) == lies
