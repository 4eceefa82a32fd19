"""What came of a run, a line a request: what was told, what the data say, who finished it, when.

The requests are in the order of their clients and of what each asks for, not in that of their
answers: a place is the same request's in every run of a world.
"""

from collections.abc import Mapping
from typing import Any

from coordinator.ledger import State
from items.actions import Action, Update
from items.data import data
from network.ids import incarnation_of
from network.messages import Write, from_frame
from network.placement import LEDGER_TABLE
from sim.cluster_run import Run
from sim.history import WRITE_TRANSACTION, Operation
from sim.result import Result
from sim.trace import Event
from sim.witness import Decision, origin_of

# Of one request: its client, what was told, what is true, and whether recovery finished it.
EndingOutcome = tuple[str, str, str, bool]
Outcome = tuple[EndingOutcome, ...]


@data
class Ending:
    """How one request ended."""

    client: str
    call: str
    told: str  # committed, cancelled with its codes, answered, refused, or unknown.
    truth: str  # committed, cancelled, or never decided; '' for what is no write transaction.
    by: str  # The coordinator that decided it.
    is_recovered: bool  # That was not the one that began it.
    told_us: int  # Since the trouble began.
    finished_us: int | None  # When the ledger had it COMPLETED.

    @property
    def outcome(self) -> EndingOutcome:
        """What matters of it when two runs are compared: not when, and not by whom."""
        return self.client, self.told, self.truth, self.is_recovered


@data
class Verdict:
    """What came of one run."""

    endings: tuple[Ending, ...]
    findings: tuple[str, ...]
    came: tuple[bool, ...]  # Of each step that was asked for: whether it happened.

    @property
    def outcome(self) -> Outcome:
        return tuple(ending.outcome for ending in self.endings)


class Endings:
    """Follows a run's transactions to their ends.  A `sim.trace.Listener`."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._began_us = 0
        self._deciding: dict[str, dict[str, str]] = {}  # By ledger node and transaction: who.
        self._decided: dict[str, str] = {}  # By transaction: who.
        self._finished: dict[str, int] = {}  # By transaction: when.
        run.listen_to_phases(self._phase_ended)
        run.listen(self._hear)

    def _phase_ended(self, phase: str) -> None:
        if phase == "setting up":
            self._began_us = self._run.loop.now_us

    def verdict(self, result: Result) -> Verdict:
        """Say what came of the run, now that it is over."""
        decisions = {
            (one.token, one.call): one
            for one in self._run.witness.all(Decision)
            if one.token.startswith("k")
        }
        endings = tuple(
            self._ending(one, decisions)
            for one in sorted(result.history, key=_by_client)
            if one.invoked_us >= self._began_us
        )
        findings = tuple(f"{one.checker}: {one.explanation}" for one in result.findings)
        return Verdict(endings, findings, tuple(one.happened for one in result.steps))

    def _ending(
        self, operation: Operation, decisions: Mapping[tuple[str, str], Decision]
    ) -> Ending:
        told_us = operation.returned_us - self._began_us
        whose = operation.client, operation.call
        if operation.name != WRITE_TRANSACTION:
            return Ending(*whose, _told(operation), "", "", False, told_us, None)
        token = operation.request["ClientRequestToken"]
        decision = decisions.get((token, operation.call))
        if decision is None:
            return Ending(*whose, _told(operation), "never decided", "", False, told_us, None)
        by = self._decided.get(decision.transaction, "")
        origin = "{}/{}".format(*origin_of(decision.transaction))
        return Ending(
            *whose,
            _told(operation),
            "committed" if decision.commits else "cancelled",
            by.partition("/")[0],
            by != origin,
            told_us,
            self._finished.get(decision.transaction),
        )

    def _hear(self, event: Event) -> None:
        fields = event.fields
        if event.name == "message.delivered" and fields["link"].target.startswith("l"):
            self._asked(fields["link"].target, fields["frame"])
        elif event.name == "change.durable" and fields["host"].startswith("l"):
            for (table, _), record in fields["changes"].records:
                if table == LEDGER_TABLE and record is not None and record.item is not None:
                    self._written(fields["host"], record.item)
        elif event.name == "host.crashed":
            self._deciding.pop(fields["host"], None)

    def _asked(self, ledger: str, frame: bytes) -> None:
        """Note who asks the ledger to decide: the first one does."""
        envelope = from_frame(frame)
        if isinstance(envelope.message, Write) and _decides(envelope.message.action):
            transaction = envelope.message.action.values[":id"][1]
            sender = f"{envelope.source}/{incarnation_of(envelope.number)}"
            self._deciding.setdefault(ledger, {}).setdefault(transaction, sender)

    def _written(self, ledger: str, item: Mapping[str, Any]) -> None:
        transaction, state = item["Transaction"][1], item["State"][1]
        if state in (State.COMMITTING, State.CANCELLING):
            who = self._deciding.get(ledger, {}).get(transaction)
            if who is not None:
                self._decided.setdefault(transaction, who)
        elif state == State.COMPLETED:
            self._finished.setdefault(transaction, self._run.loop.now_us - self._began_us)


def _by_client(operation: Operation) -> tuple[int, int]:
    """Sort by clients, k2 before k10; what one of them asks for is in its order already."""
    return int(operation.client[1:]), operation.place


def _decides(action: Action) -> bool:
    return isinstance(action, Update) and ":preparing" in action.values


def _told(operation: Operation) -> str:
    if operation.outcome == "unknown":
        return "unknown"
    codes = ", ".join(one["Code"] for one in operation.reasons if one["Code"] != "None")
    if operation.is_transaction:
        return f"cancelled {codes or operation.error}" if operation.error else "committed"
    return operation.error or "answered"
