"""The data of the space-time diagram: nodes, calls, and every message with what became of it.

Messages are kept as columns, a list for each of their fields, with numbers in the place of whatever
comes more than once: a list of 25,000 objects would be three times as long.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from network.messages import Message, Request
from sim.report.details import details_of, keys_in
from sim.report.naming import Names
from sim.report.recording import Durable, Moment, Noted, Recording, Sent, call_of
from sim.report.sentences import sentence_of

Columns: TypeAlias = dict[str, Any]

# Readers, clients, routers, coordinators, ledger, partitions, followers, managers.
ORDER = "skrclpfm"
ROLES = {
    "k": "client",
    "r": "router",
    "c": "coordinator",
    "l": "ledger node",
    "p": "partition",
    "f": "follower",
    "s": "reader of streams",
    "m": "recovery manager",
}
NOBODY = -1


def node_names(moments: Iterable[Moment]) -> list[str]:
    """Return all nodes that a run has, as the diagram's lanes are ordered."""
    seen: dict[str, None] = {}
    for moment in moments:
        match moment:
            case Sent():
                seen.setdefault(moment.source)
                seen.setdefault(moment.target)
            case Durable(host=host):
                seen.setdefault(host)
            case Noted(host=host) if host[1:].isdigit():
                seen.setdefault(host)
            case _:
                pass
    return sorted(seen, key=place_of)


def place_of(name: str) -> tuple[int, int]:
    number = int(name[1:]) if name[1:].isdigit() else 0
    return ORDER.find(name[:1]), number


def nodes_of(names: Names) -> list[dict[str, str]]:
    return [{"name": name, "role": ROLES.get(name[:1], "node")} for name in names.nodes]


def messages_of(moments: Sequence[Moment], names: Names, calls: Sequence[str]) -> Columns:
    """Lay out all messages of these moments."""
    table = Table(names, {call: n for n, call in enumerate(calls)})
    for moment in moments:
        if isinstance(moment, Sent):
            table.add(moment)
    return table.columns()


class Table:
    """The messages of a report, as columns."""

    def __init__(self, names: Names, calls: dict[str, int]) -> None:
        self._names, self._calls = names, calls
        self._kinds: dict[str, int] = {}
        self._sentences: dict[str, int] = {}
        self._sets: dict[tuple[int, ...], int] = {(): 0}  # Of items, and of lines.
        self._rows: list[tuple[int, ...]] = []
        self._sent: list[Sent] = []
        self._questions: dict[tuple[str, int], tuple[int, Message]] = {}

    def add(self, sent: Sent) -> None:
        """Add a message as it left."""
        names, message = self._names, sent.message
        answers, question = NOBODY, None
        if sent.reply_to:
            found = self._questions.get((sent.target, sent.reply_to))
            if found is not None:
                answers, question = found
        else:
            self._questions[sent.source, sent.id] = len(self._rows), message
        kind, sentence = type(message).__name__, sentence_of(message)
        items = [names.item(key) for key in keys_in(message) or keys_in(question)]
        lines = [names.text(line) for line in details_of(message, question, names)]
        self._rows.append(
            (
                sent.us,
                names.node(sent.source),
                names.node(sent.target),
                sent.n,
                self._kinds.setdefault(kind, len(self._kinds)),
                self._sentences.setdefault(sentence, len(self._sentences)),
                self._calls.get(sent.call, NOBODY),
                names.text(names.words.message(message)),
                self._set(item for item in items if item != NOBODY),
                self._set(lines),
                answers,
            )
        )
        self._sent.append(sent)

    def _set(self, members: Iterable[int]) -> int:
        return self._sets.setdefault(tuple(dict.fromkeys(members)), len(self._sets))

    def columns(self) -> Columns:
        fields = ("us", "source", "target", "n", "kind", "sentence", "call", "phrase", "items")
        columns: Columns = {
            name: [row[place] for row in self._rows]
            for place, name in enumerate((*fields, "lines", "answers"))
        }
        columns["ends"] = [
            sent.arrivals_us[0] if sent.arrivals_us else NOBODY for sent in self._sent
        ]
        columns["odd"] = {n: odd for n, sent in enumerate(self._sent) if (odd := oddity(sent))}
        columns["kinds"] = list(self._kinds)
        columns["sentences"] = list(self._sentences)
        columns["sets"] = list(self._sets)
        return columns


def oddity(sent: Sent) -> dict[str, Any]:
    """Say what is not as with most messages: that it was lost, came twice, late, or waited."""
    odd: dict[str, Any] = {}
    if sent.again:
        odd["again"] = 1
    if sent.fate not in ("carried", "lost"):
        odd["fate"] = sent.fate
    if sent.lost_us is not None:
        odd["lost"], odd["because"] = sent.lost_us, sent.because
    if len(sent.arrivals_us) > 1:
        odd["copy"] = sent.arrivals_us[1]
    if sent.held_us is not None:
        odd["held"] = sent.held_us
    return odd


# Calls -------------------------------------------------------------------------------------------


def calls_of(recording: Recording, names: Names, calls: Sequence[str]) -> list[dict[str, Any]]:
    """Say of each call who made it, what it is called inside, when it was, and how it ended."""
    spans = _spans(recording.moments)
    operations = {operation.call: operation for operation in recording.operations}
    asked = _asked(recording.moments)
    found = []
    for call in calls:
        operation = operations.get(call)
        begin, end = spans.get(call, (0, 0))
        inside = recording.calls.transactions.get(call, [])
        found.append(
            {
                "call": call,
                "client": call.partition("/")[0] if operation is None else operation.client,
                "operation": asked.get(call, "") if operation is None else operation.name,
                "outcome": "unknown" if operation is None else operation.outcome,
                "names": [names.words.transaction(one.id) for one in inside],
                "from": begin,
                "to": end,
                "asked": begin if operation is None else operation.invoked_us,
                "answered": None if operation is None else operation.returned_us,
            }
        )
    return found


def _asked(moments: Iterable[Moment]) -> dict[str, str]:
    """Return what each call asks for; the history does not have those of stream readers."""
    asked: dict[str, str] = {}
    for moment in moments:
        if isinstance(moment, Sent) and isinstance(moment.message, Request):
            asked.setdefault(moment.call, moment.message.operation)
    return asked


def _spans(moments: Iterable[Moment]) -> dict[str, tuple[int, int]]:
    """Return from when to when each call kept anybody busy."""
    spans: dict[str, tuple[int, int]] = {}
    for moment in moments:
        call = call_of(moment)
        if call:
            begin, _ = spans.get(call, (moment.us, 0))
            spans[call] = begin, moment.us
    return spans


def counted(moments: Iterable[Moment]) -> Counter[str]:
    """Count the messages of each call; '' are those of none."""
    return Counter(moment.call for moment in moments if isinstance(moment, Sent))
