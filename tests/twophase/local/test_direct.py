"""The network inside one process: messages as they are, in order, and nobody changes one."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from network.messages import Done, Envelope, Frame, as_it_is, from_frame, to_frame
from sim.chance import NamedChance
from twophase.local.cluster import LocalCluster, Nodes
from twophase.local.direct import CARRIED_MAX, DirectNetwork
from twophase.local.waking import Waker

DONE = Done((True,))
KEYS = {
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


def numbered(number: int) -> Frame:
    return as_it_is(("a", number, 0, DONE))


def on_a_loop(work: Callable[[DirectNetwork], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        await work(DirectNetwork(asyncio.get_running_loop()))

    asyncio.run(run())


def test_messages_are_carried_as_they_are_and_in_order() -> None:
    got: list[Frame] = []
    sent = [numbered(1), numbered(2), numbered(3)]

    async def work(network: DirectNetwork) -> None:
        network.join("b", got.append)
        for frame in sent:
            network.send("a", "b", frame)
        assert got == [], "not while the sender is at work"
        await asyncio.sleep(0)

    on_a_loop(work)
    assert all(one is other for one, other in zip(got, sent, strict=True))


def test_what_a_message_calls_forth_comes_behind_what_waits() -> None:
    got: list[int] = []

    async def work(network: DirectNetwork) -> None:
        def answer(frame: Frame) -> None:
            number = from_frame(frame).number
            got.append(number)
            if number < 10:
                network.send("b", "b", numbered(number + 10))

        network.join("b", answer)
        for number in (1, 2):
            network.send("a", "b", numbered(number))
        await asyncio.sleep(0)

    on_a_loop(work)
    assert got == [1, 2, 11, 12]


def test_what_is_on_its_way_to_a_host_that_left_is_lost() -> None:
    got: list[Frame] = []

    async def work(network: DirectNetwork) -> None:
        network.join("b", got.append)
        network.send("a", "b", numbered(1))
        network.send("a", "nobody", numbered(2))
        network.leave("b")
        await asyncio.sleep(0)

    on_a_loop(work)
    assert got == []


def test_a_receiver_that_fails_holds_up_nobody() -> None:
    got: list[int] = []
    failures: list[str] = []

    async def work(network: DirectNetwork) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: failures.append(str(context["exception"])))

        def receive(frame: Frame) -> None:
            number = from_frame(frame).number
            if number == 1:
                raise RuntimeError("a bug")
            got.append(number)

        network.join("b", receive)
        network.send("a", "b", numbered(1))
        network.send("a", "b", numbered(2))
        for _ in range(3):
            await asyncio.sleep(0)
        network.send("a", "b", numbered(3))
        await asyncio.sleep(0)

    on_a_loop(work)
    assert (got, failures) == ([2, 3], ["a bug"])


def test_endless_talk_lets_others_have_their_turn() -> None:
    count = 0

    async def work(network: DirectNetwork) -> None:
        def answer(frame: Frame) -> None:
            nonlocal count
            count += 1
            network.send("b", "b", frame)

        network.join("b", answer)
        network.send("a", "b", numbered(1))
        await asyncio.sleep(0)
        assert count == CARRIED_MAX

    on_a_loop(work)


def test_nobody_changes_a_message_that_others_hold_as_well() -> None:
    said: list[tuple[Envelope, bytes]] = []

    async def work() -> None:
        cluster = LocalCluster(Nodes(), NamedChance(1))
        send = cluster.network.send

        def note(source: str, target: str, frame: Any) -> None:
            said.append((frame, to_frame(*frame)))
            send(source, target, frame)

        cluster.network.send = note  # type: ignore[method-assign]  # To hear all that is said.
        cluster.start_all()
        await Waker(cluster).finish_all()
        for operation, body in requests():
            answer = await cluster.call(operation, body, None)
            while operation == "DescribeTable" and answer.body["Table"]["TableStatus"] != "ACTIVE":
                await asyncio.sleep(0.01)
                answer = await cluster.call(operation, body, None)
            assert answer.status in (200, 400), answer
        cluster.close()

    asyncio.run(work())
    assert len({type(envelope.message) for envelope, _ in said}) > 10
    changed = [envelope for envelope, frame in said if to_frame(*envelope) != frame]
    assert changed == []


def requests() -> list[tuple[str, dict[str, Any]]]:
    """Make a request of each kind that brings an item, an expression or a list along."""
    here = {"TableName": "things"}
    key, other = {"pk": {"S": "a"}}, {"pk": {"S": "b"}}
    item = {**key, "n": {"N": "1"}, "l": {"L": [{"S": "x"}]}, "m": {"M": {"y": {"SS": ["z"]}}}}
    names, one = {"#n": "n"}, {":one": {"N": "1"}}
    add = {
        "UpdateExpression": "SET #n = #n + :one, m.w = :one REMOVE l[0]",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": one,
    }
    never = {
        "ConditionExpression": "attribute_exists(nothing)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    update = {"Update": {**here, "Key": key, **add}}
    put = {"Put": {**here, "Item": {**other, "v": {"B": "YQ=="}}}}
    token = {"ClientRequestToken": "twice"}
    return [
        ("CreateTable", {**here, **KEYS}),
        ("DescribeTable", here),
        ("PutItem", {**here, "Item": item}),
        ("UpdateItem", {**here, "Key": key, **add, "ReturnValues": "ALL_NEW"}),
        ("PutItem", {**here, "Item": item, **never}),
        ("TransactWriteItems", {"TransactItems": [update, put], **token}),
        ("TransactWriteItems", {"TransactItems": [update, put], **token}),
        ("TransactWriteItems", {"TransactItems": [{"Put": {**put["Put"], **never}}, update]}),
        ("TransactGetItems", {"TransactItems": [{"Get": {**here, "Key": key}}]}),
        ("GetItem", {**here, "Key": key, "ProjectionExpression": "m.y, l"}),
        ("Scan", here),
        ("DeleteItem", {**here, "Key": key, "ReturnValues": "ALL_OLD"}),
        ("DeleteTable", here),
    ]
