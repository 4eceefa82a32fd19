"""A partition's steps that concern whole tables (§3.1)."""

from dataclasses import replace

from network.messages import (
    Done,
    DropTable,
    Envelope,
    Message,
    NotMine,
    OpenTable,
    SetTable,
)
from partition import replicas
from partition.indexed import outbox_of
from partition.memory import Table
from partition.now import Time
from partition.record import TableState
from partition.stream_steps import StreamSteps


class TableSteps(StreamSteps):
    """How a partition comes to keep a table, hears of its changes, and forgets it."""

    def _open_table(self, message: OpenTable, _: Envelope, now: Time) -> Message:
        if message.table not in self._tables:
            state = TableState(message.table, message.schema, settings=message.settings)
            table = self._tables[message.table] = Table(state)
            self._states[message.table] = state
            self._meter(state, now.elapsed_us, is_new=True)
            if table.stream is not None:
                self._switch(table, None, now)
                self._open_versions(table)
            if table.indexed is not None:
                self._open_outbox(state)
        return Done(())

    def _set_table(self, message: SetTable, _: Envelope, now: Time) -> Message:
        table = self._tables.get(message.table)
        if table is None or table.state.dropped:
            return NotMine(message.table)
        if message.settings.revision > table.state.settings.revision:
            table.know(replace(table.state, settings=message.settings))
            if table.indexed is not None:
                self._open_outbox(table.state)
            self._meter(table.state, now.elapsed_us)
            self._states[message.table] = table.state
            before, table.stream = table.stream, message.settings.stream
            if before != table.stream:
                self._switch(table, before, now)
                self._open_versions(table)
        return Done(())

    def _drop_table(self, message: DropTable, _: Envelope, now: Time) -> Message:
        table = self._tables.get(message.table)
        if table is not None and not table.state.dropped:
            state = TableState(message.table, table.state.schema, dropped=True)
            dropped = self._tables[message.table] = Table(state)
            self._states[message.table] = state
            if table.stream is not None:
                self._switch(dropped, table.stream, now)
            for key in [key for key in self._since if key[0] == message.table]:
                del self._since[key]
            for name in (outbox_of(message.table), replicas.versions_of(message.table)):
                hidden = self._tables.get(name)
                if hidden is not None:  # Nothing waits any more, and nobody is to hear of it.
                    self._states[name] = replace(hidden.state, dropped=True)
                    self._tables[name] = Table(self._states[name])
            self._meter(state, now.elapsed_us)
        return Done(())

    def _open_outbox(self, state: TableState) -> None:
        """Have an internal table for what this table's global indexes are to hear."""
        outbox = outbox_of(state.id)
        if outbox not in self._tables:
            self._states[outbox] = TableState(outbox, state.schema)
            self._tables[outbox] = Table(self._states[outbox])
        self._is_indexed = True

    def _open_versions(self, table: Table) -> None:
        """Have a hidden table for the versions of a global table's items."""
        name = replicas.versions_of(table.state.id)
        if table.stream is not None and table.stream.region and name not in self._tables:
            self._states[name] = TableState(name, table.state.schema)
            self._tables[name] = Table(self._states[name])
