"""The listener of a live view: takes a run's events, and gives a picture of it at any moment."""

from collections import Counter, deque
from collections.abc import Iterable
from typing import Any

from network.events import FAULTS
from network.messages import Envelope, Recover, from_frame
from network.weather import LATE, REPEATED
from sim.history import Operation
from sim.report.naming import Names
from sim.report.states import particulars, said_of
from sim.trace import Event
from sim.watch.flights import Flights
from sim.watch.kept import WatchedDisk
from sim.watch.nodes import Nodes, in_order, in_words, kind_of
from sim.watch.picture import Decided, Happened, Node, Picture
from sim.watch.working import Working
from sim.words import Words

DECIDED_MAX, HAPPENED_MAX, LOST_MAX = 50, 100, 50
# What nodes note and a decision, a vote or a fault tells of already.
TOLD_OTHERWISE = ("transaction.", "prepare.", "vote.", "cancel.", "commit.")
WITH_DISKS = ("ledger", "partition")
WHERE = ("host", "link", "links", "groups")  # Where a fault is, by the events' fields.


NAMES_MAX = 20_000  # Of transactions: who watches for days does not keep them all.


class RecentWords(Words):
    """Words that forget transactions of long ago."""

    def __init__(self) -> None:
        super().__init__()
        self._named = 0

    def transaction(self, name: str) -> str:
        found = self._transactions.get(name)
        if found is None:
            self._named += 1
            found = self._transactions[name] = f"t{self._named}"
            if len(self._transactions) > NAMES_MAX:
                del self._transactions[next(iter(self._transactions))]
        return found


class Flying:
    """A message on its way, and how many copies of it are."""

    __slots__ = ("copies", "envelope")

    def __init__(self, envelope: Envelope, copies: int) -> None:
        self.envelope, self.copies = envelope, copies


class Watching:
    """Everything that a picture is made from; a `sim.trace.Listener`."""

    def __init__(self, *, with_disks: bool = True) -> None:
        """Begin; without `with_disks` somebody else knows what disks have, and it is not kept."""
        self.us = 0
        self._with_disks = with_disks
        self.decisions = 0
        self.outcomes: Counter[str] = Counter({"committed": 0, "cancelled": 0, "unknown": 0})
        self.reasons: Counter[str] = Counter()
        self.messages: Counter[str] = Counter({"sent": 0, "delivered": 0, "lost": 0, "repeated": 0})
        self._names = Names()
        self._names.words = RecentWords()
        self._nodes, self._working = Nodes(), Working()
        self._flights = Flights(self._names.words)
        self._kept: dict[str, WatchedDisk] = {}
        self._flying: dict[tuple[str, str, int], Flying] = {}
        self._decided: deque[Decided] = deque(maxlen=DECIDED_MAX)
        # Said in words only when a picture is made: most of it is gone by then.
        self._happened: deque[tuple[int, str, str, Any]] = deque(maxlen=HAPPENED_MAX)
        self._lost: deque[tuple[int, str, str, Any]] = deque(maxlen=LOST_MAX)

    def count_from(self, us: int) -> None:
        """Tell timestamps from this moment of the clocks on, as no simulation does."""
        self._names.words.begin_us = us

    def __call__(self, event: Event) -> None:
        self.us = event.us
        name = event.name
        if name == "message.sent":
            self._sent(event)
        elif name.startswith("message."):
            self._met(event)
        elif name == "change.durable":
            self._durable(event)
        elif name in FAULTS:
            self._fault(event)
        elif not name.startswith(TOLD_OTHERWISE):
            host = str(event.fields.get("host", ""))
            self._happened.append((event.us, "noted", host, event))

    # Events ----------------------------------------------------------------------------------

    def _sent(self, event: Event) -> None:
        link, fate = event.fields["link"], event.fields["fate"]
        envelope = from_frame(event.fields["frame"])
        self.messages["sent"] += 1
        self._working.sent(envelope, link.target)
        self._flights.sent(event.us, envelope, link.target)
        self._names.words.message(envelope.message)  # Names are given in the order of speaking.
        flying = Flying(envelope, 2 if fate == REPEATED else 1)
        self._flying[link.source, link.target, event.fields["number"]] = flying
        if fate == REPEATED:
            self.messages["repeated"] += 1
        if fate in (REPEATED, LATE):
            said = "repeated" if fate == REPEATED else "late"
            self._lost.append((event.us, said, f"{link.source}>{link.target}", envelope.message))

    def _met(self, event: Event) -> None:
        """Take a message that was delivered, lost, or is held."""
        link = event.fields["link"]
        name = link.source, link.target, event.fields["number"]
        flying = self._flying.get(name)
        if flying is None or event.name == "message.held":
            return
        flying.copies -= 1
        if flying.copies == 0:
            del self._flying[name]
        where, message = f"{link.source}>{link.target}", flying.envelope.message
        if event.name == "message.delivered":
            self.messages["delivered"] += 1
            self._working.delivered(flying.envelope, link.target)
            if isinstance(message, Recover) and self._flights.is_open(message.transaction):
                self._working.driving(message.transaction, link.target)
            self._happened.append((event.us, "delivered", where, message))
        else:
            self.messages["lost"] += 1
            because = event.fields["because"]
            lost = event.us, "lost" if because == "loss" else f"lost, {because}", where, message
            self._lost.append(lost)
            self._happened.append(lost)

    def _durable(self, event: Event) -> None:
        host, changes = event.fields["host"], event.fields["changes"]
        if self._with_disks:
            self._kept.setdefault(host, WatchedDisk()).take(changes)
        for found in self._flights.durable(event.us, changes):
            if isinstance(found, Decided):
                self._decide(found)
            else:
                self._working.completed(found)
        self._happened.append((event.us, "durable", host, changes))

    def _fault(self, event: Event) -> None:
        self._nodes.happened(event)
        fields = event.fields
        if event.name == "host.crashed":
            self._working.crashed(fields["host"])
        if event.name == "host.started" and self._nodes.starts[fields["host"]] == 1:
            return  # How everybody begins.
        self._happened.append((event.us, "fault", "", event))
        self._lost.append((event.us, "fault", "", event))

    def _decide(self, decided: Decided) -> None:
        self.decisions += 1
        self.reasons.update(part.said for part in decided.parts if part.said not in ("", "None"))
        self._decided.append(decided)

    def answered(self, operations: Iterable[Operation]) -> None:
        """Take what clients were told since the last time."""
        for operation in operations:
            decided = self._flights.answered(operation)
            if decided is not None:
                self._decide(decided)
            if operation.is_transaction:
                self.outcomes[operation.outcome] += 1

    # The picture -----------------------------------------------------------------------------

    def picture(self) -> Picture:
        """Say what there is to see now."""
        waiting = self._flights.waiting()
        return Picture(
            us=self.us,
            nodes=tuple([self._node(host, waiting[host]) for host in in_order(self._nodes.starts)]),
            going=tuple(self._flights.going()),
            # A read is heard of when somebody looks, a little late.
            decided=tuple(sorted(self._decided, key=lambda one: one.us)),
            happened=tuple([self._said(one) for one in self._happened]),
            lost=tuple([self._said(one) for one in self._lost]),
            troubles=self._nodes.troubles(),
            flying=sum(one.copies for one in self._flying.values()),
            messages=dict(self.messages),
            outcomes=dict(self.outcomes),
            reasons=dict(self.reasons.most_common()),
        )

    def _node(self, host: str, waiting: int) -> Node:
        kind = kind_of(host)
        kept = self._kept.get(host)
        with_disk = kind in WITH_DISKS
        counts = (kept or WatchedDisk()).counts(kind) if with_disk else self._working.counts(host)
        if waiting:
            counts["waiting"] = waiting
        state, troubles = self._nodes.state(host), self._nodes.troubles_of(host)
        return Node(host, kind, state, troubles, in_words(counts), tuple(counts.items()))

    def _said(self, one: tuple[int, str, str, Any]) -> Happened:
        us, kind, where, what = one
        if kind == "durable":
            return Happened(us, kind, where, said_of(what, self._names)[1].partition(": ")[2])
        if kind == "noted":
            said = particulars({k: v for k, v in what.fields.items() if k != "call"})
            return Happened(us, kind, where, f"{what.name} {said}".strip())
        if kind == "fault":
            return Happened(us, kind, "", fault_in_words(what))
        return Happened(us, kind, where, self._names.words.message(what))


def fault_in_words(event: Event) -> str:
    """Say a fault or its end in a few words, as in 'l1 crashed' or 'c1>p2 cut'."""
    noun, _, verb = event.name.partition(".")
    fields = event.fields
    if noun == "step":
        return f"step came: {fields['step']}"
    where = next((str(fields[one]) for one in WHERE if one in fields), "")
    said = (
        f"{where} {verb}"
        if noun in ("host", "link", "links", "network")
        else (f"{where}: {noun} {verb}")
    )
    if "by_us" in fields:
        said += f" by {fields['by_us'] / 1_000:+,.1f} ms"
    return f"{said} ×{fields['times']}" if "times" in fields else said
