"""The ledger's entries: what they remember, and which write expects which state."""

from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.ledger import (
    REFUSED_CALLS_MAX,
    Entry,
    Ledger,
    RefusedCall,
    State,
    Transaction,
    entry_of,
    item_of,
    may_begin_anew,
)
from coordinator.options import CoordinatorOptions
from items.errors import CONDITIONAL_CHECK_FAILED_REASON, NONE, TRANSACTION_CONFLICT_REASON
from network.ids import EntryKey, Timestamp, TransactionId
from network.messages import Written, from_frame
from network.rpc import Peers
from tests.builders import SECOND_US, Stage, calm, item, put, ts

# As a coordinator mints them: the witness reads from an id who did.
T1, T2 = (f"00000001-0001-8000-8000-00000000000{n}" for n in (1, 2))
REASONS = (NONE, CONDITIONAL_CHECK_FAILED_REASON)
PREPARING, COMMITTING, CANCELLING, COMPLETED = State


def transaction(name: str = T1, call: str = "one", token: str = "token") -> Transaction:
    return Transaction(
        TransactionId(name), EntryKey(token), ts(10), call, b"print", (put("a"), put("b"))
    )


def entry(state: State, *, reasons: Any = (), refused: Any = (), call: str = "one") -> Entry:
    return Entry(transaction(call=call), state, reasons, refused)


# Entries ------------------------------------------------------------------------------------------


@given(
    st.builds(Timestamp, st.integers(1, 2**60), st.sampled_from(["c1", "c27"])),
    st.lists(st.sampled_from(["one", "two"]), max_size=3),
)
def test_an_entry_comes_back_from_its_item(stamp: Timestamp, calls: list[str]) -> None:
    made = Transaction(
        TransactionId("t1"), EntryKey("token"), stamp, "call", b"print", (put("a"), put("b"))
    )
    refused = tuple(RefusedCall(call, REASONS) for call in calls)

    assert entry_of(item_of(Entry(made, PREPARING, (), refused))) == Entry(
        made, PREPARING, (), refused
    )


@pytest.mark.parametrize("state", State)
def test_only_what_is_preparing_is_undecided(state: State) -> None:
    assert entry(state).is_decided is (state is not PREPARING)


def test_a_cancellation_is_remembered_for_its_own_call() -> None:
    found = entry(COMPLETED, reasons=REASONS)

    assert found.refusal_of("one") == REASONS
    assert found.refusal_of("two") == ()


def test_a_cancellation_is_remembered_after_another_call_began() -> None:
    found = entry(PREPARING, call="two", refused=(RefusedCall("one", REASONS),))

    assert found.refusal_of("one") == REASONS
    assert found.refusal_of("two") == ()


@pytest.mark.parametrize(
    ("found", "call", "may"),
    [
        (entry(COMPLETED, reasons=REASONS), "two", True),
        (entry(COMPLETED, reasons=REASONS), "one", False),
        (entry(CANCELLING, reasons=REASONS), "two", False),
        (entry(COMPLETED), "two", False),
        (entry(COMMITTING), "two", False),
        (entry(PREPARING), "two", False),
        (entry(COMPLETED, reasons=REASONS, refused=(RefusedCall("two", REASONS),)), "two", False),
    ],
)
def test_a_call_begins_anew_where_another_was_cancelled_and_all_is_done(
    found: Entry, call: str, may: bool
) -> None:
    assert may_begin_anew(found, call) is may


# On a ledger node ---------------------------------------------------------------------------------


class Bench:
    """A coordinator's way to the ledger, on a small cluster."""

    def __init__(self, options: CoordinatorOptions | None = None) -> None:
        self.options = options or CoordinatorOptions()
        self.stage = Stage(coordinators=1, settings=calm(coordinator=self.options))
        host = self.stage.cluster.hosts["c1"]
        self.peers = Peers(host)
        self.stage.cluster.network.join("c1", self._receive)
        self.ledger = Ledger(host, self.peers, self.stage.cluster.placement, self.options)
        self.host = host

    def _receive(self, frame: bytes) -> None:
        envelope = from_frame(frame)
        self.peers.answered(envelope.reply_to, envelope.message)

    def start(self, work: Coroutine[Any, Any, Any]) -> list[Any]:
        """Let this happen from now on; what comes of it will be in the list."""
        results: list[Any] = []

        async def note() -> None:
            results.append(await work)

        self.host.spawn(note())
        return results

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        results = self.start(work)
        self.stage.run_until(lambda: bool(results), 10 * SECOND_US)
        return results[0]

    def away(self, duration_us: int) -> None:
        """Let the ledger node crash now, and come back after so long."""
        self.stage.cluster.crash("l1")
        self.stage.run_for(duration_us)
        self.stage.cluster.start("l1")

    def begun(self) -> Transaction:
        made = transaction()
        self.do(self.ledger.begin(made))
        return made

    def find(self) -> Any:
        return self.do(self.ledger.find(EntryKey("token")))

    def end(self, begun: Transaction, reasons: Any = ()) -> None:
        """Take a transaction to its end in the ledger."""
        self.do(self.ledger.decide(begun, reasons))
        self.do(self.ledger.complete(begun, committed=not reasons))


def test_a_transaction_begins_as_preparing() -> None:
    bench = Bench()

    found = bench.do(bench.ledger.begin(transaction()))

    assert found == bench.find() == entry(PREPARING)


def test_beginning_twice_finds_what_began() -> None:
    bench = Bench()
    bench.begun()

    assert bench.do(bench.ledger.begin(transaction())).transaction.id == T1
    assert bench.do(bench.ledger.begin(transaction(T2))).transaction.id == T1


def test_what_never_began_is_not_found() -> None:
    assert Bench().find() is None


@pytest.mark.parametrize(("first", "second"), [((), REASONS), (REASONS, ())])
def test_the_first_decision_holds(first: Any, second: Any) -> None:
    bench = Bench()
    begun = bench.begun()

    one = bench.do(bench.ledger.decide(begun, first))
    other = bench.do(bench.ledger.decide(begun, second))

    assert one.reasons == other.reasons == bench.find().reasons == first
    assert one.state is other.state is (CANCELLING if first else COMMITTING)


def test_two_decisions_at_once_are_one() -> None:
    bench = Bench()
    begun = bench.begun()
    conflict = (TRANSACTION_CONFLICT_REASON, NONE)
    found: list[Any] = []

    async def decide(reasons: Any) -> None:
        found.append(await bench.ledger.decide(begun, reasons))

    for reasons in ((), REASONS, conflict):
        bench.host.spawn(decide(reasons))
    bench.stage.run_until(lambda: len(found) == 3)

    assert len({(one.state, one.reasons) for one in found}) == 1


def test_a_decision_about_what_is_gone_is_none() -> None:
    bench = Bench()

    assert bench.do(bench.ledger.decide(transaction(), ())) is None
    assert bench.find() is None


def test_a_decision_about_what_was_replaced_is_none() -> None:
    bench = Bench()
    bench.begun()

    assert bench.do(bench.ledger.decide(transaction(T2), ())) is None
    assert bench.find().state is PREPARING


def test_a_completion_of_what_was_replaced_changes_nothing() -> None:
    bench = Bench()
    old = bench.begun()
    bench.end(old, REASONS)
    new = bench.do(bench.ledger.begin(transaction(T2, call="two"))).transaction
    bench.do(bench.ledger.decide(new, ()))

    bench.do(bench.ledger.complete(old, committed=False))

    assert bench.find().transaction.id == T2
    assert bench.find().state is COMMITTING


def test_what_is_not_completed_is_not_purged() -> None:
    bench = Bench()
    begun = bench.begun()
    bench.do(bench.ledger.decide(begun, ()))

    bench.do(bench.ledger.purge(begun.entry, begun.id))

    assert bench.find().state is COMMITTING


def test_a_completed_entry_is_purged_under_its_own_name_only() -> None:
    bench = Bench()
    begun = bench.begun()
    bench.end(begun)

    bench.do(bench.ledger.purge(begun.entry, TransactionId(T2)))
    assert bench.find().state is COMPLETED
    bench.do(bench.ledger.purge(begun.entry, begun.id))
    assert bench.find() is None


# Beginning anew, and giving up --------------------------------------------------------------------


def test_another_call_replaces_what_was_cancelled_and_remembers_its_refusal() -> None:
    bench = Bench()
    bench.end(bench.begun(), REASONS)

    found = bench.do(bench.ledger.begin(transaction(T2, call="two")))

    assert found.transaction.id == T2
    assert bench.find().refused == (RefusedCall("one", REASONS),)


def test_of_a_refused_call_why_it_was_is_remembered_and_not_what_it_was_shown() -> None:
    bench = Bench()
    shown = replace(CONDITIONAL_CHECK_FAILED_REASON, item=item("a"))
    bench.end(bench.begun(), (shown, NONE))
    assert bench.find().reasons[0].item == item("a")

    bench.do(bench.ledger.begin(transaction(T2, call="two")))

    ((refused, _),) = [one.reasons for one in bench.find().refused]
    assert refused == CONDITIONAL_CHECK_FAILED_REASON
    assert refused.item is None


def test_all_calls_that_were_refused_are_remembered() -> None:
    bench = Bench()
    for n, call in enumerate(("one", "two", "three"), 1):
        name = f"{T1[:-1]}{n}"
        found = bench.do(bench.ledger.begin(transaction(name, call=call)))
        assert found.transaction.id == name
        bench.end(found.transaction, REASONS)

    again = [bench.do(bench.ledger.begin(transaction(T2, call=call))) for call in ("one", "two")]

    assert [one.call for one in bench.find().refused] == ["one", "two"]
    assert [one.transaction.call for one in again] == ["three", "three"]


def test_the_same_call_does_not_replace_what_was_cancelled() -> None:
    bench = Bench()
    bench.end(bench.begun(), REASONS)

    found = bench.do(bench.ledger.begin(transaction(T2)))

    assert (found.transaction.id, found.reasons) == (T1, REASONS)


PATIENCE_US = 10 * SECOND_US  # Half of how long a token is valid here.
SHORT = CoordinatorOptions(token_valid_us=2 * PATIENCE_US)


def test_a_ledger_that_was_away_for_a_while_is_asked_again() -> None:
    bench = Bench(SHORT)
    found = bench.start(bench.ledger.begin(transaction()))

    bench.away(PATIENCE_US - 2 * SECOND_US)
    bench.stage.run_for(2 * SECOND_US)

    assert found == [entry(PREPARING)]


def test_a_ledger_that_was_away_for_too_long_is_not_asked_to_begin_again() -> None:
    # The first question may have been carried out, and its transaction finished and purged.
    bench = Bench(SHORT)
    found = bench.start(bench.ledger.begin(transaction()))

    bench.away(PATIENCE_US + SECOND_US)
    bench.stage.run_for(2 * SECOND_US)

    assert found == [None]
    assert bench.find() is None


def test_a_question_that_is_late_and_was_never_answered_begins_once() -> None:
    bench = Bench(SHORT)
    nothing = EntryKey("nothing")
    bench.do(bench.ledger.purge(nothing, TransactionId(T2)))  # They are acquainted now.
    link = bench.stage.cluster.network.link("c1", "l1")
    link.cut = True
    found = bench.start(bench.ledger.begin(transaction()))
    bench.stage.run_for(PATIENCE_US + SECOND_US)

    link.cut = False
    bench.stage.run_for(2 * SECOND_US)

    assert found == [entry(PREPARING)] == [bench.find()]


# Refusals -----------------------------------------------------------------------------------------


def test_a_refusal_is_remembered_with_an_entry_of_any_state() -> None:
    bench = Bench()
    begun = bench.begun()

    assert bench.do(bench.ledger.refuse(bench.find(), "two", REASONS)) is True
    bench.do(bench.ledger.decide(begun, ()))
    assert bench.do(bench.ledger.refuse(bench.find(), "three", REASONS)) is True
    bench.do(bench.ledger.complete(begun, committed=True))
    assert bench.do(bench.ledger.refuse(bench.find(), "four", REASONS)) is True

    found = bench.find()
    assert [one.call for one in found.refused] == ["two", "three", "four"]
    assert found.state is COMPLETED


def test_a_refusal_is_not_written_over_another_one() -> None:
    bench = Bench()
    bench.begun()
    seen = bench.find()
    bench.do(bench.ledger.refuse(seen, "two", REASONS))

    assert bench.do(bench.ledger.refuse(seen, "three", REASONS)) is False
    assert [one.call for one in bench.find().refused] == ["two"]
    seen = bench.find()
    bench.do(bench.ledger.refuse(seen, "four", REASONS))
    assert bench.do(bench.ledger.refuse(seen, "five", REASONS)) is False
    assert [one.call for one in bench.find().refused] == ["two", "four"]


def test_a_refusal_beside_what_is_gone_is_none() -> None:
    bench = Bench()

    assert bench.do(bench.ledger.refuse(entry(PREPARING), "two", REASONS)) is False
    assert bench.find() is None


def test_a_refusal_beside_what_was_replaced_is_none() -> None:
    bench = Bench()
    bench.end(bench.begun(), REASONS)
    seen = bench.find()
    bench.do(bench.ledger.begin(transaction(T2, call="two")))

    assert bench.do(bench.ledger.refuse(seen, "three", REASONS)) is False
    assert [one.call for one in bench.find().refused] == ["one"]


def test_a_refusal_whose_answer_is_lost_is_written_once() -> None:
    bench = Bench()
    bench.begun()
    link = bench.stage.cluster.network.link("l1", "c1")
    seen = bench.find()
    link.cut = True
    found = bench.start(bench.ledger.refuse(seen, "two", REASONS))
    bench.stage.run_for(SECOND_US)
    assert found == []

    link.cut = False
    bench.stage.run_for(2 * SECOND_US)

    assert found == [True]
    assert bench.stage.has_heard(Written)
    assert [one.call for one in bench.find().refused] == ["two"]


def test_a_refusal_whose_answer_is_lost_with_the_node_is_there_for_who_looks_again() -> None:
    bench = Bench()
    bench.begun()
    seen = bench.find()
    bench.stage.cluster.network.link("l1", "c1").cut = True
    found = bench.start(bench.ledger.refuse(seen, "two", REASONS))
    bench.stage.run_for(SECOND_US)

    bench.away(SECOND_US)
    bench.stage.cluster.network.link("l1", "c1").cut = False
    bench.stage.run_for(3 * SECOND_US)

    assert found == [False]
    assert [one.call for one in bench.find().refused] == ["two"]


def test_an_entry_remembers_a_hundred_refusals_and_no_more() -> None:
    bench = Bench()
    bench.begun()
    for n in range(REFUSED_CALLS_MAX):
        assert bench.do(bench.ledger.refuse(bench.find(), f"call {n}", REASONS))

    full = bench.find()

    assert len(full.refused) == REFUSED_CALLS_MAX == 100
    with pytest.raises(AssertionError, match="too many"):
        bench.ledger.refuse(full, "one more", REASONS).send(None)


def test_a_token_with_too_many_refusals_is_not_begun_anew() -> None:
    refused = [RefusedCall(f"call {n}", REASONS) for n in range(REFUSED_CALLS_MAX)]

    assert may_begin_anew(entry(COMPLETED, reasons=REASONS, refused=tuple(refused[1:])), "new")
    assert not may_begin_anew(entry(COMPLETED, reasons=REASONS, refused=tuple(refused)), "new")
