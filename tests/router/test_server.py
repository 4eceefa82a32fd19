from typing import Any

import pytest

from items.errors import REQUEST_LIMIT_EXCEEDED, UNKNOWN_OPERATION
from network.messages import Forgotten, Request, Response, Restarted
from router.options import RouterOptions
from tests.router.harness import World

ADD: dict[str, Any] = {
    "TableName": "pets",
    "Key": {"pk": {"S": "a"}},
    "UpdateExpression": "ADD coins :one",
    "ExpressionAttributeValues": {":one": {"N": "1"}},
}
ADD_ENTRY = {"TransactItems": [{"Update": ADD}]}
KEY = {"pk": {"S": "a"}}
N = 1 << 40  # A number above all that the client has used.


@pytest.fixture
def world() -> World:
    world = World()
    world.table()
    return world


def coins(world: World) -> int:
    item = world.get(KEY)
    return 0 if item is None else int(item["coins"]["N"])


def answers_to(world: World, number: int) -> list[Any]:
    return [reply.message for reply in world.replies if reply.reply_to == number]


@pytest.mark.parametrize("incarnation", [0, 2])
@pytest.mark.parametrize("operation", ["GetItem", "UpdateItem", "TransactWriteItems", "Nonsense"])
def test_whoever_means_another_incarnation_is_told_this_one(
    world: World, operation: str, incarnation: int
) -> None:
    (reply,) = world.await_all(world.asked(operation, ADD, incarnation=incarnation))

    assert reply == Restarted(1)
    assert coins(world) == 0


def test_a_restarted_router_refuses_what_its_earlier_incarnation_was_asked(world: World) -> None:
    world.cluster.crash("r1")
    world.cluster.start("r1")

    (reply,) = world.await_all(world.asked("UpdateItem", ADD, incarnation=1))

    assert reply == Restarted(2)
    assert world.ok("UpdateItem", ADD, incarnation=2) == {}


@pytest.mark.parametrize(
    ("operation", "body"), [("UpdateItem", ADD), ("TransactWriteItems", ADD_ENTRY)]
)
def test_a_copy_of_a_finished_request_is_answered_from_memory(
    world: World, operation: str, body: dict[str, Any]
) -> None:
    request = Request(operation, body, None, 1)
    for _ in range(3):
        world.send("r1", N, request)
        world.loop.run_for(100_000)

    assert answers_to(world, N) == [Response(200, {})] * 3
    assert coins(world) == 1


@pytest.mark.parametrize("operation", ["UpdateItem", "GetItem"])
def test_a_copy_of_a_request_that_is_under_way_gets_no_answer_of_its_own(
    world: World, operation: str
) -> None:
    body = ADD if operation == "UpdateItem" else {"TableName": "pets", "Key": KEY}
    for _ in range(3):
        world.send("r1", N, Request(operation, body, None, 1))
    world.loop.run_for(100_000)

    assert len(answers_to(world, N)) < 3
    assert coins(world) == (1 if operation == "UpdateItem" else 0)


def test_a_copy_of_a_transaction_with_a_token_is_known_by_its_token(world: World) -> None:
    request = Request("TransactWriteItems", {**ADD_ENTRY, "ClientRequestToken": "x"}, None, 1)
    for _ in range(3):
        world.send("r1", N, request)
        world.loop.run_for(100_000)

    assert answers_to(world, N) == [Response(200, {})] * 3
    assert coins(world) == 1


def test_a_copy_of_what_is_forgotten_is_not_carried_out_again(world: World) -> None:
    for number in range(N, N + 600):
        world.send("r1", number, Request("UpdateItem", ADD, None, 1))
        world.loop.run_for(10_000)
    before = coins(world)

    world.send("r1", N, Request("UpdateItem", ADD, None, 1))
    world.loop.run_for(100_000)

    assert answers_to(world, N)[-1] == Forgotten()
    assert coins(world) == before


def test_an_operation_that_nobody_knows_is_named_as_such(world: World) -> None:
    response = world.ask("Nonsense", {})

    assert response == Response(
        400, {"__type": f"com.amazon.coral.service#{UNKNOWN_OPERATION.name}"}
    )


def test_requests_beyond_the_limit_are_refused_for_good() -> None:
    world = World(RouterOptions(requests_max=2))
    world.table()
    for number in range(N, N + 3):
        world.send("r1", number, Request("UpdateItem", ADD, None, 1))
    world.loop.run_for(100_000)
    refused = [
        number
        for number in range(N, N + 3)
        if [answer.status for answer in answers_to(world, number)] == [400]
    ]
    before = coins(world)

    (number,) = refused
    world.send("r1", number, Request("UpdateItem", ADD, None, 1))
    world.loop.run_for(100_000)

    first, again = answers_to(world, number)
    assert str(first.body["__type"]).endswith(REQUEST_LIMIT_EXCEEDED.name)
    assert again == first
    assert (before, coins(world)) == (2, 2)


def test_a_copy_of_a_refused_transaction_is_refused_as_well() -> None:
    world = World()
    request = Request("TransactWriteItems", {**ADD_ENTRY, "ClientRequestToken": "x"}, None, 1)
    world.send("r1", N, request)
    world.loop.run_for(100_000)
    world.table()  # Now the copy of the request would find its table.
    world.send("r1", N, request)
    world.loop.run_for(100_000)

    first, again = answers_to(world, N)

    assert str(first.body["__type"]).endswith("ResourceNotFoundException")
    assert again == first


def test_bytes_are_accepted_where_json_has_base64(world: World) -> None:
    world.put({**KEY, "b": {"B": b"\x00\xff"}, "bs": {"BS": [b"\x01", b"\x02"]}})

    item = world.get(KEY)

    assert item is not None
    assert (item["b"], item["bs"]) == ({"B": "AP8="}, {"BS": ("AQ==", "Ag==")})


def test_a_bug_is_reported_and_the_next_request_is_answered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    server: Any = world.cluster.servers["r1"]

    async def call(*_: Any, **__: Any) -> Response:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(server.api, "call", call)
        world.send("r1", N, Request("GetItem", {"TableName": "pets", "Key": KEY}, None, 1))
        world.loop.run_for(100_000)

    ((node, bug),) = world.cluster.failures
    world.cluster.failures.clear()
    assert (node, type(bug)) == ("r1", ZeroDivisionError)
    assert answers_to(world, N) == []
    assert world.get(KEY) is None
