"""The words of all exports: those of the page, so that a transaction is called the same in each."""

from sim.report.diagram import place_of
from sim.report.inside import Inside
from sim.report.naming import Names
from sim.report.recording import Durable, Noted, Recording, Sent
from sim.report.states import particulars, said_of


class Spoken:
    """Says moments in a phrase each, of one line: the formats are made of lines."""

    def __init__(self, recording: Recording, inside: Inside) -> None:
        self._names = Names(recording.moments)
        for transaction in inside.names:
            self._names.words.transaction(transaction)

    def sent(self, sent: Sent) -> str:
        return in_one_line(self._names.words.message(sent.message))

    def durable(self, durable: Durable) -> str:
        return in_one_line(said_of(durable.changes, self._names)[1])

    def noted(self, noted: Noted) -> str:
        """Say an event, and its particulars."""
        more = particulars(noted.fields)
        return in_one_line(f"{noted.event} {more}".strip())


def in_one_line(text: str) -> str:
    """Put a blank for each line break: keys may have some."""
    return " ".join(text.splitlines())


def in_lanes(hosts: dict[str, None]) -> list[str]:
    """Order hosts as the diagram's lanes are: clients first, recovery managers last."""
    return sorted(hosts, key=place_of)


def is_of_host(noted: Noted) -> bool:
    """Say whether an event happened on a host, and is not about links or the whole network."""
    return bool(noted.host) and noted.host != "witness"
