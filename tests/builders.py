"""What many tests begin with: actions, messages, a partition, a cluster; all with defaults."""

from collections.abc import Callable, Mapping
from typing import Any

from items.actions import Action, Check, Delete, Put, Update
from items.keys import Key, KeyAttribute, KeySchema
from items.values import AttributeValue
from network.ids import NEVER, EntryKey, TableId, Timestamp, TransactionId, first_number
from network.lossy import LossyNetwork
from network.messages import (
    Cancel,
    Commit,
    Envelope,
    Message,
    Prepare,
    Read,
    RecordKey,
    Write,
    from_frame,
)
from network.placement import HASHES, Range
from network.weather import Uniform, Weather
from partition import rules
from partition.machine import Machine, Output
from partition.now import Now
from partition.options import PartitionOptions
from partition.record import Record, TableState
from partition.storage import Changes, Contents, Stored
from sim.chance import NamedChance
from sim.client import ClientOptions
from sim.cluster import Cluster
from sim.history import History, Operation
from sim.loop import VirtualLoop, new_loop
from sim.settings import Settings, Shape
from sim.trace import Event
from sim.witness import Witness

TABLE = TableId("t")
SCHEMA = KeySchema(KeyAttribute("k", "S"))
EVERYTHING = Range(0, HASHES)
SECOND_US = 1_000_000

Attributes = dict[str, AttributeValue]

# Items and actions --------------------------------------------------------------------------------


def key(name: str = "a") -> Key:
    return (("S", name),)


def at(name: str = "a", table: str = TABLE) -> RecordKey:
    return table, key(name)


def item(name: str = "a", value: int = 1) -> Attributes:
    return {"k": ("S", name), "v": ("N", str(value))}


def put(name: str = "a", value: int = 1, condition: str | None = None, **more: Any) -> Put:
    return Put(TABLE, key(name), item(name, value), condition, **more)


def add(name: str = "a", value: int = 1, condition: str | None = None) -> Update:
    values: Attributes = {":n": ("N", str(value))}
    return Update(TABLE, key(name), ("k",), "ADD v :n", condition, {}, values)


def delete(name: str = "a", condition: str | None = None) -> Delete:
    return Delete(TABLE, key(name), condition)


def check(name: str = "a", condition: str = "attribute_exists(k)", **more: Any) -> Check:
    return Check(TABLE, key(name), condition, **more)


# Records and messages -----------------------------------------------------------------------------


def ts(us: int, node: str = "c1") -> Timestamp:
    return Timestamp(us, node)


def record(value: int | None = 1, us: int = 5, lsn: int = 1, ongoing: str = "") -> Record:
    """Make a record of the item a; `ongoing` names the transaction that is, at µs 100."""
    made = Record(None if value is None else item("a", value), ts(us), lsn)
    if not ongoing:
        return made
    return rules.prepare(made, prepare(put(), transaction=ongoing, us=100), put())[0]


def prepare(*actions: Action, transaction: str = "t1", us: int = 10, node: str = "c1") -> Prepare:
    return Prepare(
        TransactionId(transaction), EntryKey(f"entry {transaction}"), ts(us, node), actions
    )


def commit(*names: str, transaction: str = "t1") -> Commit:
    return Commit(TransactionId(transaction), tuple(at(name) for name in names))


def cancel(*names: str, transaction: str = "t1") -> Cancel:
    return Cancel(TransactionId(transaction), tuple(at(name) for name in names))


def read(*names: str) -> Read:
    return Read(tuple(at(name) for name in names), 0, "")


def write(action: Action, return_values: str = "NONE", incarnation: int = 1) -> Write:
    return Write(action, return_values, incarnation, "k1#1")


# A partition --------------------------------------------------------------------------------------


def born() -> Contents:
    """Make a disk that knows the table `t` and nothing else."""
    contents = Contents()
    contents.take(Changes("born", NEVER, (), (TableState(TABLE, SCHEMA),), 0))
    return contents


class Partition:
    """The machine of a partition, asked directly; all that it changes is durable at once."""

    def __init__(self, owned: Range = EVERYTHING, contents: Contents | None = None) -> None:
        self.contents = contents or born()
        self.clock_us = self.elapsed_us = 0
        self._owned, self._number = owned, first_number(1)
        self.machine = self._start(self.contents.load())
        self.last = Output(None, None)

    def _start(self, stored: Stored) -> Machine:
        return Machine("p1", self._owned, stored, PartitionOptions(), self.elapsed_us)

    def ask(self, message: Message, *, number: int = 0, source: str = "c1") -> Any:
        """Let the machine take a message, and return its reply; `number` makes it a copy."""
        self._number += 1
        envelope = Envelope(source, number or self._number, 0, message)
        self.last = self.machine.step(envelope, Now(self.clock_us, self.elapsed_us))
        if self.last.changes is not None:
            self.contents.take(self.last.changes)
        return self.last.reply

    def ask_each(self, *messages: Message) -> list[Any]:
        return [self.ask(message) for message in messages]

    def restart(self) -> None:
        """Forget the memory, and begin again with what is durable."""
        self.machine = self._start(self.contents.load())

    def record(self, name: str = "a") -> Record:
        return self.machine.record(TABLE, key(name))

    def value(self, name: str = "a") -> int | None:
        """Return the attribute v of an item as a reader sees it."""
        ((found, _, _),) = self.ask(read(name)).readings
        return None if found is None else int(found["v"][1])

    def state(self) -> TableState:
        """Return what the partition keeps for the missing items of its table."""
        return self.contents.tables[TABLE]


# A network ----------------------------------------------------------------------------------------


class Silence:
    """Watches a network and notes each loss with its reason; a `network.lossy.Watcher`."""

    def __init__(self) -> None:
        self.fates: list[int] = []
        self.losses: list[str] = []

    def sent(self, link: Any, number: int, frame: bytes, fate: int) -> None:
        self.fates.append(fate)

    def delivered(self, link: Any, number: int, frame: bytes) -> None: ...

    def lost(self, link: Any, number: int, frame: bytes, because: str) -> None:
        self.losses.append(because)

    def held(self, link: Any, number: int, frame: bytes) -> None: ...


CALM = Weather(Uniform(100, 1_000))


class Wires:
    """A network between hosts that only listen: who got what, and when."""

    def __init__(self, weather: Weather = CALM, seed: int = 1) -> None:
        self.loop = new_loop()
        self.watcher = Silence()
        self.network = LossyNetwork(self.loop, NamedChance(seed), weather, self.watcher)
        self.got: dict[str, list[bytes]] = {}
        self.when_us: list[int] = []

    def join(self, *hosts: str) -> None:
        for host in hosts:
            self.network.join(host, self._receiver(host))

    def _receiver(self, host: str) -> Callable[[bytes], None]:
        got = self.got.setdefault(host, [])

        def receive(frame: bytes) -> None:
            got.append(frame)
            self.when_us.append(self.loop.now_us)

        return receive

    def send(self, *frames: bytes, source: str = "a", target: str = "b") -> None:
        for frame in frames:
            self.network.send(source, target, frame)

    def settle(self) -> None:
        self.loop.run_for(10 * SECOND_US)


# A cluster ----------------------------------------------------------------------------------------

Json = Mapping[str, Any]
TABLE_NAME = "things"
CREATE_TABLE: Json = {
    "TableName": TABLE_NAME,
    "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


def calm(**options: Any) -> Settings:
    """Make the settings of a calm network, with these options of nodes."""
    plain = {"weather": Weather(Uniform(1_000, 1_000)), "client": ClientOptions(think_us=1)}
    return Settings(**{**plain, **options})


class Stage:
    """A small cluster on a calm network, its clients, and all that was said on it."""

    def __init__(self, *, seed: int = 1, settings: Settings | None = None, **shape: int) -> None:
        self.loop: VirtualLoop = new_loop()
        self.history, self.witness = History(), Witness()
        counts = {"partitions": 2, "coordinators": 2, "routers": 1, "clients": 2, **shape}
        base = settings or calm()
        self.cluster = Cluster(
            self.loop,
            NamedChance(seed),
            Settings(
                Shape(**counts),
                base.weather,
                base.disk,
                base.clock_skew_us,
                base.partition,
                base.coordinator,
                base.router,
                base.client,
            ),
            history=self.history,
            witness=self.witness,
        )
        self.witness.enter(self.cluster)
        self.said: list[tuple[str, str, Any]] = []  # (source, target, message) as they leave.
        self.heard: list[tuple[str, str, Any]] = []  # The same, as they arrive.
        self.cluster.trace.listen(self._listen)
        self.cluster.start_all()
        self.do("CreateTable", CREATE_TABLE)
        self.loop.run_for(SECOND_US)

    def _listen(self, event: Event) -> None:
        if event.name in ("message.sent", "message.delivered"):
            link = event.fields["link"]
            message = from_frame(event.fields["frame"]).message
            noted = self.said if event.name == "message.sent" else self.heard
            noted.append((link.source, link.target, message))

    @property
    def marks(self) -> Mapping[str, int]:
        return self.cluster.trace.marks

    def begin(self, name: str, request: Json, *, client: str = "k1", call: str = "") -> "Asked":
        """Let a client ask for an operation, and do not wait for its answer."""
        asked = Asked(self)
        who = self.cluster.client(client)

        async def ask() -> None:
            asked.found = await who.call(name, request, call or None)

        who.host.spawn(ask())
        return asked

    def do(self, name: str, request: Json, *, client: str = "k1", call: str = "") -> Operation:
        """Let a client ask for an operation, and wait for its answer."""
        return self.begin(name, request, client=client, call=call).answer()

    def write(self, *entries: Json, token: str = "", **more: str) -> Operation:
        return self.do("TransactWriteItems", transaction(*entries, token=token), **more)

    def read(self, *names: str) -> Operation:
        entries = [{"Get": {"TableName": TABLE_NAME, "Key": json_key(name)}} for name in names]
        return self.do("TransactGetItems", {"TransactItems": entries})

    def get(self, name: str) -> int | None:
        """Return the attribute v of an item as GetItem shows it."""
        found = self.do("GetItem", {"TableName": TABLE_NAME, "Key": json_key(name)}).answer
        return int(found["Item"]["v"]["N"]) if "Item" in found else None

    def run_until(self, holds: Callable[[], bool], limit_us: int = 100 * SECOND_US) -> None:
        """Let time go by in small steps until something holds."""
        end_us = self.loop.now_us + limit_us
        while not holds():
            assert self.loop.now_us < end_us, "it does not come to pass"
            self.loop.run_for(100)

    def run_for(self, duration_us: int) -> None:
        self.loop.run_for(duration_us)

    def heard_kinds(self, *kinds: type) -> list[type]:
        """Return the types of what arrived, of these types only, in order."""
        return [type(message) for _, _, message in self.heard if isinstance(message, kinds)]

    def has_heard(self, kind: type) -> bool:
        return any(isinstance(message, kind) for _, _, message in self.heard)

    def owner(self, name: str) -> str:
        return self.cluster.placement.owner(TABLE_NAME, key(name))

    def names_on(self, partition: str, count: int = 1) -> list[str]:
        """Return names of items that live on this partition."""
        names = (f"i{n}" for n in range(1_000))
        found = (name for name in names if self.owner(name) == partition)
        return [next(found) for _ in range(count)]

    def entries(self) -> list[str]:
        """Return the states of all entries that the ledger has on its disks."""
        return [
            found.item["State"][1]
            for node in self.cluster.ledgers
            for (table, _), found in self.cluster.disks[node].contents.records.items()
            if table == "$ledger" and found.item is not None
        ]

    def ongoing(self) -> list[RecordKey]:
        """Return the keys of all records on disks on which something is ongoing."""
        return [
            place
            for node in self.cluster.partitions
            for place, found in self.cluster.disks[node].contents.records.items()
            if found.ongoing is not None
        ]


class Asked:
    """An operation under way."""

    def __init__(self, stage: Stage) -> None:
        self.found: Operation | None = None
        self._stage = stage

    @property
    def is_answered(self) -> bool:
        return self.found is not None

    def answer(self) -> Operation:
        self._stage.run_until(lambda: self.is_answered)
        assert self.found is not None
        return self.found


def json_key(name: str) -> Json:
    return {"k": {"S": name}}


def json_put(name: str, value: int, condition: str = "", **more: Any) -> Json:
    fields = {"Item": {"k": {"S": name}, "v": {"N": str(value)}}}
    return _entry("Put", fields, condition, more)


def json_add(name: str, value: int, condition: str = "") -> Json:
    fields: dict[str, Any] = {
        "Key": json_key(name),
        "UpdateExpression": "ADD v :n",
        "ExpressionAttributeValues": {":n": {"N": str(value)}},
    }
    return _entry("Update", fields, condition, {})


def json_delete(name: str, condition: str = "") -> Json:
    return _entry("Delete", {"Key": json_key(name)}, condition, {})


def json_check(name: str, condition: str = "attribute_exists(k)", **more: Any) -> Json:
    return _entry("ConditionCheck", {"Key": json_key(name)}, condition, more)


def _entry(kind: str, fields: Json, condition: str, more: Json) -> Json:
    found = {"TableName": TABLE_NAME, **fields, **more}
    if condition:
        found["ConditionExpression"] = condition
    return {kind: found}


def transaction(*entries: Json, token: str = "") -> Json:
    request: dict[str, Any] = {"TransactItems": list(entries)}
    if token:
        request["ClientRequestToken"] = token
    return request


def single(entry: Json) -> Json:
    """Make the request of a singleton write from a transaction's entry."""
    (fields,) = entry.values()
    return dict(fields)


def codes(operation: Operation) -> list[str]:
    return [str(reason["Code"]) for reason in operation.reasons]
