"""What one region's partitions did to items of global tables: between the nodes and the witness.

Each write of such an item has its version in the same append.  It is noted here, and taken out of
what the witness is shown: the checks of one region know nothing of versions.  A write that came
from another region is shown to them as a singleton of `k0`, whose outcome nobody knows: a client
that stands for everybody elsewhere.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from items.keys import key_attributes
from items.to_json import item_to_json
from items.values import Item
from network.ids import Version
from network.messages import Done, Envelope, RecordKey, Replicate
from network.placement import REPLICATION_TABLE
from partition.machine import Machine, Output
from partition.record import Record
from partition.replicas import table_of_versions, version_in, versions_of
from partition.storage import Changes
from sim.checkers.model import Model, Place
from sim.history import ELSEWHERE, History, Operation
from sim.loop import VirtualLoop
from sim.witness import Witness
from sim.workload import Json


class ItemWrite(NamedTuple):
    """A write that changed an item, or brought another region's version of it."""

    number: int  # Of the moment when it happened here …
    us: int  # … and when it was durable.
    place: Place
    version: Version
    before: Version | None  # That it replaced; None: nobody had ever written the item.
    item: Item | None
    cause: str  # The transaction or attempt; empty if it came from another region.


class Beaten(NamedTuple):
    """A write of another region that came, and was not later than what was there."""

    us: int
    place: Place
    version: Version
    winner: Version


class Position(NamedTuple):
    """Up to where a region was noted to have heard of a shard."""

    name: str  # Of the shard and the region.
    before: int
    after: int


class RegionWitness:
    """What one region's nodes do, before its witness sees it; a `sim.cluster.Watcher`."""

    def __init__(
        self, loop: VirtualLoop, region: str, witness: Witness, tables: Iterable[Json]
    ) -> None:
        self.region, self.witness = region, witness
        self.writes: list[ItemWrite] = []
        self.beaten: list[Beaten] = []
        self.positions: dict[str, int] = {}  # As last noted, by their names …
        self.fallen: list[Position] = []  # … and those that went back.
        self.elsewhere: list[Operation] = []  # What came from other regions, as `k0` asked for it.
        self._loop = loop
        self._requests = Model(tables)  # Reads them, and carries out nothing.
        self.latest: dict[Place, Version] = {}  # Of each item that was ever written.

    def number(self) -> int:
        return self.witness.number()

    def stepped(self, machine: Machine, envelope: Envelope, output: Output) -> None:
        message = envelope.message
        if isinstance(message, Replicate) and output.reply == Done((False,)):
            self._note_beaten(machine, message)
        self.witness.stepped(machine, envelope, output)

    def durable(self, node: str, number: int, changes: Changes) -> None:
        if changes.holding is None:  # What moves to another node stays as it is.
            self._note_positions(changes)
        noted = [one for one in changes.records if table_of_versions(one[0][0])]
        if noted and changes.holding is None:
            plain = tuple(one for one in changes.records if not table_of_versions(one[0][0]))
            for (hidden, key), record in noted:
                assert record is not None, "a version is never forgotten"
                written = table_of_versions(hidden), key
                after = dict(plain)[written]
                cause = self._note(number, changes.cause, written, after, version_in(record))
                changes = replace(changes, cause=cause)
            changes = replace(changes, records=plain)
        self.witness.durable(node, number, changes)

    def gets(self, request: Json) -> list[tuple[Place, Json]]:
        """Return the items that a read asks for."""
        return self._requests.gets(request)

    def history(self, history: History) -> History:
        """Return a region's history with what came from the others."""
        whole = History()
        for operation in (*history, *self.elsewhere):
            whole.add(operation._replace(place=len(whole)))
        return whole

    def _note(
        self, number: int, cause: str, key: RecordKey, after: Record | None, version: Version
    ) -> str:
        """Note a write; return who asked for it, as the witness is to know."""
        place = self._place(key)
        item = None if after is None else after.item
        if version.region != self.region:
            cause = ""
        before = self.latest.get(place)
        self.writes.append(
            ItemWrite(number, self._loop.now_us, place, version, before, item, cause)
        )
        self.latest[place] = version
        if cause:
            return cause
        operation = self._as_operation(place, item)
        self.elsewhere.append(operation)
        return operation.call

    def _as_operation(self, place: Place, item: Item | None) -> Operation:
        """Write what came from another region as a singleton that nobody was told of."""
        call = f"{ELSEWHERE}#{len(self.elsewhere) + 1}"
        schema = self._requests.schemas[place[0]]
        request: dict[str, object] = {"TableName": place[0]}
        if item is None:
            request["Key"] = item_to_json(key_attributes(schema, place[1]))
        else:
            request["Item"] = item_to_json(item)
        name = "DeleteItem" if item is None else "PutItem"
        return Operation(0, ELSEWHERE, name, request, call, 0, 0, [call], 0, {})

    def _note_positions(self, changes: Changes) -> None:
        for (table, key), record in changes.records:
            if table == REPLICATION_TABLE and record is not None and record.item is not None:
                name, after = str(key[0][1]), int(record.item["Sequence"][1])
                before = self.positions.get(name, 0)
                if after < before:
                    self.fallen.append(Position(name, before, after))
                self.positions[name] = after

    def _note_beaten(self, machine: Machine, message: Replicate) -> None:
        table, replica = message.table, message.replica
        noted = machine.record(versions_of(table), replica.key)
        if noted.item is not None:
            place = self._place((table, replica.key))
            self.beaten.append(Beaten(self._loop.now_us, place, replica.version, version_in(noted)))

    def _place(self, key: RecordKey) -> Place:
        return self.witness.table_names[key[0]], key[1]
