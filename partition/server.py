"""A partition's shell: receive, step, append, and reply once all earlier changes are durable.

No decision is made here.  Ledger nodes run this very code on the internal tables.
"""

from asyncio import Future
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from network.host import Host
from network.messages import Envelope, Frame, RecordKey, from_frame
from network.placement import Placement, Range
from network.rpc import Peers
from partition.machine import Machine, Output
from partition.mover import Mover
from partition.options import PartitionOptions
from partition.propagator import Propagator
from partition.record import Record
from partition.storage import Changes, Storage, Stored

Observe = Callable[[Machine, Envelope, Output], None]


class _Time:
    """A host's time, for a step to look at if it needs it: most do not."""

    __slots__ = ("_host",)

    def __init__(self, host: Host) -> None:
        self._host = host

    @property
    def clock_us(self) -> int:
        return self._host.now_us()

    @property
    def elapsed_us(self) -> int:
        return self._host.elapsed_us()


class PartitionServer:
    """One incarnation of a partition or a ledger node."""

    def __init__(
        self,
        host: Host,
        storage: Storage,
        stored: Stored,
        owned: Range,
        options: PartitionOptions,
        *,
        managers: Sequence[str],
        observe: Observe | None = None,
        placement: Placement | None = None,
    ) -> None:
        """Serve a range; without a `placement` to begin with it cannot be split."""
        self.machine = Machine(host.name, owned, stored, options, host.elapsed_us())
        self._host, self._storage, self._options = host, storage, options
        # Whether a crash leaves the machine's memory: then there is no append to wait for.
        self._is_adopted = observe is None and storage.adopt(self.machine.stored)
        self.machine.appends = not self._is_adopted
        self._time = _Time(host)
        self.peers = Peers(host)
        self._managers = tuple(managers)
        self._manager_site = host.site("manager")
        self._observe = observe
        # Replies in the order of their steps, each with the number of appends that it waits for.
        self._replies: deque[tuple[int, Envelope, Output]] = deque()
        self._appended = self._durable = 0
        if self._managers:
            host.after(options.stalled_check_us, self._look_for_stalled)
        self._mover: Mover | None = None
        self.machine.may_split = placement is not None
        if placement is not None:
            self._mover = Mover(
                host,
                self.peers,
                self.machine,
                placement,
                self._keep,
                deadline_us=options.carry_deadline_us,
            )
            self._mover.go_on()
        self._propagator: Propagator | None = None  # Made where there is something to propagate.
        self._placement = placement
        if placement is not None:
            self.machine.entries.queued = self._queued
            self._take_up()

    def receive(self, frame: Frame) -> None:
        """Take one message to its reply."""
        envelope = from_frame(frame)
        if envelope.reply_to:  # Splits and indexes make a partition ask.
            self.peers.answered(envelope.reply_to, envelope.message)
            return
        output = self.machine.step(envelope, self._time)
        if self._observe is not None:
            self._observe(self.machine, envelope, output)
        changes = output.changes
        if changes is not None and self._is_adopted and changes.holding is None:
            changes = None  # Of a stream: there is nothing to wait for.
        if changes is not None:
            self._appended += 1
            if output.reply is not None:
                self._replies.append((self._appended, envelope, output))
            if changes.holding is None:
                self._storage.append(changes, self._one_more_durable)
            else:
                self._storage.append(changes, self._holding_durable)
        elif output.reply is not None:
            if self._replies or self._durable < self._appended:
                self._replies.append((self._appended, envelope, output))
            else:
                self.peers.reply(envelope.source, envelope.number, output.reply)
        if output.stalled:
            self._report(output.stalled)

    def _one_more_durable(self, _: Any = None) -> None:
        if not self._host.awake:
            self._host.do(self._one_more_durable)  # When its pause ends; never, if it has crashed.
            return
        self._durable += 1
        replies = self._replies
        while replies and replies[0][0] <= self._durable:
            _, envelope, output = replies.popleft()
            assert output.reply is not None, "only replies are queued"
            self.peers.reply(envelope.source, envelope.number, output.reply)
        if self._propagator is not None:
            self._propagator.go_on(self._durable)

    def _holding_durable(self, _: Any = None) -> None:
        if not self._host.awake:
            self._host.do(self._holding_durable)
            return
        self._one_more_durable()
        if self._mover is not None:
            self._mover.go_on()
        self._take_up()

    async def _keep(self, changes: Changes) -> None:
        """Append changes that no message asked for, and wait until they are durable."""
        durable = self._host.create_future()
        self._appended += 1
        self._storage.append(changes, partial(self._kept, durable))
        await durable
        if changes.holding is not None:
            self._take_up()

    def _kept(self, durable: Future[None], _: Any = None) -> None:
        if not self._host.awake:
            self._host.do(partial(self._kept, durable))
            return
        self._one_more_durable()
        durable.set_result(None)

    # Global indexes --------------------------------------------------------------------------

    def _queued(self, key: RecordKey, record: Record) -> None:
        """Hear of an entry that the step under way puts into the outbox."""
        propagator = self._propagating()
        if self._is_adopted:
            propagator.queued(0, key, record)
            self._host.after(0, propagator.go_on, 0)  # When the step has ended, and is durable.
        else:
            propagator.queued(self._appended + 1, key, record)

    def _take_up(self) -> None:
        """Send what waits, of the range that is served now."""
        waiting = self.machine.entries.waiting()
        if waiting:
            self._propagating().take_up(waiting)

    def _propagating(self) -> Propagator:
        if self._propagator is None:
            assert self._placement is not None, "only who knows the placement has entries to send"
            self._propagator = Propagator(
                self._host, self.peers, self.machine.entries, self._placement, self._keep
            )
        return self._propagator

    def _look_for_stalled(self, _: Any) -> None:
        self._report(self.machine.stalled(self._host.elapsed_us()))
        self._host.after(self._options.stalled_check_us, self._look_for_stalled)

    def _report(self, stalled: Sequence[Any]) -> None:
        for found in stalled:
            self._host.note("partition.stalled", transaction=found.transaction)
            if self._managers:
                manager = self._managers[self._manager_site.below(len(self._managers))]
                self.peers.tell(manager, found)
