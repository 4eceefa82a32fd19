from typing import Any

import pytest

from items.errors import (
    IDEMPOTENT_PARAMETER_MISMATCH,
    INTERNAL_SERVER_ERROR,
    RESOURCE_NOT_FOUND,
    TRANSACTION_CANCELED,
)
from network.messages import Response
from sim.settings import Shape
from tests.router.harness import World


@pytest.fixture
def world() -> World:
    world = World()
    world.table()
    return world


def key(name: str) -> dict[str, Any]:
    return {"TableName": "pets", "Key": {"pk": {"S": name}}}


def put(name: str, coins: int = 0, **more: Any) -> dict[str, Any]:
    item = {"pk": {"S": name}, "coins": {"N": str(coins)}}
    return {"Put": {"TableName": "pets", "Item": item, **more}}


def add(name: str, coins: int) -> dict[str, Any]:
    return {
        "Update": {
            **key(name),
            "UpdateExpression": "ADD coins :coins",
            "ExpressionAttributeValues": {":coins": {"N": str(coins)}},
        }
    }


def write(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"TransactItems": list(entries), **more}


def read(*names: str) -> dict[str, Any]:
    return {"TransactItems": [{"Get": key(name)} for name in names]}


def coins(world: World, *names: str) -> list[int | None]:
    found = world.ok("TransactGetItems", read(*names))["Responses"]
    return [int(one["Item"]["coins"]["N"]) if one else None for one in found]


def test_all_actions_are_carried_out(world: World) -> None:
    world.put(put("b", 5)["Put"]["Item"])
    world.put(put("c", 5)["Put"]["Item"])
    check = {"ConditionCheck": {**key("d"), "ConditionExpression": "attribute_not_exists(pk)"}}

    answer = world.ok(
        "TransactWriteItems", write(put("a", 1), add("b", 2), {"Delete": key("c")}, check)
    )

    assert answer == {}
    assert coins(world, "a", "b", "c", "d") == [1, 7, None, None]


def test_a_cancelled_transaction_has_a_reason_for_each_action(world: World) -> None:
    world.put(put("a", 1)["Put"]["Item"])
    condition = {
        "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }

    response = world.ask("TransactWriteItems", write(put("b", 2), put("a", 2, **condition)))

    assert response == Response(
        400,
        {
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "CancellationReasons": (
                {"Code": "None"},
                {
                    "Code": "ConditionalCheckFailed",
                    "Item": put("a", 1)["Put"]["Item"],
                    "Message": "The conditional request failed",
                },
            ),
            "Message": "Transaction cancelled, please refer cancellation reasons for specific"
            " reasons [None, ConditionalCheckFailed]",
        },
    )
    assert coins(world, "a", "b") == [1, None]


def test_a_key_that_does_not_fit_cancels_without_a_question_to_anybody(world: World) -> None:
    world.ok("TransactGetItems", read("a"))  # The definition is known from here on.
    sent = world.cluster.trace.sent_count

    error, message = world.error(
        "TransactWriteItems",
        write(put("a"), {"Put": {"TableName": "pets", "Item": {"pk": {"N": "1"}}}}),
    )

    assert (error, message[-23:]) == (TRANSACTION_CANCELED.name, "[None, ValidationError]")
    assert world.cluster.trace.sent_count == sent + 2  # The request and its answer.


def test_a_key_that_does_not_fit_cancels_a_read_as_well(world: World) -> None:
    wrong = {"Get": {"TableName": "pets", "Key": {"feet": {"N": "4"}}}}

    error, message = world.error("TransactGetItems", write({"Get": key("a")}, wrong))

    assert (error, message[-23:]) == (TRANSACTION_CANCELED.name, "[None, ValidationError]")


def test_a_token_is_good_for_one_transaction(world: World) -> None:
    once = write(add("a", 5), ClientRequestToken="token")

    answers = [world.ok("TransactWriteItems", once) for _ in range(2)]
    other_router = world.ok("TransactWriteItems", once, router="r2")

    assert [*answers, other_router] == [{}, {}, {}]
    assert coins(world, "a") == [5]


def test_a_token_with_other_actions_is_a_mismatch(world: World) -> None:
    world.ok("TransactWriteItems", write(add("a", 5), ClientRequestToken="token"))

    error, _ = world.error("TransactWriteItems", write(add("a", 6), ClientRequestToken="token"))

    assert error == IDEMPOTENT_PARAMETER_MISMATCH.name


def test_two_requests_without_a_token_are_two_transactions(world: World) -> None:
    for _ in range(2):
        world.ok("TransactWriteItems", write(add("a", 5)))

    assert coins(world, "a") == [10]


def test_transactions_on_different_tables_are_one(world: World) -> None:
    world.table("cars")
    other = {"Put": {"TableName": "cars", "Item": {"pk": {"S": "a"}}}}

    world.ok("TransactWriteItems", write(put("a", 1), other))

    assert world.get({"pk": {"S": "a"}}, "cars") == {"pk": {"S": "a"}}


def test_a_table_that_nobody_made_is_not_found(world: World) -> None:
    other = {"Put": {"TableName": "cars", "Item": {"pk": {"S": "a"}}}}

    error, message = world.error("TransactWriteItems", write(put("a", 1), other))

    assert (error, message) == (RESOURCE_NOT_FOUND.name, "Requested resource not found")
    assert coins(world, "a") == [None]


def test_a_table_that_is_gone_is_not_found_and_the_next_call_finds_the_new_one(
    world: World,
) -> None:
    world.ok("GetItem", key("a"), router="r2")
    world.ok("DeleteTable", {"TableName": "pets"})
    world.wait_for_status("pets", "GONE")
    world.table()

    first, _ = world.error("TransactWriteItems", write(put("a", 1)), router="r2")

    assert first == RESOURCE_NOT_FOUND.name
    assert world.ok("TransactWriteItems", write(put("a", 1)), router="r2") == {}


def test_a_read_of_a_table_that_is_a_new_one_asks_again(world: World) -> None:
    world.ok("GetItem", key("a"), router="r2")
    world.ok("DeleteTable", {"TableName": "pets"})
    world.wait_for_status("pets", "GONE")
    world.table()

    assert world.ok("TransactGetItems", read("a"), router="r2") == {"Responses": ({},)}


def test_a_projection_shows_a_part(world: World) -> None:
    world.put({"pk": {"S": "a"}, "coins": {"N": "5"}, "feet": {"N": "4"}})
    get = {
        **key("a"),
        "ProjectionExpression": "#f",
        "ExpressionAttributeNames": {"#f": "feet"},
    }

    answer = world.ok("TransactGetItems", write({"Get": get}))

    assert answer == {"Responses": ({"Item": {"feet": {"N": "4"}}},)}


def test_a_read_of_more_than_4_mb_is_refused_however_little_is_shown(world: World) -> None:
    names = [f"n{n}" for n in range(11)]
    for name in names:
        world.put({"pk": {"S": name}, "much": {"S": "x" * 390_000}})
    get = {"ProjectionExpression": "pk"}

    some = world.ok(
        "TransactGetItems", write(*({"Get": {**key(one), **get}} for one in names[:10]))
    )
    error, message = world.error(
        "TransactGetItems", write(*({"Get": {**key(one), **get}} for one in names))
    )

    assert len(some["Responses"]) == 10
    assert error == "ValidationException"
    assert message.startswith("Transaction payload size cannot exceed 4MB. Payload Size: ")


def test_silence_leaves_the_outcome_unknown() -> None:
    world = World(shape=Shape(coordinators=1, clients=0))
    world.table()
    world.cluster.crash("c1")

    response = world.ask("TransactWriteItems", write(put("a")))

    assert response.status == 500
    assert str(response.body["__type"]).endswith(INTERNAL_SERVER_ERROR.name)


def test_opposite_transactions_cancel_or_commit_and_never_fail(world: World) -> None:
    one, two = write(add("a", 1), add("b", 1)), write(add("b", 1), add("a", 1))

    answers: list[Response] = world.await_all(
        *(
            world.asked("TransactWriteItems", body, router=router)
            for body in (one, two) * 5
            for router in ("r1", "r2")
        )
    )

    statuses = [answer.status for answer in answers]
    assert set(statuses) <= {200, 400}
    committed = statuses.count(200)
    assert coins(world, "a", "b") == ([committed] * 2 if committed else [None] * 2)
