"""The ledger's entries: what they remember, and which write expects which state."""

from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.ledger import (
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
from network.messages import from_frame
from network.rpc import Peers
from tests.builders import SECOND_US, Stage, put, ts

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

    def __init__(self) -> None:
        self.stage = Stage(coordinators=1)
        host = self.stage.cluster.hosts["c1"]
        self.peers = Peers(host)
        self.stage.cluster.network.join("c1", self._receive)
        self.ledger = Ledger(host, self.peers, self.stage.cluster.placement, CoordinatorOptions())
        self.host = host

    def _receive(self, frame: bytes) -> None:
        envelope = from_frame(frame)
        self.peers.answered(envelope.reply_to, envelope.message)

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        results: list[Any] = []

        async def note() -> None:
            results.append(await work)

        self.host.spawn(note())
        self.stage.run_until(lambda: bool(results), 10 * SECOND_US)
        return results[0]

    def begun(self) -> Transaction:
        made = transaction()
        self.do(self.ledger.begin(made))
        return made

    def find(self) -> Any:
        return self.do(self.ledger.find(EntryKey("token")))


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


def test_what_is_not_completed_is_not_purged() -> None:
    bench = Bench()
    begun = bench.begun()
    bench.do(bench.ledger.decide(begun, ()))

    bench.do(bench.ledger.purge(begun.entry, begun.id))

    assert bench.find().state is COMMITTING
