"""The events that a run's digest hashes, each in words and to the byte: for comparing two runs."""

from collections.abc import Callable
from typing import Any

from network.codec import CodecError
from network.events import FAULTS
from network.lossy import Link
from network.messages import from_frame
from network.weather import CARRIED, CORRUPT, LATE, LOST, REPEATED
from sim.trace import Event
from sim.words import Words

FATES = {CARRIED: "", LOST: ", lost", REPEATED: ", repeated", LATE: ", late", CORRUPT: ", damaged"}

Write = Callable[[int, str, str], object]  # When, in words, and to the byte where there are bytes.


class EventLines:
    """Writes every event that the digest hashes; a `sim.trace.Listener`."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._words = Words()

    def __call__(self, event: Event) -> None:
        fields = event.fields
        match event.name:
            case "message.sent":
                frame: bytes = fields["frame"]
                self._write(event.us, self._sent(fields, frame), frame.hex())
            case "message.delivered":
                said = f"{_on(fields, 'delivered')}: {self._message(fields['frame'])}"
                self._write(event.us, said, "")
            case "message.lost":
                self._write(event.us, f"{_on(fields, 'lost')}, {fields['because']}", "")
            case "change.durable":
                changes = fields["changes"]
                keys = self._words.keys(key for key, _ in changes.records) or "no record"
                said = f"durable at {fields['host']}: LSN {changes.lsn}, {keys}"
                self._write(event.us, said, str(changes.timestamp.us))
            case name if name in FAULTS:
                self._write(event.us, " ".join([name, *map(str, fields.values())]), "")
            case _:  # What the digest does not hash.
                pass

    def _sent(self, fields: dict[str, Any], frame: bytes) -> str:
        return f"{_on(fields, 'sent')}{FATES[fields['fate']]}: {self._message(frame)}"

    def _message(self, frame: bytes) -> str:
        try:
            return self._words.message(from_frame(frame).message)
        except CodecError:  # Corrupted on the way, and said as such.
            return "what nobody can read"


def _on(fields: dict[str, Any], what: str) -> str:
    link: Link = fields["link"]
    return f"{what} {link.source} → {link.target} #{fields['number']}"
