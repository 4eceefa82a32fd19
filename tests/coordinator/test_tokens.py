"""Tokens: what a request is answered from the entry that another one has under its token (§2.3)."""

from typing import Any

import pytest

from coordinator.ledger import Entry, RefusedCall, State, Transaction
from coordinator.tokens import MISMATCH, from_earlier, is_mismatch
from items.errors import CONDITIONAL_CHECK_FAILED_REASON, NONE
from network.ids import EntryKey, TransactionId
from network.messages import Failed, Finished, WriteTransaction
from tests.builders import put, ts

REASONS = (NONE, CONDITIONAL_CHECK_FAILED_REASON)
PREPARING, COMMITTING, CANCELLING, COMPLETED = State
IN_PROGRESS = "TransactionInProgressException"
A_MISMATCH = "IdempotentParameterMismatchException"
NOBODY_KNOWS = "InternalServerError"


def entry(
    state: State, *, reasons: Any = (), call: str = "one", prints: bytes = b"print", **refused: Any
) -> Entry:
    """Make an entry; `refused` names calls that were refused under its token, and why."""
    transaction = Transaction(
        TransactionId("t1"), EntryKey("token"), ts(10), call, prints, (put("a"), put("b"))
    )
    calls = tuple(RefusedCall(other, why) for other, why in refused.items())
    return Entry(transaction, state, reasons, calls)


def request(call: str = "one", prints: bytes = b"print") -> WriteTransaction:
    return WriteTransaction(EntryKey("token"), call, prints, (put("a"), put("b")))


def error(answer: Any) -> str:
    assert isinstance(answer, Failed), answer
    assert answer.message
    return answer.error


# A commit -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["one", "two"])
def test_a_commit_is_remembered_for_everybody(call: str) -> None:
    # Whose it was is forgotten when it is completed.
    for whose in ("one", ""):
        done = entry(COMPLETED, call=whose)

        assert from_earlier(done, request(call)) == Finished((), replayed=True)


@pytest.mark.parametrize("call", ["one", "two"])
def test_a_commit_that_is_not_carried_out_is_no_answer_yet(call: str) -> None:
    assert from_earlier(entry(COMMITTING), request(call)) is None


@pytest.mark.parametrize("call", ["one", "two"])
def test_what_is_not_decided_is_in_progress(call: str) -> None:
    assert error(from_earlier(entry(PREPARING), request(call))) == IN_PROGRESS


# A cancellation -----------------------------------------------------------------------------------


def test_a_cancellation_is_told_to_its_own_call_with_all_reasons() -> None:
    done = entry(COMPLETED, reasons=REASONS)

    assert from_earlier(done, request("one")) == Finished(REASONS, replayed=True)


@pytest.mark.parametrize("call", ["one", "two"])
def test_a_cancellation_that_is_not_carried_out_is_no_answer_yet(call: str) -> None:
    assert from_earlier(entry(CANCELLING, reasons=REASONS), request(call)) is None


def test_a_cancellation_is_never_the_answer_to_another_call() -> None:
    # It was not replaced, so there was no room to refuse one more call for good.
    done = entry(COMPLETED, reasons=REASONS)

    assert error(from_earlier(done, request("two"))) == NOBODY_KNOWS


@pytest.mark.parametrize(
    "found",
    [
        entry(PREPARING, call="two", one=REASONS),
        entry(COMMITTING, call="two", one=REASONS),
        entry(COMPLETED, call="two", one=REASONS),
        entry(CANCELLING, call="two", one=REASONS, reasons=(NONE, NONE)),
        entry(COMPLETED, call="two", one=REASONS, reasons=(NONE, NONE)),
    ],
    ids=lambda found: f"{found.state}{' cancelled' if found.reasons else ''}",
)
def test_a_refused_call_stays_refused_whatever_comes_of_another(found: Entry) -> None:
    assert from_earlier(found, request("one")) == Finished(REASONS, replayed=True)


def test_the_refusal_of_one_call_is_not_another_calls() -> None:
    found = entry(COMPLETED, call="two", one=REASONS)

    assert from_earlier(found, request("three")) == Finished((), replayed=True)


# A mismatch ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [PREPARING, COMMITTING, COMPLETED])
@pytest.mark.parametrize("call", ["one", "two"])
def test_other_parameters_are_a_mismatch(state: State, call: str) -> None:
    found, other = entry(state), request(call, b"another")

    assert is_mismatch(found, other)
    assert error(from_earlier(found, other)) == A_MISMATCH


@pytest.mark.parametrize("state", State)
def test_the_same_parameters_are_no_mismatch(state: State) -> None:
    reasons = REASONS if state is CANCELLING else ()

    assert not is_mismatch(entry(state, reasons=reasons), request("two"))


@pytest.mark.parametrize("state", [CANCELLING, COMPLETED])
def test_a_cancelled_request_is_no_measure_for_others(state: State) -> None:
    assert not is_mismatch(entry(state, reasons=REASONS), request("two", b"another"))


def test_another_call_waits_for_a_cancellation_with_other_parameters() -> None:
    found = entry(CANCELLING, reasons=REASONS)

    assert from_earlier(found, request("two", b"another")) is None


def test_a_refused_call_is_refused_and_not_compared() -> None:
    found, late = entry(COMPLETED, call="two", one=REASONS), request("one", b"another")

    assert not is_mismatch(found, late)
    assert from_earlier(found, late) == Finished(REASONS, replayed=True)


@pytest.mark.parametrize(
    "found",
    [
        entry(PREPARING, two=(MISMATCH,)),
        entry(COMMITTING, two=(MISMATCH,)),
        entry(CANCELLING, two=(MISMATCH,), reasons=REASONS),
        entry(COMPLETED, two=(MISMATCH,), reasons=REASONS),
        entry(COMPLETED, two=(MISMATCH,)),
        entry(PREPARING, two=(MISMATCH,), call="three", prints=b"another"),
    ],
    ids=lambda found: f"{found.state} of {found.transaction.call}",
)
def test_a_mismatch_stays_one_whatever_comes_of_the_token(found: Entry) -> None:
    late = request("two", b"another")

    assert error(from_earlier(found, late)) == A_MISMATCH
    assert not is_mismatch(found, late)  # It is remembered already.
