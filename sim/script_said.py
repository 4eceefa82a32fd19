"""What a golden script says of the events of its cluster: messages, hosts, steps.

Left out are how nodes met before the script began, what is about tables, and what clients and
routers say to each other.
"""

from items.actions import Delete
from network.ids import TransactionId
from network.lossy import Link
from network.messages import Envelope, OfRange, Page, Scan, Write, from_frame
from sim.trace import Event
from sim.words import Words

HOST_EVENTS = (
    *("host.crashed", "host.started", "host.paused", "host.resumed"),
    *("partition.throttled", "partition.relented"),
)


class Said:
    """Hears a script's cluster, and writes a line an event.  A `sim.trace.Listener`."""

    def __init__(self) -> None:
        self.lines: list[str] = []  # Of the block that is played.
        self.is_on = False  # Before, nodes meet.
        self.words = Words()
        self.earlier: set[TransactionId] = set()  # Those in the ledger before the script began.
        self.to_copy: set[tuple[str, str]] = set()  # Links of which the next message is wanted …
        self.copies: dict[tuple[str, str], tuple[Link, int, bytes]] = {}  # … and is kept.
        self.is_copy = False  # What is delivered now.
        self._not_shown: set[tuple[str, int]] = set()  # Questions, by source and number.

    def __call__(self, event: Event) -> None:
        fields = event.fields
        if event.name == "message.sent":
            self._sent(fields["link"], fields["number"], fields["frame"])
        elif event.name in ("message.delivered", "message.lost", "message.held"):
            self._say_message(event)
        elif event.name == "step.happened":
            self.lines.append(f"step: {fields['step']}")
        elif event.name in HOST_EVENTS and self.is_on:
            self.lines.append(f"{fields['host']}: {event.name.partition('.')[2]}")

    def _sent(self, link: Link, number: int, frame: bytes) -> None:
        envelope = from_frame(frame)
        if not self._is_shown(link, envelope):
            self._not_shown.add((envelope.source, envelope.number))
        elif (link.source, link.target) in self.to_copy:
            self.to_copy.discard((link.source, link.target))
            self.copies[link.source, link.target] = (link, number, frame)

    def _is_shown(self, link: Link, envelope: Envelope) -> bool:
        """Say whether this message is the script's matter: neither small talk nor about before."""
        message = envelope.message
        if isinstance(message, OfRange):
            message = message.question
        if isinstance(message, Scan | Page) or getattr(message, "incarnation", 1) == 0:
            return False  # Incarnation 0 is how one asks for the incarnation.
        if (link.target, envelope.reply_to) in self._not_shown:
            return False
        if isinstance(message, Write) and isinstance(message.action, Delete):
            _, purged = message.action.values.get(":id", ("S", ""))
            if purged in self.earlier:
                return False
        return {link.source[0], link.target[0]} != {"r", "l"}  # About tables.

    def _say_message(self, event: Event) -> None:
        link: Link = event.fields["link"]
        envelope = from_frame(event.fields["frame"])
        if not self.is_on or (envelope.source, envelope.number) in self._not_shown:
            return
        how = {
            "message.delivered": "",
            "message.lost": f"   lost: {event.fields.get('because')}",
            "message.held": "   held",
        }[event.name]
        if self.is_copy:
            how = f"   a copy{how}"
        elif not how and "k" in (link.source[0], link.target[0]):
            return  # What clients and routers say to each other, the others say again.
        phrase = self.words.message(envelope.message)
        self.lines.append(f"{link.source} > {link.target}  {phrase}{how}")
