"""A workload's tables, as a run's first client makes them: filled, and held to their units."""

from collections.abc import Mapping
from typing import Any

from sim.client import Client
from sim.history import Operation
from sim.scenario import Scenario
from sim.workload import Workload

WAIT_US = 20_000
WAITS_MAX = 1_000
SERVER_ERROR = 500  # And above: a router gave up.


class SetupError(RuntimeError):
    """Why a run could not be carried out, which is the scenario's fault and no finding.

    Its tables or first items could not be made, on a calm network, or clients are at work for
    longer than it allows.
    """


class Tables:
    """The tables of one run, or of one region's part in it."""

    def __init__(self, workload: Workload, scenario: Scenario) -> None:
        self._workload = workload
        view = scenario.keys["cluster.streams"]
        self._streams = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": view}}
        self._has_streams = bool(view)
        self._units = {
            "ReadCapacityUnits": scenario.number("cluster.read_units"),
            "WriteCapacityUnits": scenario.number("cluster.write_units"),
        }

    async def make(self, client: Client) -> None:
        """Make all tables, and wait until they are there.

        Raises:
            SetupError: Here and below: it was refused.
        """
        for table in self._workload.tables:
            request = {**table, **self._streams} if self._has_streams else table
            await self._ask(client, "CreateTable", request)
            await self._until_active(client, table["TableName"])

    async def fill(self, client: Client) -> None:
        """Put the first items, for nothing: no table is held to its units yet."""
        for name, item in self._workload.items():
            await self._ask(client, "PutItem", {"TableName": name, "Item": item})

    async def hold(self, client: Client) -> None:
        """Hold all tables to their units, if they are to have any."""
        if self._is_held:
            for table in self._workload.tables:
                await self._change(client, table["TableName"], self._provisioned(table))

    async def let_go(self, client: Client) -> None:
        """Hold them to none any more: what is still to be read must not wait for units."""
        if self._is_held:
            for table in self._workload.tables:
                await self._change(client, table["TableName"], {"BillingMode": "PAY_PER_REQUEST"})

    @property
    def _is_held(self) -> bool:
        return all(self._units.values())

    def _provisioned(self, table: Mapping[str, Any]) -> Mapping[str, Any]:
        """Give a table its units, and each of its global indexes as many: the API asks for some."""
        updates = [
            {"Update": {"IndexName": index["IndexName"], "ProvisionedThroughput": self._units}}
            for index in table.get("GlobalSecondaryIndexes", ())
        ]
        change = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": self._units}
        return {**change, "GlobalSecondaryIndexUpdates": updates} if updates else change

    async def _change(self, client: Client, name: str, change: Mapping[str, Any]) -> None:
        await self._ask(client, "UpdateTable", {"TableName": name, **change})
        await self._until_active(client, name)

    async def _until_active(self, client: Client, name: str) -> None:
        for _ in range(WAITS_MAX):
            shown = await client.call("DescribeTable", {"TableName": name})
            if shown.answer.get("Table", {}).get("TableStatus") == "ACTIVE":
                break
            await client.host.sleep(WAIT_US)

    async def _ask(self, client: Client, name: str, request: Mapping[str, Any]) -> None:
        asked = await client.call(name, request)
        if asked.outcome != "committed":
            raise SetupError(said_of(name, asked))


def said_of(name: str, asked: Operation) -> str:
    """Say what came of a request that was to succeed."""
    who = "clients wait for client.attempt_deadline_us, client.attempts_max times"
    said = f"{name} had no answer in time"
    if asked.status:
        said = f"{name} was answered {asked.status}, {asked.answer.get('message', asked.answer)}"
        if asked.status < SERVER_ERROR:
            return said
        who = "routers wait for protocol.operation_deadline_us"
    return f"{said}: {who}, and network.delay_us and disk.sync_us are to leave room in it"
