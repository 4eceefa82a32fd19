"""What went on inside the nodes for each call: votes, readings, decisions, and what was applied.

Read off the messages and the durable changes of a recording, in one pass, so that it is known of a
trace as well.  Transactions are called t1, t2 … in the order in which the ledger's entries are
asked for, as everywhere.
"""

from collections import Counter, defaultdict
from typing import Any, NamedTuple, TypeAlias

from items.actions import Action
from network.ids import NEVER, Timestamp
from network.messages import (
    Prepare,
    Read,
    Reading,
    Readings,
    ReadTransaction,
    RecordKey,
    Vote,
    Votes,
    Write,
    WriteRefused,
    WriteTransaction,
)
from network.placement import LEDGER_TABLE, TABLES_TABLE, is_internal
from sim.belonging import entered_by
from sim.report.pasts import Pasts
from sim.report.recording import Arrived, Durable, Recording, Sent

Asked: TypeAlias = tuple[tuple[RecordKey, Action | None], ...]
Question: TypeAlias = tuple[str, int]  # Who asked, and the question's number there.


class Voted(NamedTuple):
    """A partition's vote on one action of a transaction."""

    us: int  # When it was judged: the prepare's arrival.
    node: str
    vote: Vote
    timestamp: Timestamp  # The transaction's.
    answer: Sent  # The message that carried it, of which it is known when it arrived.


class Found(NamedTuple):
    """What a reader was shown of an item."""

    us: int  # When it was read.
    node: str
    round: int
    reading: Reading


class Entered(NamedTuple):
    """The ledger has a transaction in this state."""

    us: int
    node: str
    state: str


class Refusal(NamedTuple):
    """A partition refused a singleton write."""

    us: int  # When it was judged: the write's arrival.
    node: str
    error: str


class Landed(NamedTuple):
    """A partition has made durable what a writer did to an item."""

    us: int
    node: str
    key: RecordKey


class Inside:
    """The inside of one run, by the names that messages and changes have for things."""

    def __init__(self, recording: Recording) -> None:
        self.names: dict[str, str] = {}  # t1, t2 … by transaction id.
        self.asked: dict[str, Asked] = {}  # By call: the actions, or the keys that are read.
        self.votes: dict[tuple[str, RecordKey], list[Voted]] = defaultdict(list)  # By transaction.
        self.found: dict[tuple[str, RecordKey], list[Found]] = defaultdict(list)  # By go.
        # Each go of a coordinator at a read, by call; a GetItem's attempts are its goes.
        self.goes: dict[str, dict[str, None]] = defaultdict(dict)
        self.refused: dict[str, Refusal] = {}  # By call: the latest one of a singleton.
        self.entries: dict[str, list[Entered]] = defaultdict(list)  # By transaction.
        self.landed: dict[str, list[Landed]] = defaultdict(list)  # By transaction or attempt.
        self.writers: dict[Timestamp, str] = {}  # Transaction or attempt.
        self.applied: dict[str, tuple[int, str]] = {}  # By transaction or attempt: when and where.
        self.messages: Counter[str] = Counter()  # By call.
        self.table_names: dict[str, str] = {}  # By id.
        self.pasts = Pasts()
        self.call_of = recording.calls.of_name
        self._questions: dict[Question, tuple[Prepare | Read | Write, str]] = {}
        self._arrived: dict[Question, int] = {}
        for moment in recording.moments:
            if isinstance(moment, Arrived):
                self._arrive(moment)
            elif isinstance(moment, Sent):
                self._sent(moment)
            elif isinstance(moment, Durable):
                self._durable(moment)

    def name(self, transaction: str) -> str:
        return self.names.setdefault(transaction, f"t{len(self.names) + 1}")

    def who(self, cause: str) -> str:
        """Name a writer as people do: t7 (k2/13), or k3/4 for a singleton."""
        call = self.call_of(cause)
        name = self.names.get(cause, "")
        return f"{name} ({call})" if name and call else name or call or cause

    # Messages --------------------------------------------------------------------------------

    def _sent(self, sent: Sent) -> None:
        message, call = sent.message, sent.call
        if call:
            self.messages[call] += 1
        if isinstance(message, Prepare | Read):
            if isinstance(message, Prepare):
                self.name(message.transaction)
            elif not message.round:
                self.asked.setdefault(call, tuple([(key, None) for key in message.keys]))
            self._questions[sent.source, sent.id] = message, call
        elif isinstance(message, Votes | Readings | WriteRefused):
            self._answered(sent, message)
        elif isinstance(message, WriteTransaction):
            pairs = [((action.table, action.key), action) for action in message.actions]
            self.asked.setdefault(call, tuple(pairs))
        elif isinstance(message, ReadTransaction):
            self.asked.setdefault(call, tuple([(key, None) for key in message.keys]))
        elif isinstance(message, Write):
            self._writing(sent, message)

    def _writing(self, sent: Sent, message: Write) -> None:
        action, call, entered = message.action, sent.call, entered_by(message)
        if entered:
            self.name(entered)
        elif not is_internal(action.table):
            self.asked.setdefault(call, (((action.table, action.key), action),))
            self._questions[sent.source, sent.id] = message, call

    def _answered(self, sent: Sent, answer: Votes | Readings | WriteRefused) -> None:
        question = sent.target, sent.reply_to
        asked, call = self._questions.get(question, (None, ""))
        us = self._arrived.get(question, sent.us)
        if isinstance(asked, Prepare) and isinstance(answer, Votes):
            for action, vote in zip(asked.actions, answer.votes, strict=False):
                voted = Voted(us, sent.source, vote, asked.timestamp, sent)
                self.votes[asked.transaction, (action.table, action.key)].append(voted)
        elif isinstance(asked, Read) and isinstance(answer, Readings):
            self.goes[call].setdefault(asked.request)
            for key, reading in zip(asked.keys, answer.readings, strict=False):
                self.found[asked.request, key].append(Found(us, sent.source, asked.round, reading))
        elif isinstance(asked, Write) and isinstance(answer, WriteRefused):
            self.refused[call] = Refusal(us, sent.source, answer.error)

    def _arrive(self, arrived: Arrived) -> None:
        sent = arrived.sent
        if isinstance(sent.message, Prepare | Read | Write):
            self._arrived[sent.source, sent.id] = arrived.us
        self.pasts.stepped(arrived.us, sent.target, sent.message)

    # Changes ---------------------------------------------------------------------------------

    def _durable(self, durable: Durable) -> None:
        changes = durable.changes
        self.pasts.durable(durable.us, durable.host, changes)
        if changes.cause and changes.timestamp != NEVER:
            self.writers[changes.timestamp] = changes.cause
            self.applied[changes.cause] = durable.us, durable.host
        for key, record in changes.records:
            if is_internal(key[0]):
                if record is not None and record.item is not None:
                    self._internal(durable, key[0], record.item)
            elif changes.cause and changes.timestamp != NEVER:
                self.landed[changes.cause].append(Landed(durable.us, durable.host, key))

    def _internal(self, durable: Durable, table: str, item: Any) -> None:
        if table == TABLES_TABLE:
            self.table_names[item["Id"][1]] = item["Name"][1]
        elif table == LEDGER_TABLE:
            entries = self.entries[item["Transaction"][1]]
            state = str(item["State"][1])
            if not entries or entries[-1].state != state:
                entries.append(Entered(durable.us, durable.host, state))


def item_name(names: dict[str, str], key: RecordKey) -> str:
    """Call an item by its table and key, as the checks do."""
    table, values = key
    return f"{names.get(table, table)} {'/'.join(str(value[1]) for value in values)}"
