"""A served cluster in trouble: what a client sees is what the service's clients see, and true."""

import asyncio
import os
import re
import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config

from tests.router.indexed import index, table
from tests.tidy import ROOT
from tests.twophase.light import (
    Client,
    Json,
    RefusedError,
    add,
    get,
    make_table,
    snapshot,
    together,
)
from twophase.local.cluster import LocalCluster
from twophase.local.faults import FaultsError
from twophase.testing import LocalDynamoDB, local_dynamodb

ROUNDS = 60
PUT = {"Put": {"TableName": "own", "Item": {"pk": {"S": "a"}}}}


class Tally:
    """What clients were told, and what must hold of the counters whatever that was."""

    def __init__(self) -> None:
        self.told: Counter[str] = Counter()
        self.sure = self.unsure = 0

    async def writes(self, client: Client, n: int) -> None:
        """Add one to two counters in a transaction, and one to another by itself, again and again.

        Each without a retry, so that what was not answered stays unsure.
        """
        for turn in range(ROUNDS):
            both = {"TransactItems": [{"Update": add("one", 1)}, {"Update": add("two", 1)}]}
            if turn % 2:
                await self.ask(client, "UpdateItem", add(f"own{n}", 1))
            elif await self.ask(client, "TransactWriteItems", both) is None:
                self.unsure += 1

    async def ask(self, client: Client, operation: str, body: dict[str, Any]) -> bool | None:
        """Ask once; None: nobody knows."""
        try:
            await client.call(operation, body)
        except RefusedError as refused:
            self.told[" ".join([refused.name, *refused.codes])] += 1
            is_unknown = refused.status == 500 or refused.name == "TransactionInProgressException"
            return None if is_unknown else False
        self.told["done"] += 1
        if operation == "TransactWriteItems":
            self.sure += 1
        return True


def troubled(faults: str, clients: int = 4) -> tuple[Tally, LocalDynamoDB]:
    """Write while there is trouble; then heal it, and check that every answer was true."""
    tally = Tally()
    with local_dynamodb(faults="", seed=3) as server:
        together(server.url, 1, lambda client, _: make_table(client))
        server.faults(faults)
        results = together(server.url, clients, tally.writes)
        server.faults("")
        server.inside(start_all)
        one, two = values(server, "one", "two")

    assert results == [None] * clients, results
    assert one == two
    assert tally.sure <= one <= tally.sure + tally.unsure, tally.told
    return tally, server


def start_all(cluster: LocalCluster) -> None:
    for name in cluster.all_names():
        cluster.start(name)


def values(server: LocalDynamoDB, *names: str) -> list[int]:
    """Read items as they were at one moment, as soon as no transaction is ongoing on them."""

    async def read(client: Client, _: int) -> list[int]:
        while True:
            try:
                answer = await client.call("TransactGetItems", snapshot(list(names)))
            except RefusedError:
                await asyncio.sleep(0.1)
            else:
                return [int(one["Item"]["v"]["N"]) for one in answer["Responses"]]

    (found,) = together(server.url, 1, read)
    assert isinstance(found, list), found
    return found


def test_conflicts_on_demand_are_told_as_the_service_tells_them() -> None:
    tally, server = troubled("conflict=0.3", clients=1)  # Alone: no conflict of its own.

    assert {name.partition(" ")[0] for name in tally.told} == {
        "done",
        "TransactionCanceledException",
        "TransactionConflictException",
    }
    assert tally.told["TransactionCanceledException TransactionConflict None"] > 0
    assert tally.told["TransactionCanceledException None TransactionConflict"] > 0
    assert server.cluster.trouble is not None
    assert server.cluster.trouble.counts["conflict"] > 10


def test_a_conflict_can_meet_a_read_transaction() -> None:
    async def read(client: Client, _: int) -> list[str]:
        await make_table(client)
        server.faults("conflict=1")
        try:
            await client.call("GetItem", get("a"))  # Never conflicts.
            reading = {"Get": {"TableName": "accounts", "Key": {"pk": {"S": "a"}}}}
            await client.call("TransactGetItems", {"TransactItems": [reading]})
        except RefusedError as refused:
            return [refused.name, *refused.codes]
        return []

    with local_dynamodb(faults="") as server:
        assert together(server.url, 1, read) == [
            ["TransactionCanceledException", "TransactionConflict"]
        ]


def test_throttling_on_demand_is_told_as_the_service_tells_it() -> None:
    tally, _ = troubled("throttle=0.3", clients=1)

    assert {name for name in tally.told if "Cancel" not in name} == {
        "done",
        "ProvisionedThroughputExceededException",
    }
    codes = {code for name in tally.told if "Cancel" in name for code in name.split()[1:]}
    assert codes == {"ProvisionedThroughputExceeded", "None"}


@pytest.mark.parametrize("has_split", [False, True])
@pytest.mark.parametrize(
    ("operation", "of_index"),
    [
        ("Query", {}),
        ("Scan", {}),
        ("Query", {"IndexName": "local"}),
        ("Scan", {"IndexName": "global"}),
    ],
)
def test_throttling_on_demand_meets_queries_and_scans(
    operation: str, of_index: Json, has_split: bool
) -> None:
    async def read(client: Client, _: int) -> str:
        local, remote = index("local", "customer", "day"), index("global", "customer")
        types = {"customer": "S", "number": "S", "day": "S"}
        made = table("customer", "number", types=types, local=[local], remote=[remote])
        await client.call("CreateTable", made)
        if has_split:
            server.split("p1")
        body: Json = {"TableName": made["TableName"], **of_index}
        if operation == "Query":
            body["KeyConditionExpression"] = "customer = :c"
            body["ExpressionAttributeValues"] = {":c": {"S": "c1"}}
        calm = await client.call(operation, body)
        server.faults("throttle=1")
        try:
            await client.call(operation, body)
        except RefusedError as refused:
            return f"{calm['Count']} {refused.name}"
        return "done"

    with local_dynamodb(faults="") as server:
        assert together(server.url, 1, read) == ["0 ProvisionedThroughputExceededException"]


def test_an_unknown_outcome_may_have_happened_or_not() -> None:
    tally, _ = troubled("unknown=0.4", clients=1)

    assert set(tally.told) == {"done", "InternalServerError"}
    assert tally.unsure > 3


def test_an_sdk_resolves_an_unknown_outcome_with_its_token() -> None:
    with local_dynamodb(faults="", seed=5) as server:
        together(server.url, 1, lambda client, _: make_table(client))
        server.faults("unknown=0.3")
        client = server.client()
        for _ in range(20):  # botocore mints the token, and tries again by itself.
            client.transact_write_items(
                TransactItems=[{"Update": add("a", 1)}, {"Update": add("b", 1)}]
            )
        server.faults("")

        assert values(server, "a", "b") == [20, 20]
        client.close()


def test_lost_and_late_messages_cost_time_and_nothing_else() -> None:
    tally, _ = troubled("loss=0.003,repeat=0.05,latency=100us..2ms")

    assert tally.told["done"] > 50, tally.told


def test_crashes_of_every_node_leave_every_answer_true() -> None:
    tally, server = troubled("crash=any:200ms:50ms,latency=1ms")

    assert tally.told["done"] > 10, tally.told
    assert server.cluster.trouble is not None
    assert any(name.startswith("crash of") for name in server.cluster.trouble.counts)


def test_clocks_that_are_off_cost_conflicts_at_most() -> None:
    tally, server = troubled("skew=1s")

    told = {name.partition(" ")[0] for name in tally.told}
    assert told <= {"done", "TransactionCanceledException", "TransactionConflictException"}
    assert server.cluster.clocks["p1"].offset_us == 0  # Healed.


@pytest.mark.slow
def test_all_of_it_at_once_leaves_every_answer_true(soak: bool) -> None:
    everything = (
        "loss=0.005,repeat=0.05,latency=100us..3ms,crash=any:400ms:100ms,skew=50ms,"
        "conflict=0.05,throttle=0.05,unknown=0.05"
    )
    for _ in range(10 if soak else 1):
        tally, _server = troubled(everything, clients=8)

        assert tally.told["done"] > 10, tally.told


# In one's own tests.

OWN_CONFTEST = 'pytest_plugins = ["twophase.pytest_plugin"]\n'
OWN_OPTIONS = ["-p", "no:cacheprovider", "-p", "no:asyncio"]
OWN_TEST = """
import pytest

def table(dynamodb):
    client = dynamodb.client()
    client.create_table(
        TableName="own",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client.get_waiter("table_exists").wait(TableName="own", WaiterConfig={"Delay": 1})
    return client

PUT = [{"Put": {"TableName": "own", "Item": {"pk": {"S": "a"}}}}]

@pytest.mark.local_dynamodb(faults="conflict=1", seed=7)
def test_with_faults(local_dynamodb):
    client = table(local_dynamodb)
    with pytest.raises(client.exceptions.TransactionCanceledException, match="TransactionConflict"):
        client.transact_write_items(TransactItems=PUT)

def test_without(local_dynamodb):
    table(local_dynamodb).transact_write_items(TransactItems=PUT)
    assert local_dynamodb.cluster.trouble is None

@pytest.mark.local_dynamodb("conflict=1")
def test_with_faults_that_are_not_called_so(local_dynamodb):
    raise AssertionError("it must not begin")

@pytest.mark.local_dynamodb(faults="")
def test_that_fails(local_dynamodb):
    raise AssertionError(f"seed={local_dynamodb.seed})")
"""


@pytest.mark.slow
def test_the_fixture_works_in_tests_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(OWN_CONFTEST)
    (tmp_path / "test_own.py").write_text(OWN_TEST)
    command = [sys.executable, "-m", "pytest", "-q", "--strict-markers", *OWN_OPTIONS]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTEST_XDIST_WORKER", None)
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )

    assert "1 failed, 2 passed, 1 error" in done.stdout, done.stdout + done.stderr
    assert "TypeError: local_dynamodb() takes 0 positional arguments" in done.stdout
    (seed,) = set(re.findall(r"AssertionError: (seed=\d+\))$", done.stdout, re.MULTILINE))
    assert f"local_dynamodb(..., {seed} draws them again." in done.stdout


def test_a_server_that_has_stopped_says_so() -> None:
    with local_dynamodb(faults="") as server:
        pass

    for ask in (
        lambda: server.faults("conflict=1"),
        lambda: server.split("p1"),
        lambda: server.inside(lambda cluster: cluster.crash("p1")),
    ):
        with pytest.raises(RuntimeError, match="the server has stopped: ask it inside of its"):
            ask()


def test_what_a_test_does_inside_of_a_server_fails_like_the_test() -> None:
    def fail(_: LocalCluster) -> None:
        pytest.fail("as a test does")

    with local_dynamodb() as server:
        with pytest.raises(pytest.fail.Exception, match="as a test does"):
            server.inside(fail)
        assert server.client().list_tables()["TableNames"] == []


def test_inside_of_a_server_one_can_ask_for_more() -> None:
    done: list[str] = []
    with local_dynamodb(faults="") as server:

        def more(cluster: LocalCluster) -> None:
            server.faults("latency=1ms")
            server.inside(lambda _: done.append("inside of inside"))

        server.inside(more)

    assert done == ["inside of inside"]


def test_a_node_that_is_not_there_neither_crashes_nor_starts() -> None:
    with local_dynamodb() as server:
        for do in (LocalCluster.crash, LocalCluster.start):
            with pytest.raises(ValueError, match="there is no node 'p9': there are l1, p1, p2, "):
                server.inside(partial(do, name="p9"))


def test_a_servers_seed_draws_the_same_faults_again() -> None:
    def told(seed: int | None) -> tuple[int, list[str]]:
        with local_dynamodb(faults="conflict=0.5", seed=seed) as server:
            client = server.client(config=Config(retries={"total_max_attempts": 1}))
            client.create_table(
                TableName="own",
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
            answers = []
            for _ in range(12):
                try:
                    client.transact_write_items(TransactItems=[PUT])
                    answers.append("done")
                except client.exceptions.TransactionCanceledException:  # As the faults have it.
                    answers.append("cancelled")
            return server.seed, answers

    seed, first = told(None)
    assert told(seed) == (seed, first)


@pytest.mark.parametrize(
    ("library", "said"),
    [
        ("orjson", "twophase.testing needs orjson, which is not installed: pip install '/path/to"),
        ("uvicorn", "twophase.testing needs uvicorn, which is not installed: pip install"),
        ("boto3", "a client needs boto3, which is not installed: pip install '/path/to/twophase["),
    ],
)
def test_a_library_that_is_not_there_is_named_with_what_brings_it(library: str, said: str) -> None:
    without = f"import sys; sys.modules[{library!r}] = None\n"
    asks = "from twophase.testing import library_of_clients\nlibrary_of_clients()"
    done = subprocess.run(
        [sys.executable, "-c", without + asks],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert f"ModuleNotFoundError: {said}" in done.stderr


def test_faults_must_be_asked_for_to_come_later() -> None:
    with local_dynamodb() as server, pytest.raises(FaultsError, match="begin with faults=''"):
        server.faults("loss=0.1")


@pytest.mark.parametrize("seed", ["x", "7", -1, 1 << 63, 1.0, True])
def test_a_seed_that_is_none_is_refused(seed: Any) -> None:
    with (
        pytest.raises(
            ValueError, match="seed must be a whole number from 0 to 9223372036854775807"
        ),
        local_dynamodb(seed=seed),
    ):
        raise AssertionError("it must not open")
