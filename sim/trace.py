"""All that happens in a run: counted always, hashed always, and told to whoever listens.

The digest hashes protocol events - messages as they leave, arrive and get lost, changes as they
become durable, crashes - and not the steps of a loop, exception texts or paths.  Two runs with one
digest did the same; that is what 'deterministic' means here.
"""

import struct
from collections import Counter
from collections.abc import Callable
from hashlib import blake2b
from typing import Any, NamedTuple

from network.events import EVENTS, FAULTS
from network.lossy import Link
from network.weather import CARRIED, CORRUPT, LATE, LOST, REPEATED
from partition.storage import Changes
from sim.loop import VirtualLoop

MARKS_MAX = 30_000  # Buffered before they are hashed.
LOST_MARK, CRASH_MARK, FAULT_MARK = -1, -2, -3
FATES = {  # What becomes of a message as it leaves, in the words of a trace.
    CARRIED: "carried",
    LOST: "lost",
    REPEATED: "repeated",
    LATE: "late",
    CORRUPT: "corrupt",
}


class Event(NamedTuple):
    """One event for those who listen: when, what (`noun.happened`), and its particulars."""

    us: int
    name: str
    fields: dict[str, Any]


Listener = Callable[[Event], None]


class Trace:
    """The events of one run; a `network.lossy.Watcher`."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.sent_count = self.delivered_count = self.lost_count = self.repeated_count = 0
        self.late_count = self.corrupt_count = 0
        self.marks: Counter[str] = Counter()
        self._listeners: list[Listener] = []
        self._loop = loop
        self._hash = blake2b(digest_size=16)
        self._marks: list[int] = []
        self._frames: list[bytes] = []

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def digest(self) -> str:
        """Return the hash of all events so far, in hexadecimal."""
        self._flush()
        return self._hash.hexdigest()

    def messages(self) -> dict[str, int]:
        """Count the messages so far, by what became of them."""
        return {
            "sent": self.sent_count,
            "delivered": self.delivered_count,
            "lost": self.lost_count,
            "repeated": self.repeated_count,
        }

    # What the network does -------------------------------------------------------------------

    def sent(self, link: Link, number: int, frame: bytes, fate: int) -> None:
        self.sent_count += 1
        self._marks += (self._loop.now_us, link.index, number, fate, len(frame))
        self._frames.append(frame)
        if fate != CARRIED:
            self.repeated_count += fate == REPEATED
            self.late_count += fate == LATE
            self.corrupt_count += fate == CORRUPT
        if self._listeners:
            self.tell("message.sent", link=link, number=number, frame=frame, fate=fate)

    def delivered(self, link: Link, number: int, frame: bytes) -> None:
        self.delivered_count += 1
        self._marks += (self._loop.now_us, link.index, number)
        if len(self._marks) > MARKS_MAX:
            self._flush()
        if self._listeners:
            self.tell("message.delivered", link=link, number=number, frame=frame)

    def lost(self, link: Link, number: int, frame: bytes, because: str) -> None:
        self.lost_count += 1
        self._marks += (self._loop.now_us, link.index, number, LOST_MARK)
        self._frames.append(because.encode())
        if self._listeners:
            self.tell("message.lost", link=link, number=number, frame=frame, because=because)

    def held(self, link: Link, number: int, frame: bytes) -> None:
        if self._listeners:
            self.tell("message.held", link=link, number=number, frame=frame)

    # What hosts do ---------------------------------------------------------------------------

    def durable(self, host: str, changes: Changes) -> None:
        self._marks += (self._loop.now_us, changes.lsn, len(changes.records), changes.timestamp.us)
        self._frames.append(host.encode())
        if self._listeners:
            self.tell("change.durable", host=host, changes=changes)

    def host(self, event: str, host: str) -> None:
        """Note that a host crashed, (re)started, was paused or resumed."""
        assert event in FAULTS, f"{event} is not declared in network.events"
        self._marks += (self._loop.now_us, CRASH_MARK)
        self._frames.append(f"{event} {host}".encode())
        if self._listeners:
            self.tell(event, host=host)

    def fault(self, event: str, **fields: Any) -> None:
        """Note a fault of a link, a disk or a clock, or its end."""
        assert event in FAULTS, f"{event} is not declared in network.events"
        self._marks += (self._loop.now_us, FAULT_MARK)
        self._frames.append(" ".join([event, *map(str, fields.values())]).encode())
        if self._listeners:
            self.tell(event, **fields)

    def noted(self, host: str, event: str, particulars: dict[str, Any]) -> None:
        """Count an event that a node noted about itself, and pass it on."""
        assert event in EVENTS, f"{event} is not declared in network.events"
        self.marks[event] += 1
        if self._listeners:
            self.tell(event, host=host, **particulars)

    def tell(self, name: str, **fields: Any) -> None:
        """Tell the listeners of an event that is no part of the digest by itself."""
        event = Event(self._loop.now_us, name, fields)
        for listener in self._listeners:
            listener(event)

    def _flush(self) -> None:
        marks, self._marks = self._marks, []
        frames, self._frames = self._frames, []
        self._hash.update(struct.pack(f"<{len(marks)}q", *marks))
        self._hash.update(b"".join(frames))
