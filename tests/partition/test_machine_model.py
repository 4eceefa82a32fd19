"""A partition against a model: whatever arrives, in whatever order, and crashes in between.

The model knows the rules of §3.3 in their plainest form: values are numbers, a missing item has its
table's marks.  Orders come as coordinators may give them: commit only after every vote was durably
'accept', cancel otherwise; prepares, commits, cancels and writes come again at any time, also when
all is over.  A crash keeps a prefix of the appends that has all that a commit was built on.
"""

import copy
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from items.actions import Action, Check, Delete, Put, Update
from network.ids import NEVER, EntryKey, Timestamp, TransactionId
from network.messages import (
    Accept,
    Cancel,
    Commit,
    Done,
    Envelope,
    Prepare,
    Reading,
    Restarted,
    Scan,
    Write,
    WriteRefused,
    Written,
)
from partition.machine import Machine
from partition.now import Now
from partition.options import PartitionOptions
from partition.storage import Changes
from sim.mutants import splits
from sim.mutants.catalogue import MUTANTS, applied
from sim.mutants.mutant import Mutant
from tests.builders import EVERYTHING, TABLE, add, at, born, check, delete, item, key, put, read

NAMES = ("a", "b", "c")
CONDITIONS = (None, "attribute_exists(k)", "attribute_not_exists(k)")

FATES = ("", "commit", "cancel")  # Of a transaction at once; '' leaves it ongoing.

names = st.sampled_from(NAMES)
conditions = st.sampled_from((None, *CONDITIONS))
values = st.integers(1, 99)
writes = st.one_of(
    st.builds(put, names, values, conditions),
    st.builds(add, names, values, conditions),
    st.builds(delete, names, conditions),
)
actions = st.one_of(writes, st.builds(check, names, st.sampled_from(CONDITIONS[1:])))
requests = st.lists(actions, min_size=1, max_size=3, unique_by=lambda action: action.key)


def name_of(action: Action) -> str:
    return str(action.key[0][1])


@dataclass
class State:
    """What a partition is to know after some appends."""

    values: dict[str, int] = field(default_factory=dict)
    stamps: dict[str, Timestamp] = field(default_factory=dict)  # Of records, placeholders too.
    max_delete: Timestamp = NEVER
    ongoing: dict[str, str] = field(default_factory=dict)  # Name → transaction.
    applied: list[tuple[str, str]] = field(default_factory=list)  # Transactions and names.
    lsns: dict[str, int] = field(default_factory=dict)  # As readers were shown them.

    def watermark(self, name: str) -> Timestamp:
        return self.stamps.get(name, self.max_delete)

    def allows(self, action: Action) -> bool:
        if action.condition is None:
            return True
        return (name_of(action) in self.values) == (action.condition == CONDITIONS[1])

    def promise(self, transaction: str, action: Action) -> None:
        name = name_of(action)
        self.stamps[name] = self.watermark(name)
        self.ongoing[name] = transaction

    def end(self, name: str) -> None:
        del self.ongoing[name]
        if name not in self.values:
            del self.stamps[name]

    def apply(self, action: Action, timestamp: Timestamp) -> None:
        name = name_of(action)
        match action:
            case Put():
                self.values[name] = int(action.item["v"][1])
            case Update():
                self.values[name] = self.values.get(name, 0) + int(action.values[":n"][1])
            case Delete():
                self.values.pop(name, None)
            case Check():
                pass
        if name in self.values:
            self.stamps[name] = timestamp
        else:
            self.stamps.pop(name, None)
            self.max_delete = max(self.max_delete, timestamp)


class PartitionModel(RuleBasedStateMachine):
    """The machine, its model, and whoever gives it orders."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[Changes] = []
        self.states = [State(lsns=dict.fromkeys(NAMES, 0))]  # After each append of the log.
        self.durable = 0
        self.clock_us = 20
        self.number = 0
        self.prepares: dict[str, Prepare] = {}
        self.accepted: dict[str, int] = {}  # With how many appends a transaction's votes were.
        self.decisions: dict[str, str] = {}
        self.written: list[tuple[int, Write, Any]] = []
        self.machine = self.load(incarnation=1)

    @property
    def state(self) -> State:
        return self.states[-1]

    def load(self, incarnation: int) -> Machine:
        contents = born()
        for changes in self.log:
            contents.take(changes)
        contents.incarnation = incarnation - 1
        return Machine("p1", EVERYTHING, contents.load(), PartitionOptions(), 0)

    def ask(self, message: Any, after: State | None = None, number: int = 0) -> Any:
        """Let the machine take a message that is to lead to `after`, or to change nothing."""
        self.number += 1
        envelope = Envelope("c1", number or self.number, 0, message)
        output = self.machine.step(envelope, Now(self.clock_us, 0))
        assert (output.changes is not None) == (after is not None), output
        if output.changes is not None and after is not None:
            self.log.append(output.changes)
            self.states.append(after)
            self.note_lsns()
        return output.reply

    def read(self) -> dict[str, Reading]:
        return dict(zip(NAMES, self.ask(read(*NAMES)).readings, strict=True))

    def note_lsns(self) -> None:
        """Compare the LSNs that readers see with those before the last append."""
        before, now = self.states[-2:]
        now.lsns = {name: reading.lsn for name, reading in self.read().items()}
        for name in NAMES:
            assert now.lsns[name] >= before.lsns[name], "an LSN goes back"
            if before.values.get(name) != now.values.get(name):
                assert now.lsns[name] > before.lsns[name], "a new value under an old LSN"

    # Transactions ----------------------------------------------------------------------------

    @rule(request=requests, us=st.integers(1, 30), fate=st.sampled_from(FATES))
    def begin(self, request: list[Action], us: int, fate: str) -> None:
        count = len(self.prepares)
        # Timestamps rise from transaction to transaction, more or less.
        name, stamp = f"t{count}", Timestamp(10 * count + us, f"c{count}")
        self.prepares[name] = Prepare(
            TransactionId(name), EntryKey(f"entry {name}"), stamp, tuple(request)
        )
        self.prepare(name)
        if fate:
            self.end(name, fate)

    @precondition(lambda self: self.prepares)
    @rule(data=st.data())
    def prepare_again(self, data: st.DataObject) -> None:
        self.prepare(data.draw(st.sampled_from(sorted(self.prepares))))

    def prepare(self, name: str) -> None:
        message, before, after = self.prepares[name], self.state, copy.deepcopy(self.state)
        expected = [self.vote(name, action) for action in message.actions]
        if set(expected) == {"accept"}:
            for action in message.actions:
                after.promise(name, action)

        votes = self.ask(message, after if after != before else None).votes

        said = [
            "accept" if isinstance(vote, Accept) else (vote.reason.code, vote.in_the_way)
            for vote in votes
        ]
        assert said == expected
        for action, vote in zip(message.actions, votes, strict=True):
            if (name, name_of(action)) in before.applied:
                assert not isinstance(vote, Accept), "promised once more after it was applied"
        if set(said) == {"accept"}:
            self.accepted.setdefault(name, len(self.log))

    def vote(self, name: str, action: Action) -> Any:
        target, message = name_of(action), self.prepares[name]
        other = self.state.ongoing.get(target)
        if other is not None:
            return "accept" if other == name else ("TransactionConflict", None)
        if message.timestamp <= self.state.watermark(target):
            return "TransactionConflict", self.state.watermark(target)
        return "accept" if self.state.allows(action) else ("ConditionalCheckFailed", None)

    @precondition(lambda self: self.undecided())
    @rule(data=st.data(), fate=st.sampled_from(FATES[1:]))
    def decide(self, data: st.DataObject, fate: str) -> None:
        self.end(data.draw(st.sampled_from(self.undecided())), fate)

    def end(self, name: str, fate: str) -> None:
        if fate == "commit" and name in self.accepted:
            # Votes leave when they are durable, and a commit needs them all.
            self.durable = max(self.durable, self.accepted[name])
            self.decisions[name] = "commit"
        else:
            self.decisions[name] = "cancel"
        self.carry_out(name)

    def undecided(self) -> list[str]:
        return sorted(self.prepares.keys() - self.decisions.keys())

    @precondition(lambda self: self.decisions)
    @rule(data=st.data())
    def carry_out_again(self, data: st.DataObject) -> None:
        self.carry_out(data.draw(st.sampled_from(sorted(self.decisions))))

    def carry_out(self, name: str) -> None:
        message, after = self.prepares[name], copy.deepcopy(self.state)
        keys = tuple(at(name_of(action)) for action in message.actions)
        owned = tuple(self.state.ongoing.get(name_of(one)) == name for one in message.actions)
        commits = self.decisions[name] == "commit"
        for action, mine in zip(message.actions, owned, strict=True):
            if mine:
                after.end(name_of(action))
                if commits:
                    after.applied.append((name, name_of(action)))
                    after.apply(action, message.timestamp)
        order = (Commit if commits else Cancel)(message.transaction, keys)

        assert self.ask(order, after if any(owned) else None) == Done(owned)

    # Singletons ------------------------------------------------------------------------------

    @rule(action=writes, clock_us=st.integers(1, 60))
    def write(self, action: Action, clock_us: int) -> None:
        self.clock_us = clock_us
        name, after = name_of(action), copy.deepcopy(self.state)
        refusal = ""
        if name in self.state.ongoing:
            refusal = "TransactionConflictException"
        elif not self.state.allows(action):
            refusal = "ConditionalCheckFailedException"
        else:
            us = max(self.clock_us, self.state.watermark(name).us + 1)
            after.apply(action, Timestamp(us, "p1"))
        message = Write(action, "NONE", self.machine.incarnation, "k1#1")
        number = self.number + 1

        reply = self.ask(message, None if refusal else after)

        if refusal:
            assert isinstance(reply, WriteRefused)
            assert reply.error == refusal
        else:
            assert reply == Written(None)
        self.written.append((number, message, reply))

    @precondition(lambda self: self.written)
    @rule(data=st.data())
    def write_again(self, data: st.DataObject) -> None:
        number, message, answer = data.draw(st.sampled_from(self.written))
        if message.incarnation != self.machine.incarnation:
            answer = Restarted(self.machine.incarnation)

        assert self.ask(message, None, number) == answer

    # The end of it ---------------------------------------------------------------------------

    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        kept = self.durable = data.draw(st.integers(self.durable, len(self.log)))
        del self.log[kept:]
        del self.states[kept + 1 :]
        self.accepted = {name: n for name, n in self.accepted.items() if n <= kept}
        self.machine = self.load(self.machine.incarnation + 1)

    # What holds at every moment --------------------------------------------------------------

    @invariant()
    def records_are_those_of_the_model(self) -> None:
        for name in NAMES:
            record = self.machine.record(TABLE, key(name))
            value = self.state.values.get(name)
            assert record.item == (None if value is None else item(name, value))
            assert record.timestamp == self.state.watermark(name)
            ongoing = self.state.ongoing.get(name)
            promised = record.ongoing
            assert (None if promised is None else promised.transaction) == ongoing
            if promised is not None and ongoing is not None:
                record.check()
                message = self.prepares[ongoing]
                assert promised.timestamp == message.timestamp
                assert promised.action in message.actions
                assert promised.entry == message.entry

    @invariant()
    def readers_see_what_was_committed_and_no_more(self) -> None:
        for name, reading in self.read().items():
            value = self.state.values.get(name)
            assert reading.item == (None if value is None else item(name, value))
            assert reading.ongoing == self.state.ongoing.get(name)
            assert reading.lsn == self.state.lsns[name]

    @invariant()
    def the_oldest_ongoing_is_at_hand(self) -> None:
        ongoing = [self.prepares[one].timestamp for one in self.state.ongoing.values()]
        assert self.machine._oldest_ongoing() == min(ongoing, default=None)

    @invariant()
    def scans_count_items_and_no_placeholders(self) -> None:
        page = self.ask(Scan(TABLE, None, None, None, True, 100, None, {}, {}, ""))
        assert sorted(one["k"][1] for one in page.items) == sorted(self.state.values)
        assert page.scanned_count == len(self.state.values)

    @invariant()
    def nothing_is_applied_twice(self) -> None:
        assert len(self.state.applied) == len(set(self.state.applied))

    @invariant()
    def marks_never_go_back(self) -> None:
        if len(self.states) > 1:
            before, now = self.states[-2:]
            assert all(now.watermark(name) >= before.watermark(name) for name in NAMES)
            assert now.max_delete >= before.max_delete


TestPartition = PartitionModel.TestCase


PARTITION_MUTANTS = [
    one
    for one in MUTANTS.values()
    # This model's partition never splits.
    if one.of_partition and one.kinds and one.patch.__module__ != splits.__name__
]


@pytest.mark.slow
@pytest.mark.parametrize("mutant", PARTITION_MUTANTS, ids=lambda mutant: mutant.name)
def test_the_model_finds_a_partition_that_is_wrong(mutant: Mutant) -> None:
    # Found is enough: nobody needs the smallest example.
    quick = settings(max_examples=400, phases=[Phase.generate])

    with applied(mutant), pytest.raises((AssertionError, KeyError, ExceptionGroup)):
        run_state_machine_as_test(PartitionModel, settings=quick)
