"""Liveness: in calm, within a bounded time, everything that was begun is brought to its end.

What is not is told with why: how far the ledger says that it is, and whom it waits for.
"""

from collections.abc import Iterator, Mapping

from coordinator.ledger import Entry, State, entry_of
from network.messages import RecordKey
from network.placement import LEDGER_TABLE, TABLES_TABLE
from partition.follower import is_told
from partition.indexed import is_outbox
from partition.record import Ongoing
from router.definitions import Status, Table, table_of
from sim.checkers.finding import Finding
from sim.checkers.model import shown_place
from sim.cluster import Cluster

Promises = Mapping[RecordKey, tuple[str, Ongoing]]  # By item: the partition and what it promised.


def is_settled(cluster: Cluster) -> bool:
    """Say whether nothing is left to do, by what the disks say."""
    for name in (*cluster.ledgers, *cluster.partitions):
        for (table, _), record in cluster.records_of(name):
            if record.ongoing is not None or is_outbox(table):
                return False
            item = record.item
            if table == LEDGER_TABLE and item is not None and item["State"][1] != State.COMPLETED:
                return False
    return not any(unfinished_tables(cluster)) and not any(_unsettled(cluster))


def unfinished_tables(cluster: Cluster) -> Iterator[tuple[str, Table]]:
    """Find the tables that are neither ACTIVE nor gone, each with the node that has them so."""
    for name, table in defined_tables(cluster):
        if table.status is not Status.ACTIVE:
            yield name, table


def defined_tables(cluster: Cluster) -> Iterator[tuple[str, Table]]:
    """Give all tables as they are defined, each with the node that has it so."""
    for name in cluster.ledgers:
        for (table, _), record in cluster.records_of(name):
            if table == TABLES_TABLE and record.item is not None:
                yield name, table_of(record.item)


def check_calm(cluster: Cluster, names: Mapping[str, str]) -> Iterator[Finding]:
    """Tell what is unfinished, and why; `names` are the tables', by id."""
    entries = _entries(cluster)
    promises = {
        key: (name, record.ongoing)
        for name in cluster.partitions
        for key, record in cluster.records_of(name)
        if record.ongoing is not None
    }
    for key, (node, ongoing) in promises.items():
        _, entry = entries.get(ongoing.entry, ("", None))
        what = f"{ongoing.transaction} is still ongoing on {_shown(key, names)}"
        text = f"{node}: {what}: {_why_promised(ongoing, entry)}"
        yield Finding("calm", "unfinished", text, (ongoing.transaction,))
    for node, entry in entries.values():
        if entry.state is not State.COMPLETED:
            transaction = entry.transaction.id
            text = f"{node}: the ledger has {transaction} as {entry.state}"
            text = f"{text}: {_why_open(entry, promises, names)}"
            yield Finding("calm", "unfinished", text, (transaction,))

    for node, table in unfinished_tables(cluster):
        yield Finding("calm", "unfinished", f"{node}: {_why_on_its_way(table)}", ())
    for node, what in _unsettled(cluster):
        yield Finding("calm", "unfinished", f"{node}: {what}", ())


def _unsettled(cluster: Cluster) -> Iterator[tuple[str, str]]:
    """Say what a range still waits for that has split, or was born of a split, and what indexes."""
    for name in (*cluster.ledgers, *cluster.partitions):
        waits = sum(is_outbox(key[0]) for key, _ in cluster.records_of(name))
        if waits:
            yield name, f"{waits} entries wait for their place in an index"
        holding = cluster.disks[name].contents.holding
        if holding is None:
            continue
        if holding.leaving is not None:
            yield name, f"its split is unfinished, {holding.leaving.child} was to have a part"
        elif cluster.placement_now().range_of(name) != holding.range:
            yield name, "the placement gives it another range than the one that it serves"
    for name in cluster.followers:
        behind = _behind(cluster, name)
        if behind:
            yield name, behind


def _behind(cluster: Cluster, name: str) -> str:
    """Say what a follower has otherwise than its partition's disk; nothing if all is the same."""
    follower = cluster.follower(name)
    if follower is None:
        return "it is down"
    leader = follower.partition
    owned = cluster.placement_now().range_of(leader)
    if follower.state.range != owned:
        return f"it does not follow the range that {leader} serves"
    there = {
        key: (record.item, record.lsn)
        for key, record in cluster.records_of(leader)
        if record.item is not None and is_told(key[0])
    }
    here = follower.state.items()
    if here == there:
        return ""
    differ = [key for key in {**there, **here} if there.get(key) != here.get(key)]
    some = f"{len(differ)} of its items" if len(differ) > 1 else "an item"
    return f"it has {some} otherwise than {leader}, {shown_place(differ[0])} among them"


def _entries(cluster: Cluster) -> dict[str, tuple[str, Entry]]:
    """Find the ledger's entries by their keys, each with its node."""
    return {
        entry.transaction.entry: (name, entry)
        for name in cluster.ledgers
        for (table, _), record in cluster.records_of(name)
        if table == LEDGER_TABLE and record.item is not None
        for entry in (entry_of(record.item),)
    }


def _why_promised(ongoing: Ongoing, entry: Entry | None) -> str:
    if entry is None or entry.transaction.id != ongoing.transaction:
        return "an orphan, of which the ledger knows nothing (any more) and nobody has cancelled it"
    match entry.state:
        case State.PREPARING:
            return "it waits for a decision, and the ledger has none"
        case State.COMMITTING:
            return "it is decided, and its commit has not been carried out here"
        case State.CANCELLING:
            return "it is decided, and its cancel has not been carried out here"
        case _:
            end = "cancel" if entry.is_cancelled else "commit"
            return f"the ledger has it as COMPLETED, and its {end} never ended this promise"


def _why_open(entry: Entry, promises: Promises, names: Mapping[str, str]) -> str:
    transaction = entry.transaction
    waits = []
    for action in transaction.actions:
        key = action.table, action.key
        node, ongoing = promises.get(key, ("", None))
        mine = ongoing is not None and ongoing.transaction == transaction.id
        if entry.state is State.PREPARING and not mine:
            other = f": {ongoing.transaction} is ongoing there, on {node}" if ongoing else ""
            waits.append(f"it has no promise of {_shown(key, names)}{other}")
        elif entry.state is not State.PREPARING and mine:
            waits.append(f"{node} has not carried it out on {_shown(key, names)}")
    if waits:
        return "; ".join(waits)
    if entry.state is State.PREPARING:
        return "everything is promised, and nobody has decided"
    return "everything is carried out, and nobody has said so"


def _why_on_its_way(table: Table) -> str:
    indexes = [
        f"its index {one.index.name} {one.status}"
        for one in table.traits.indexes
        if one.status != Status.ACTIVE
    ]
    which = ", ".join([f"table {table.name} is still {table.status}", *indexes])
    return f"{which}: nobody has taken it to its end"


def _shown(key: RecordKey, names: Mapping[str, str]) -> str:
    return shown_place((names.get(key[0], key[0]), key[1]))
