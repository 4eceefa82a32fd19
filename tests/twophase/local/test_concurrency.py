"""Many clients at once over real sockets: what conflicts, what never does, and what is never lost.

The promises are those of the service's documentation ('Transaction conflict handling'); the first
ones are what makes a local DynamoDB worth testing transactions against.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from coordinator.options import CoordinatorOptions
from tests.twophase.light import (
    TABLE,
    Client,
    RefusedError,
    add,
    get,
    item,
    key,
    make_table,
    put,
    snapshot,
    together,
    transfer,
)
from twophase.local.cluster import LocalCluster, Nodes
from twophase.testing import LocalDynamoDB, local_dynamodb

ACCOUNTS = [f"account{n}" for n in range(4)]
EACH = 1_000
CLIENTS = 16


@pytest.fixture(scope="module")
def dynamodb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalDynamoDB]:
    """Serve from a disk: transactions take long enough there to meet each other."""
    with local_dynamodb(seed=1, data=tmp_path_factory.mktemp("data")) as server:
        yield server


@pytest.fixture
def url(dynamodb: LocalDynamoDB) -> str:
    """Give the address of a server whose table is new."""

    async def renew(client: Client, _: int) -> None:
        status, _body = await client.ask("DeleteTable", {"TableName": TABLE})
        while status == 200:
            status, _body = await client.ask("DescribeTable", {"TableName": TABLE})
        await make_table(client)

    assert together(dynamodb.url, 1, renew) == [None]
    return dynamodb.url


def answered(results: list[Any]) -> list[Any]:
    """Give the results, none of which may be a bug of the test or of the server."""
    for result in results:
        if isinstance(result, RefusedError):
            assert result.status == 400, result
        elif isinstance(result, BaseException):
            raise result
    return results


def summed(results: list[Any]) -> Counter[str]:
    """Add up what the clients have counted."""
    total: Counter[str] = Counter()
    for one in answered(results):
        assert isinstance(one, Counter), one
        total += one
    return total


def value(url: str, name: str) -> int:
    async def read(client: Client, _: int) -> int:
        found = await client.call("GetItem", get(name))
        return int(found["Item"]["v"]["N"])

    (found,) = together(url, 1, read)
    assert isinstance(found, int), found
    return found


def open_accounts(url: str, names: list[str]) -> None:
    async def fill(client: Client, _: int) -> None:
        for name in names:
            await client.call("PutItem", put(name, EACH))

    assert together(url, 1, fill) == [None]


def test_a_conflict_is_told_at_the_contended_item_and_none_elsewhere(url: str) -> None:
    async def write(client: Client, n: int) -> list[str]:
        mine = {"Put": put(f"own{n}", n)}
        conflicts: list[str] = []
        for _ in range(10):
            try:
                await client.call(
                    "TransactWriteItems", {"TransactItems": [mine, {"Update": add("hot", 1)}]}
                )
            except RefusedError as refused:
                conflicts.append(" ".join([refused.name, *refused.codes]))
        return conflicts

    told = Counter(one for all_of in answered(together(url, CLIENTS, write)) for one in all_of)

    assert set(told) == {"TransactionCanceledException None TransactionConflict"}
    assert value(url, "hot") == 10 * CLIENTS - told.total()
    assert 0 < told.total() < 10 * CLIENTS


def test_a_single_write_that_meets_a_transaction_is_told_so(url: str) -> None:
    expected = {"done", "TransactionCanceledException", "TransactionConflictException"}
    told: Counter[str] = Counter()

    async def write(client: Client, n: int) -> None:
        both = [{"Update": add("hot", 1)}, {"Update": add("other", 1)}]
        while told.keys() < expected and told.total() < 5_000:
            try:
                if n % 2:
                    await client.call("UpdateItem", add("hot", 1))
                else:
                    await client.call("TransactWriteItems", {"TransactItems": both})
                told["done"] += 1
            except RefusedError as refused:
                told[refused.name] += 1

    answered(together(url, 8, write))

    assert set(told) == expected
    assert value(url, "hot") == told["done"]


def test_single_writes_never_fail_from_each_other(url: str) -> None:
    async def write(client: Client, n: int) -> None:
        for _ in range(5):
            await client.call("PutItem", put("hot", n))
            await client.call("DeleteItem", {"TableName": TABLE, "Key": key("hot")})

    assert answered(together(url, 50, write)) == [None] * 50


def test_a_thousand_additions_lose_nothing(url: str) -> None:
    async def write(client: Client, _: int) -> None:
        for _ in range(40):
            await client.call("UpdateItem", add("hot", 1))

    assert answered(together(url, 25, write)) == [None] * 25
    assert value(url, "hot") == 1_000


def test_of_sixteen_who_create_exactly_one_does(url: str) -> None:
    async def write(client: Client, n: int) -> str:
        try:
            await client.call("PutItem", put("new", n, "attribute_not_exists(pk)"))
        except RefusedError as refused:
            return refused.name
        return "done"

    told = Counter(answered(together(url, 16, write)))

    assert told == {"done": 1, "ConditionalCheckFailedException": 15}


def test_two_transactions_that_create_one_item_are_one_winner(url: str) -> None:
    async def write(client: Client, n: int) -> str:
        puts = [
            {"Put": put("absent", n, "attribute_not_exists(pk)")},
            {"Put": put(f"of{n}", n)},
        ]
        try:
            await client.call("TransactWriteItems", {"TransactItems": puts})
        except RefusedError as refused:
            return refused.codes[0]
        return "done"

    told = Counter(answered(together(url, 8, write)))

    assert told["done"] <= 1
    assert set(told) <= {"done", "TransactionConflict", "ConditionalCheckFailed"}


def test_a_token_is_carried_out_once_whoever_uses_it_at_once(url: str) -> None:
    request = {"TransactItems": [{"Update": add("counted", 1)}], "ClientRequestToken": "token"}

    async def write(client: Client, _: int) -> str:
        try:
            await client.call("TransactWriteItems", request)
        except RefusedError as refused:
            return refused.name
        return "done"

    told = Counter(answered(together(url, 16, write)))

    assert told["done"] >= 1
    assert set(told) <= {"done", "TransactionInProgressException"}
    assert value(url, "counted") == 1


def test_a_token_in_flight_is_told_to_be_in_progress() -> None:
    request = {"TransactItems": [{"Update": add("a", 1)}], "ClientRequestToken": "token"}
    nodes = Nodes(coordinator=CoordinatorOptions(repeat_first_us=20_000))
    with local_dynamodb(nodes=nodes) as server:

        def all_partitions(do: Callable[[LocalCluster, str], None]) -> None:
            def change(cluster: LocalCluster) -> None:
                for name in cluster.partitions:
                    do(cluster, name)

            server.inside(change)

        async def write(client: Client, n: int) -> str:
            if n == 0:
                await make_table(client)
                all_partitions(LocalCluster.crash)  # So that no transaction comes to its end.
                down.set()
                await client.call("TransactWriteItems", request)
                return "done"
            await down.wait()
            await asyncio.sleep(0.05)
            with pytest.raises(RefusedError) as refused:
                await client.call("TransactWriteItems", request)
            all_partitions(LocalCluster.start)
            return refused.value.name

        again = ("TransactWriteItems", request)
        down = asyncio.Event()
        results = answered(together(server.url, 2, write))

        assert results == ["done", "TransactionInProgressException"]
        # The same call tries again, and is told what came of it.
        retry = together(server.url, 1, lambda client, _: client.call(*again))
        assert answered(retry) == [{}]
        assert value(server.url, "a") == 1


def test_a_token_with_another_request_is_a_mismatch(url: str) -> None:
    async def write(client: Client, _: int) -> str:
        await client.call("TransactWriteItems", transfer_into("a"))
        with pytest.raises(RefusedError) as refused:
            await client.call("TransactWriteItems", transfer_into("b"))
        return refused.value.name

    def transfer_into(name: str) -> dict[str, Any]:
        return {"TransactItems": [{"Put": put(name, 1)}], "ClientRequestToken": "one token"}

    assert answered(together(url, 1, write)) == ["IdempotentParameterMismatchException"]


def test_opposite_transfers_cancel_and_never_hang(url: str) -> None:
    async def move(client: Client, n: int) -> Counter[str]:
        source, target = ("a", "b") if n % 2 else ("b", "a")
        found: Counter[str] = Counter()
        for _ in range(20):
            try:
                await client.call("TransactWriteItems", transfer(source, target, 1))
                found["done"] += 1
            except RefusedError as refused:
                found[refused.name] += 1
        return found

    open_accounts(url, ["a", "b"])
    told = summed(together(url, 8, move))

    assert set(told) <= {"done", "TransactionCanceledException"}
    assert value(url, "a") + value(url, "b") == 2 * EACH


def test_the_bank_is_whole_in_every_snapshot(url: str, soak: bool) -> None:
    conflict = "TransactionCanceledException TransactionConflict"
    enough, told = 3_000 if soak else 50, Counter[str]()

    async def work(client: Client, n: int) -> None:
        turn = n
        while min(told["snapshot"], told["transfer"], told[conflict]) < enough:
            turn += 1
            try:
                if n % 4 == 0:
                    read = await client.call("TransactGetItems", snapshot(ACCOUNTS))
                    seen = [int(one["Item"]["v"]["N"]) for one in read["Responses"]]
                    assert sum(seen) == EACH * len(ACCOUNTS), seen
                    assert min(seen) >= 0, (
                        f"a condition kept nobody from spending what is not there: {seen}"
                    )
                    told["snapshot"] += 1
                else:
                    source = ACCOUNTS[turn % len(ACCOUNTS)]
                    target = ACCOUNTS[(turn + 1 + turn // 7 % 3) % len(ACCOUNTS)]
                    await client.call("TransactWriteItems", transfer(source, target, turn % 30))
                    told["transfer"] += 1
            except RefusedError as refused:
                told[" ".join(sorted({refused.name, *refused.codes} - {"None"}))] += 1

    open_accounts(url, ACCOUNTS)
    answered(together(url, CLIENTS, work))

    assert all("TransactionCanceled" in one for one in {*told} - {"snapshot", "transfer"}), told
    assert sum(value(url, name) for name in ACCOUNTS) == EACH * len(ACCOUNTS)


def test_a_torn_read_is_never_seen_and_readers_get_on(url: str) -> None:
    refusals: set[str] = set()
    written = 0

    async def write(client: Client) -> None:
        nonlocal written
        while written < 40:
            puts = [{"Put": put(name, written + 1)} for name in ("x", "y")]
            try:
                await client.call("TransactWriteItems", {"TransactItems": puts})
                written += 1
            except RefusedError as refused:
                refusals.update(refused.codes)
            # A reader has two rounds to make: one that never rests would shut it out.
            await asyncio.sleep(0.005)

    async def work(client: Client, n: int) -> list[int]:
        if n == 0:
            await write(client)
        seen: list[int] = []
        while not seen or written < 40:
            try:
                read = await client.call("TransactGetItems", snapshot(["x", "y"]))
            except RefusedError as refused:
                refusals.update(refused.codes)
                continue
            first, second = read["Responses"]
            assert first.get("Item", item("x", 0))["v"] == second.get("Item", item("y", 0))["v"]
            seen.append(int(first.get("Item", item("x", 0))["v"]["N"]))
        assert seen == sorted(seen)
        return seen

    results = answered(together(url, 5, work))

    assert refusals <= {"TransactionConflict", "None"}
    assert len({generation for seen in results for generation in seen}) > 3


def test_a_router_that_crashes_leaves_an_unknown_outcome_and_no_waiting(
    dynamodb: LocalDynamoDB,
) -> None:
    async def work(client: Client, n: int) -> list[int]:
        statuses: list[int] = []
        for turn in range(60):
            if n == 0 and turn % 10 == 5:
                dynamodb.inside(lambda cluster: cluster.crash("r1"))
                dynamodb.inside(lambda cluster: cluster.start("r1"))
            status, _ = await client.ask("PutItem", put(f"{n}", turn, table="crashing"))
            statuses.append(status)
        return statuses

    answered(together(dynamodb.url, 1, lambda client, _: make_table(client, "crashing")))
    results = answered(together(dynamodb.url, 8, work))

    assert {status for one in results for status in one} <= {200, 500}
    assert sum(one.count(200) for one in results) > 100
    after = together(
        dynamodb.url, 1, lambda client, _: client.call("PutItem", put("a", 1, table="crashing"))
    )
    assert answered(after) == [{}]
