"""The history: kept packed, given back as it was; and what an answer means."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.history import History, Operation, one_a_request
from sim.packed import BLOCK

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def operation(**fields: Any) -> Operation:
    made = {
        "place": 0,
        "client": "k1",
        "name": "TransactWriteItems",
        "request": {},
        "call": "k1/1",
        "invoked_us": 1,
        "returned_us": 2,
        "attempts": ["k1#1"],
        "status": 200,
        "answer": {},
        **fields,
    }
    return Operation(**made)


def error(name: str) -> dict[str, str]:
    return {"__type": f"com.amazonaws.dynamodb.v20120810#{name}"}


@given(st.dictionaries(texts, json, max_size=3), st.dictionaries(texts, json, max_size=3))
def test_an_operation_comes_back_as_it_was(request: Any, answer: Any) -> None:
    history, made = History(), operation(request=request, answer=answer)

    history.add(made)

    assert list(history) == [made]


def test_operations_come_in_the_order_in_which_they_were_added() -> None:
    history = History()
    for place in range(5):
        history.add(operation(place=place))

    assert [one.place for one in history] == [0, 1, 2, 3, 4]
    assert len(history) == 5


def test_operations_since_a_place_are_those_that_were_added_from_there_on() -> None:
    history = History()
    count = 2 * BLOCK + 3
    for place in range(count):
        history.add(operation(place=place))

    edge = BLOCK
    for place in (0, 1, edge - 1, edge, edge + 1, 2 * edge, 2 * edge + 2, count):
        found = [one.place for one in history.since(place)]
        assert found == list(range(place, count))


def test_what_was_added_is_not_what_is_changed_later() -> None:
    history, request = History(), {"TableName": "things"}
    history.add(operation(request=request))

    request["TableName"] = "others"

    assert next(iter(history)).request == {"TableName": "things"}


@pytest.mark.parametrize(
    ("status", "answer", "outcome"),
    [
        (200, {}, "committed"),
        (400, error("TransactionCanceledException"), "cancelled"),
        (400, error("ConditionalCheckFailedException"), "cancelled"),
        (400, error("TransactionInProgressException"), "unknown"),
        (500, error("InternalServerError"), "unknown"),
        (0, {}, "unknown"),
    ],
)
def test_an_answer_says_how_it_ended(status: int, answer: Any, outcome: str) -> None:
    assert operation(status=status, answer=answer).outcome == outcome


def test_reasons_are_those_of_the_answer() -> None:
    reasons = [{"Code": "None"}, {"Code": "TransactionConflict"}]

    assert operation(answer={"CancellationReasons": reasons}).reasons == reasons
    assert operation().reasons == []


def called(place: int, token: str, value: str, **fields: Any) -> Operation:
    request = {"ClientRequestToken": token, "TransactItems": [{"Put": {"Item": value}}]}
    times = {"invoked_us": 10 * place, "returned_us": 10 * place + 5}
    return operation(place=place, request=request, call=f"k1/{place}", **{**times, **fields})


CANCELLED = {"status": 400, "answer": error("TransactionCanceledException")}
NO_ANSWER: dict[str, Any] = {"status": 0, "answer": {}}


def test_calls_that_ask_for_the_same_under_one_token_are_one_operation() -> None:
    calls = [called(0, "T", "v", **NO_ANSWER), called(1, "T", "v"), called(2, "T", "v")]

    (one,) = one_a_request(calls)

    assert (one.call, one.client, one.outcome) == ("k1/1", "T", "committed")
    assert (one.invoked_us, one.returned_us) == (0, 15)


def test_what_one_call_was_told_does_not_say_that_another_was_cancelled() -> None:
    (one,) = one_a_request([called(0, "T", "v", **CANCELLED), called(1, "T", "v", **NO_ANSWER)])
    (other,) = one_a_request([called(0, "T", "v", **CANCELLED), called(1, "T", "v", **CANCELLED)])

    assert (one.outcome, other.outcome) == ("unknown", "cancelled")


def test_another_request_or_another_token_is_another_operation() -> None:
    calls = [called(0, "T", "v"), called(1, "T", "w"), called(2, "U", "v")]
    reads = [operation(place=3, name="GetItem"), operation(place=4, name="GetItem")]

    assert one_a_request([*calls, *reads]) == [*calls, *reads]
