"""What a message says, and what it obliges to, a sentence each, with the paper's section.

The sections are those that the messages' own docstrings cite.  A sentence says what is true of
every message of its kind; what is particular to one is in its details.
"""

from typing import NamedTuple

from coordinator.ledger import State
from items.actions import Delete, Put
from network.messages import (
    Accept,
    Backfill,
    Cancel,
    Carry,
    Changed,
    Commit,
    Copy,
    Done,
    DropTable,
    Eventual,
    Failed,
    Filled,
    FindShards,
    Finished,
    Follow,
    Forgotten,
    Log,
    Message,
    NotMine,
    OfRange,
    OpenTable,
    Page,
    Prepare,
    Propagate,
    Read,
    Readings,
    ReadItems,
    ReadStream,
    ReadTransaction,
    Recover,
    Replicate,
    Request,
    Response,
    Restarted,
    Scan,
    Serve,
    SetTable,
    ShardGone,
    Shards,
    Split,
    Stalled,
    StreamPage,
    Throttled,
    Votes,
    Weigh,
    Weights,
    Write,
    WriteRefused,
    WriteTransaction,
    Written,
)
from network.placement import LEDGER_TABLE, is_internal
from sim.checkers.evidence import SINGLETON_WRITES
from sim.history import READ_TRANSACTION, WRITE_TRANSACTION


class Sentence(NamedTuple):
    """What to say of one kind of message; `{source}` and `{target}` are its ends."""

    section: str  # Of the paper; empty where it is silent.
    leaves: str
    arrives: str


JUDGES = "Router {target} looks whether the request is wrong in itself; if not, it goes on."
TRANSACTIONS = (WRITE_TRANSACTION, READ_TRANSACTION)
SINGLE = ("GetItem", *SINGLETON_WRITES)
SENTENCES: dict[str, Sentence] = {
    "request": Sentence(
        "§2.2",
        "{source} asks router {target} for an operation on a single item.",
        JUDGES,
    ),
    "transaction": Sentence(
        "§2.3",
        "{source} asks router {target} for a transaction.",
        JUDGES,
    ),
    "other request": Sentence(
        "",
        "{source} asks router {target} for an operation of the API.",
        JUDGES,
    ),
    "response": Sentence(
        "",
        "Router {source} answers {target}.",
        "{target} has its answer.",
    ),
    "restarted": Sentence(
        "",
        "{source} says that the request means another incarnation of it, and does nothing.",
        "{target} learns which incarnation is up now.",
    ),
    "write transaction": Sentence(
        "§3.3",
        "Router {source} hands a write transaction to coordinator {target}.",
        "Coordinator {target} takes a timestamp, the transaction's place in the serial order.",
    ),
    "read transaction": Sentence(
        "§3.4",
        "Router {source} hands a read transaction to coordinator {target}.",
        "Coordinator {target} is to read every item in two rounds, and to write nothing.",
    ),
    "read items": Sentence(
        "§3.4",
        "Coordinator {source} hands over the items. No LSN may have moved between its rounds.",
        "Router {target} has the items of the read transaction.",
    ),
    "committed": Sentence(
        "§3.3",
        "Coordinator {source} says: committed. Every commit has to be applied by now.",
        "Router {target} hears that the transaction is committed.",
    ),
    "cancelled": Sentence(
        "§3.3",
        "Coordinator {source} says: cancelled, with a reason for each item.",
        "Router {target} hears that the transaction is cancelled, and why.",
    ),
    "failed": Sentence(
        "",
        "{source} says that the request was not carried out, or that nobody knows.",
        "{target} hears of an error.",
    ),
    "prepare": Sentence(
        "§3.3",
        "Coordinator {source} asks partition {target} to promise its actions at this timestamp.",
        "Partition {target} judges each item: is another transaction ongoing, is the timestamp"
        " late enough, does the condition hold? (Listing 3)",
    ),
    "accept": Sentence(
        "§3.3",
        "Partition {source} votes: accept. Its promise has to be durable by now.",
        "Coordinator {target} has an accept; it needs all of them.",
    ),
    "reject": Sentence(
        "§3.3",
        "Partition {source} votes: reject, and says why. It has promised nothing new.",
        "Coordinator {target} has a rejection: this transaction can only be cancelled,"
        " unless the ledger has decided already.",
    ),
    "commit": Sentence(
        "§3.3",
        "Coordinator {source} tells partition {target} to commit. The ledger has to have decided"
        " so by now.",
        "Partition {target} applies what it promised, unless it has done so before. (Listing 4)",
    ),
    "cancel": Sentence(
        "§3.3",
        "Coordinator {source} tells partition {target} to cancel. The ledger has to have decided"
        " so by now.",
        "Partition {target} forgets what it promised, if it promised anything. (Listing 4)",
    ),
    "done": Sentence(
        "",
        "{source} acknowledges: it is so now, and durably.",
        "{target} has an acknowledgement.",
    ),
    "read": Sentence(
        "§2.2",
        "{source} asks {target} what items hold now.",
        "{target} reads; a plain read meets no conflict.",
    ),
    "round 1": Sentence(
        "§3.4",
        "Round 1: coordinator {source} asks {target} for items, their LSNs and what is ongoing.",
        "{target} reads for round 1.",
    ),
    "round 2": Sentence(
        "§3.4",
        "Round 2: coordinator {source} asks {target} for the same items once more.",
        "{target} reads for round 2; the LSNs must be those of round 1.",
    ),
    "readings": Sentence(
        "§3.4",
        "{source} answers with items, their LSNs, and what is ongoing on them.",
        "{target} compares: nothing may be ongoing, and no LSN may have moved.",
    ),
    "scan": Sentence("§2.2", "{source} asks {target} for a page of items.", "{target} scans."),
    "page": Sentence("§2.2", "{source} answers with a page of items.", "{target} has a page."),
    "write": Sentence(
        "§3.3",
        "A singleton write goes from router {source} straight to partition {target}.",
        "Partition {target} carries it out alone, at a timestamp of its own; if a transaction"
        " is ongoing on the item, it refuses.",
    ),
    "written": Sentence("§3.3", "{source} has written, durably.", "{target} hears: written."),
    "write refused": Sentence(
        "§3.3",
        "{source} refuses the write, and says why.",
        "{target} hears that nothing was written, and what was in the way.",
    ),
    "enter": Sentence(
        "§3.5",
        "Coordinator {source} asks the ledger to enter the transaction, before any prepare.",
        "Ledger node {target} enters it, if its token is free.",
    ),
    "decide commit": Sentence(
        "§3.5",
        "Coordinator {source} asks the ledger to decide for commit. Every vote has to be an"
        " accept.",
        "Ledger node {target} compares and sets: PREPARING becomes COMMITTING, or stays"
        " what it is.",
    ),
    "decide cancel": Sentence(
        "§3.5",
        "Coordinator {source} asks the ledger to decide for cancel.",
        "Ledger node {target} compares and sets: PREPARING becomes CANCELLING, or stays"
        " what it is.",
    ),
    "complete": Sentence(
        "§3.5",
        "Coordinator {source} asks the ledger to close the entry. All have to have acknowledged.",
        "Ledger node {target} sets the entry to COMPLETED.",
    ),
    "purge": Sentence(
        "§3.5",
        "{source} asks the ledger to forget the entry, and with it the token.",
        "Ledger node {target} forgets the entry, if it is COMPLETED.",
    ),
    "refuse": Sentence(
        "§3.5",
        "Coordinator {source} asks the ledger to remember that another call was refused.",
        "Ledger node {target} adds the refused call to the entry.",
    ),
    "internal": Sentence(
        "§3.1",
        "{source} writes metadata at {target}.",
        "{target} carries out a conditional write of metadata.",
    ),
    "read ledger": Sentence(
        "§3.5",
        "{source} asks the ledger how far a transaction has come.",
        "Ledger node {target} reads the entry.",
    ),
    "stalled": Sentence(
        "§3.5",
        "Partition {source} reports to {target}: this transaction is ongoing for too long.",
        "Recovery manager {target} hears of a stalled transaction.",
    ),
    "recover": Sentence(
        "§3.5",
        "Recovery manager {source} hands the transaction to coordinator {target}.",
        "Coordinator {target} takes the transaction to its end, whoever began it.",
    ),
    "not mine": Sentence(
        "§3.1",
        "{source} does not own what the message names: it has done nothing.",
        "{target} learns that it has to ask somebody else.",
    ),
    "forgotten": Sentence(
        "",
        "{source} cannot tell whether this is a copy of an old write, and does not carry it out.",
        "{target} does not learn what came of the write.",
    ),
    "throttled": Sentence("", "{source} takes no new work now.", "{target} is turned away."),
    "table": Sentence(
        "§3.1",
        "Router {source} tells {target} of a table that begins or ends.",
        "{target} opens or drops the table.",
    ),
    "late read": Sentence(
        "§2.2",
        "{source} asks {target}, a follower, what items held at whatever moment it has come to.",
        "Follower {target} answers as of that moment, or refuses what it does not follow.",
    ),
    "follow": Sentence(
        "§3.1",
        "Follower {source} asks partition {target} what comes after the log that it has.",
        "Partition {target} looks how far back that is.",
    ),
    "log": Sentence(
        "§3.1",
        "Partition {source} tells a follower what has become durable, and how far the log is.",
        "Follower {target} will apply it in a while, after all that it heard before.",
    ),
    "copy": Sentence(
        "§3.1",
        "Partition {source} gives a follower that is too far behind a copy of what it serves.",
        "Follower {target} has a part of the copy; with the last one it takes the log's place.",
    ),
    "propagate": Sentence(
        "",
        "Partition {source} tells the keeper of a global index what has become of its items.",
        "{target} keeps what is newer than what its index has there, and tombstones as well.",
    ),
    "backfill": Sentence(
        "",
        "Router {source} has a partition bring its next items into an index that is new.",
        "Partition {target} queues their entries, as it does for what is written now.",
    ),
    "filled": Sentence(
        "",
        "Partition {source} says how far it is, and what is still on its way to the index.",
        "Router {target} knows where to go on, or that the index has all of it.",
    ),
    "weigh": Sentence(
        "",
        "Router {source} asks how much there is under a partition key.",
        "Partition {target} weighs the items and their entries in local indexes.",
    ),
    "weights": Sentence(
        "",
        "Partition {source} says how much there is.",
        "Router {target} can tell its client how large the item collection is.",
    ),
    "changed": Sentence(
        "",
        "Replicator {source} tells another region which items have changed in its own.",
        "Replicator {target} takes them to the partitions that own them here.",
    ),
    "replicate": Sentence(
        "",
        "Replicator {source} brings another region's write of an item to its partition.",
        "Partition {target} keeps it if it is later than what is there.",
    ),
    "find shards": Sentence(
        "§2.1",
        "Router {source} asks {target} which shards of a stream it keeps.",
        "Partition {target} looks; it keeps them whatever its range is by now.",
    ),
    "shards": Sentence(
        "§2.1",
        "Partition {source} names its shards, and tells of the newest placement that it knows.",
        "Router {target} asks the children of a split as well, if it has just heard of them.",
    ),
    "read stream": Sentence(
        "§2.1",
        "Router {source} asks {target} for what comes next in a shard.",
        "Partition {target} reads what it has released; what waits is not there yet.",
    ),
    "stream page": Sentence(
        "§2.1",
        "Partition {source} gives the next records of a shard, and says if that is its end.",
        "Router {target} can answer the stream's reader.",
    ),
    "shard gone": Sentence(
        "",
        "Partition {source} has no such shard, or what was asked for is too old.",
        "Router {target} tells the stream's reader so.",
    ),
    "split": Sentence(
        "§3.1",
        "A range moves from one partition to another: {source} speaks with {target}.",
        "{target} does its part of the split.",
    ),
}

# What a durable change is, by the names that `sim.report.states` has for them; `{node}` made it so.
WRITINGS: dict[str, tuple[str, str]] = {
    "promised": ("§3.3", "{node} has made its promise durable: it binds, whatever crashes."),
    "applied": ("§3.3", "{node} has made the new items durable, at this timestamp."),
    "freed": ("§3.3", "{node} has durably forgotten a promise; the items are free."),
    "PREPARING": ("§3.5", "{node} has entered the transaction durably: recovery will find it."),
    "COMMITTING": ("§3.5", "The commit point: from now on this transaction can only commit."),
    "CANCELLING": ("§3.5", "The decision: from now on this transaction can only be cancelled."),
    "COMPLETED": ("§3.5", "{node} has closed the entry: nobody has to look at it again."),
    "purged": ("§3.5", "{node} has forgotten the entry, and with it the token."),
    "metadata": ("§3.1", "{node} has made metadata durable."),
    "table": ("§3.1", "{node} has durably opened or dropped a table."),
    "range": ("§3.1", "{node} has durably another range than before."),
    "nothing": ("", "{node} has made a step durable that left its records as they were."),
}

_PLAIN: dict[type, str] = {
    Response: "response",
    Restarted: "restarted",
    WriteTransaction: "write transaction",
    ReadTransaction: "read transaction",
    ReadItems: "read items",
    Failed: "failed",
    Prepare: "prepare",
    Commit: "commit",
    Cancel: "cancel",
    Done: "done",
    Readings: "readings",
    Scan: "scan",
    Page: "page",
    Written: "written",
    WriteRefused: "write refused",
    Stalled: "stalled",
    Recover: "recover",
    NotMine: "not mine",
    Forgotten: "forgotten",
    Throttled: "throttled",
    OpenTable: "table",
    DropTable: "table",
    SetTable: "table",
    Split: "split",
    Carry: "split",
    Serve: "split",
    Eventual: "late read",
    Follow: "follow",
    Log: "log",
    Copy: "copy",
    Propagate: "propagate",
    Backfill: "backfill",
    Filled: "filled",
    Changed: "changed",
    Replicate: "replicate",
    FindShards: "find shards",
    Shards: "shards",
    ReadStream: "read stream",
    StreamPage: "stream page",
    ShardGone: "shard gone",
    Weigh: "weigh",
    Weights: "weights",
}


def sentence_of(message: Message) -> str:
    """Return under which name there is a sentence for a message."""
    match message:
        case OfRange(question=question):
            return sentence_of(question)
        case Request(operation=operation):
            if operation in TRANSACTIONS:
                return "transaction"
            return "request" if operation in SINGLE else "other request"
        case Votes(votes=votes):
            return "accept" if all(isinstance(vote, Accept) for vote in votes) else "reject"
        case Finished(reasons=reasons):
            return "cancelled" if reasons else "committed"
        case Read(keys=keys, round=number):
            if keys and keys[0][0] == LEDGER_TABLE:
                return "read ledger"
            return f"round {number}" if number else "read"
        case Write():
            return _of_write(message)
        case _:
            return _PLAIN[type(message)]


def _of_write(message: Write) -> str:
    action = message.action
    if action.table != LEDGER_TABLE:
        return "internal" if is_internal(action.table) else "write"
    if isinstance(action, Put):
        return "enter"
    if isinstance(action, Delete):
        return "purge"
    if ":refused" in action.values:
        return "refuse"
    if ":state" not in action.values:
        return "complete"
    return "decide commit" if action.values[":state"][1] == State.COMMITTING else "decide cancel"
