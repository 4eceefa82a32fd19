"""Whatever is asked, it is answered as the service would: no bug, no 500, nothing half done."""

import traceback
from collections import Counter

import pytest

from items.errors import CATALOGUE
from network.messages import Response
from partition.rows import record_from_row, record_row
from router.api import OPERATIONS
from router.server import RouterServer
from sim.chance import NamedChance
from tests.router.harness import World
from tests.router.requests_at_random import Maker
from tests.router.service_model import Json, misfits, output_of

REQUESTS, REQUESTS_SOAK = 3_000, 100_000
PARTS = 4  # Each in a world of its own.
OF_TABLES = ("CreateTable", "DeleteTable", "UpdateTable")
LATEST = 200  # Table operations are rare, so that there are tables to work on.


def written(world: World) -> list[object]:
    """Give what changes with every change of an item or of a table's definition."""
    lsns: list[object] = []
    for name in (*world.cluster.partitions, *world.cluster.ledgers):
        machine = world.cluster.machine(name)
        assert machine is not None
        if name in world.cluster.partitions:
            lsns.append(machine._lsn)
        else:
            records = machine._tables["$tables"].records
            lsns.append(sorted((str(key), one.lsn) for key, one in records.items()))
    return lsns


def refuse_unreadable(world: World) -> None:
    """Read every record back from the row that a partition's file would have of it."""
    for name in world.cluster.partitions:
        records = world.cluster.disks[name].contents.records
        for kept in records.items():
            assert record_from_row(record_row(*kept)) == kept


def begin() -> World:
    world = World()
    world.table()
    world.ok(
        "CreateTable",
        {
            "TableName": "cars",
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "N"},
            ],
            "BillingMode": "PAY_PER_REQUEST",
        },
    )
    world.wait_for_status("cars", "ACTIVE")
    return world


async def ask(world: World, operation: str, body: Json, request: str) -> Response:
    """Ask a router without a network in between, which could not carry all that JSON may hold."""
    router = world.cluster.servers["r1"]
    assert isinstance(router, RouterServer)
    try:
        return await router.api.call(operation, body, call=None, request=request)
    except Exception:  # noqa: BLE001  # Whatever it is, it is a bug, and shall be seen as one.
        return Response(500, {"bug": traceback.format_exc()})


@pytest.mark.parametrize("part", range(PARTS))
def test_no_request_finds_a_bug_and_no_refusal_changes_anything(part: int, soak: bool) -> None:
    count = (REQUESTS_SOAK if soak else REQUESTS) // PARTS
    world, site = begin(), NamedChance(part).site("requests")
    maker, ends = Maker(site), Counter[str]()
    often = [operation for operation in OPERATIONS if operation not in OF_TABLES]
    for number in range(count):
        if number % LATEST == LATEST - 1:
            refuse_unreadable(world)
            world = begin()
        rare = number % LATEST > LATEST - 20
        operations = OF_TABLES if rare else often
        operation = operations[site.below(len(operations))]
        body = maker.request(operation)
        before = written(world)

        (response,) = world.await_all(ask(world, operation, body, f"k1#{number}"))

        told = f"{operation} {body}: {response.status} {response.body}"
        ends["ok" if response.status == 200 else "refused"] += 1
        if response.status == 200:
            assert list(misfits(response.body, output_of(operation), operation)) == [], told
            if operation in OF_TABLES:
                world.loop.run_for(100_000)  # What goes on after the answer.
        else:
            assert response.status == 400, told
            assert str(response.body["__type"]).rpartition("#")[2] in CATALOGUE, told
            assert written(world) == before, told
    assert min(ends["ok"], ends["refused"]) > count // 10, ends
