"""Faults on steps of the protocol: who watches for the steps, and acts.

It stands between the hosts and the network, sees the steps of partitions, and is told by the disks
what is about to be durable; where a run has no steps it is not there at all.  A crash or a pause
takes hold in the middle of whatever the host is doing: a coordinator that crashes after its second
prepare is sent has not sent the third.
"""

from collections.abc import Iterable

from items.data import data
from network.lossy import Link
from network.messages import Envelope, from_frame
from network.weather import CORRUPT, LATE, LOST, REPEATED
from partition.machine import Machine, Output
from sim.faults.acts import carry_out
from sim.faults.step_words import KIND_OF
from sim.faults.steps import ANY, MESSAGE_ACTS, MessageAt, Step, WriteAt
from sim.faults.whose import Whose
from sim.faults.world import World

FATES = {"lose": LOST, "repeat": REPEATED, "delay": LATE, "corrupt": CORRUPT}


@data
class PlacedStep:
    """A step of a scenario, and whether it came."""

    step: str
    happened: bool
    region: str = ""  # Where it was to come, if there are several.


class _Watched:
    """A step that is to come, and how many of its kind have gone by."""

    __slots__ = ("happened", "seen", "step")

    def __init__(self, step: Step) -> None:
        self.step = step
        self.seen = 0
        self.happened = False

    def is_next(self) -> bool:
        """Count one more message or write of the kind; say whether it is the one that is meant."""
        self.seen += 1
        return self.seen == self.step.what.number


class Placed:
    """The steps of one run.  A `Transport`, and a `sim.disk.DiskWatcher`."""

    def __init__(self, steps: tuple[Step, ...], world: World) -> None:
        self._world, self._cluster = world, world.cluster
        self._network, self._observe = self._cluster.network, self._cluster.observe
        self._all: list[_Watched] = []
        self._messages: list[_Watched] = []
        self._writes: list[_Watched] = []
        self._by_kind = False  # A kind is known only by reading the message: where it is asked for.
        self._whose: Whose | None = None
        self._on_link: dict[tuple[str, str], list[_Watched]] = {}  # Those that may be meant there.
        self._is_on = False
        # Messages on their way of which the arrival is a moment, by link and number there.
        self._awaited: dict[tuple[str, str, int], list[_Watched]] = {}
        self._asker = ""  # Of the partitions' latest step.
        self._numbers: dict[int, list[_Watched]] = {}  # Writes that are moments, by number.
        for step in steps:
            self.watch(step)
        self._intervene(messages=bool(self._messages), writes=bool(self._writes))

    def watch(self, step: Step) -> None:
        """Let one more step come; what it counts is counted from now on."""
        one = _Watched(step)
        self._all.append(one)
        if isinstance(step.what, WriteAt):
            self._writes.append(one)
            return
        self._messages.append(one)
        self._on_link.clear()
        self._by_kind = self._by_kind or bool(step.what.kind or step.what.of)
        if step.what.of and self._whose is None:
            self._whose = Whose()

    def begin(self) -> None:
        """Count from now on."""
        self._is_on = True

    def end(self) -> None:
        """Let no step come any more."""
        self._is_on = False

    def told(self) -> tuple[PlacedStep, ...]:
        return tuple(PlacedStep(str(one.step), one.happened) for one in self._all)

    def _intervene(self, *, messages: bool, writes: bool) -> None:
        cluster = self._cluster
        if messages:
            cluster.transport = self
            self._network.arrival = self.arrive
        if writes:
            cluster.observe = self.observe
            cluster.disk_watcher = self
            for disk in cluster.disks.values():
                disk.watcher = self

    # Messages --------------------------------------------------------------------------------

    def send(self, source: str, target: str, frame: bytes) -> None:
        """See a message off, whoever it is from."""
        found = self._found(source, target, frame) if self._is_on else []
        if not found:
            self._network.send(source, target, frame)
            return
        self._act(one for one in found if _is_moment(one, "before", "sent"))
        # Its sender may have crashed by now, or been paused: then it is said later, or never.
        self._cluster.hosts[source].do(self._see_off, (source, target, frame, found))

    def _see_off(self, message: tuple[str, str, bytes, list[_Watched]]) -> None:
        source, target, frame, found = message
        fates = [one for one in found if one.step.act in MESSAGE_ACTS]
        number = self._network.link(source, target).sent + 1
        awaited = [one for one in found if one.step.end == "delivered"]
        if awaited:
            self._awaited[source, target, number] = awaited
        if fates:
            step = fates[0].step
            self._network.send_as(source, target, frame, FATES[step.act], step.us)
            self._happened(fates[0])
        else:
            self._network.send(source, target, frame)
        self._act(one for one in found if _is_moment(one, "after", "sent"))

    def arrive(self, link: Link, parcel: tuple[int, bytes]) -> None:
        """Let a message arrive, and do what is to happen then."""
        found = self._awaited.pop((link.source, link.target, parcel[0]), None)
        if found is None:
            self._network.arrive(link, parcel)
            return
        self._act(one for one in found if one.step.when == "before")
        delivered = self._cluster.trace.delivered_count
        self._network.arrive(link, parcel)
        if self._cluster.trace.delivered_count > delivered:
            self._act(one for one in found if one.step.when == "after")

    def _found(self, source: str, target: str, frame: bytes) -> list[_Watched]:
        """Count a message; return the steps that it is the moment of."""
        kind = of = ""
        if self._by_kind:
            envelope = from_frame(frame)
            kind = KIND_OF.get(type(envelope.message), "")
            of = self._whose.of(envelope, target) if self._whose is not None else ""
        watched = self._on_link.get((source, target))
        if watched is None:
            watched = self._on_link[source, target] = self._of_link(source, target)
        found = []
        for one in watched:
            what = one.step.what
            assert isinstance(what, MessageAt), "sorted when made"
            if what.kind in ("", kind) and what.of in ("", of) and one.is_next():
                found.append(one)
        return found

    def _of_link(self, source: str, target: str) -> list[_Watched]:
        return [
            one
            for one in self._messages
            if isinstance(one.step.what, MessageAt)
            and one.step.what.source in (ANY, source)
            and one.step.what.target in (ANY, target)
        ]

    # Writes ----------------------------------------------------------------------------------

    def observe(self, machine: Machine, envelope: Envelope, output: Output) -> None:
        """Remember who asked for what a partition or ledger node is about to append."""
        self._observe(machine, envelope, output)
        self._asker = envelope.source

    def appended(self, host: str, number: int) -> None:
        """Count a write; remember it if it is the moment of any step."""
        if not self._is_on:
            return
        found = []
        for one in self._writes:
            what = one.step.what
            assert isinstance(what, WriteAt), "sorted when made"
            is_meant = self._is_asked_by(what.host, host) if what.of_ledger else what.host == host
            if is_meant and one.is_next():
                found.append(one)
        if found:
            self._numbers[number] = found

    def durable_next(self, host: str, number: int) -> None:  # noqa: ARG002  # The number is enough.
        """Do what is to happen before a write is durable, or in the middle of it."""
        if number in self._numbers:
            self._act(one for one in self._numbers[number] if one.step.when != "after")

    def durable_now(self, host: str, number: int) -> None:  # noqa: ARG002  # As above.
        """Do what is to happen after a write is durable."""
        self._act(one for one in self._numbers.pop(number, ()) if one.step.when == "after")

    def _is_asked_by(self, asker: str, host: str) -> bool:
        return asker == self._asker and host in self._cluster.ledgers

    # Acts ------------------------------------------------------------------------------------

    def _act(self, due: Iterable[_Watched]) -> None:
        for one in due:
            if not self._world.over and carry_out(one.step, self._world):
                self._happened(one)

    def _happened(self, one: _Watched) -> None:
        one.happened = True
        self._world.counts["steps"] += 1
        self._cluster.trace.fault("step.happened", step=str(one.step))


def _is_moment(one: _Watched, when: str, end: str) -> bool:
    step = one.step
    return step.act not in MESSAGE_ACTS and step.when == when and step.end == end
