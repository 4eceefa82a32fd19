"""What a partition's or ledger node's disk has, counted from its durable changes."""

from collections import Counter

from coordinator.ledger import State
from network.messages import RecordKey
from network.placement import LEDGER_TABLE, is_internal
from partition.storage import Changes


class WatchedDisk:
    """One disk."""

    def __init__(self) -> None:
        self.lsn = 0
        self.records: dict[RecordKey, bool] = {}  # Whether a transaction is ongoing there.
        self.ongoing = 0
        self.entries: dict[RecordKey, str] = {}  # The ledger's, by state.
        self.states: Counter[str] = Counter()

    def take(self, changes: Changes) -> None:
        """Take what one append left."""
        self.lsn = max(self.lsn, changes.lsn)
        for key in self._leaving(changes):
            self._forget(key)
            self._enter(key, "")
        for key, record in changes.records:
            if key[0] == LEDGER_TABLE:
                item = None if record is None else record.item
                self._enter(key, "" if item is None else str(item["State"][1]))
            elif not is_internal(key[0]):
                self._forget(key)
                if record is not None:
                    self.records[key] = record.ongoing is not None
                    self.ongoing += record.ongoing is not None

    def _leaving(self, changes: Changes) -> list[RecordKey]:
        """Return the records that go with their table, or with a range that is given away."""
        dropped = [state.id for state in changes.tables if state.dropped]
        gone = [key for key in self.records if key[0] in dropped] if dropped else []
        holding = changes.holding
        if holding is not None:
            both = (*self.records, *self.entries)
            gone += [key for key in both if not holding.keeps_record(key)]
        return gone

    def _forget(self, key: RecordKey) -> None:
        self.ongoing -= self.records.pop(key, False)

    def _enter(self, key: RecordKey, state: str) -> None:
        before = self.entries.pop(key, "")
        if before:
            self.states[before] -= 1
        if state:
            self.entries[key] = state
            self.states[state] += 1

    def counts(self, kind: str) -> dict[str, int]:
        """Say in numbers what there is: entries by state, or records."""
        if kind == "ledger":
            states = {str(state): self.states[state] for state in State if self.states[state]}
            return {"entries": len(self.entries), **states}
        return {"records": len(self.records), "ongoing": self.ongoing, "lsn": self.lsn}
