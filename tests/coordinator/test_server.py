"""Coordinators: what they tell whoever comes too often, too late, or where nothing is any more."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from coordinator.ledger import REFUSED_CALLS_MAX, State
from coordinator.options import CoordinatorOptions
from network.ids import EntryKey, TransactionId
from network.messages import Commit, Done, Prepare, Read, Recover, WriteTransaction, to_frame
from router.options import RouterOptions
from sim.client import ClientOptions
from tests.builders import (
    SECOND_US,
    TABLE_NAME,
    Asked,
    Stage,
    at,
    calm,
    codes,
    json_add,
    json_put,
    single,
    transaction,
)
from tests.coordinator.held import entries, hold_votes, let_go

MISSING = "attribute_not_exists(k)"
LONG_US = 1_000 * SECOND_US
# One attempt and all the time in the world: what a client is told is what a coordinator said.
ONCE = ClientOptions(attempts_max=1, attempt_deadline_us=LONG_US, think_us=1)
WAITING = RouterOptions(transaction_deadline_us=LONG_US)
ASKING_ONCE = replace(WAITING, repeat_first_us=LONG_US, repeat_most_us=LONG_US)


def staged(router: RouterOptions = WAITING, coordinators: int = 1, **options: Any) -> Stage:
    settings = calm(coordinator=CoordinatorOptions(**options), router=router, client=ONCE)
    return Stage(coordinators=coordinators, settings=settings)


def begin(stage: Stage, name: str, value: int = 1, *, token: str = "", call: str = "") -> Asked:
    entries = transaction(json_add(name, value), token=token)
    return stage.begin("TransactWriteItems", entries, call=call)


# Too many at one time -----------------------------------------------------------------------------


def test_a_write_beyond_the_limit_is_refused_and_nobody_knows_for_good() -> None:
    stage = staged(transactions_max=2)
    hold_votes(stage)
    under_way = [begin(stage, "a"), begin(stage, "b")]
    stage.run_for(SECOND_US)

    refused = begin(stage, "c").answer()

    assert (refused.error, refused.outcome) == ("InternalServerError", "unknown")
    assert len(entries(stage)) == 2
    let_go(stage)
    assert [one.answer().outcome for one in under_way] == ["committed"] * 2


def test_a_read_beyond_the_limit_is_refused() -> None:
    stage = staged(transactions_max=1)
    hold_votes(stage)
    begin(stage, "a")
    stage.run_for(SECOND_US)

    assert stage.read("b").error == "InternalServerError"


def test_a_read_counts_as_well() -> None:
    stage = staged(ASKING_ONCE, transactions_max=1)
    hold_votes(stage)
    reading = stage.begin("TransactGetItems", get_of("a"))
    stage.run_for(SECOND_US)

    assert begin(stage, "b").answer().error == "InternalServerError"
    let_go(stage)
    assert reading.answer().outcome == "committed"


def get_of(name: str) -> dict[str, Any]:
    key = {"TableName": TABLE_NAME, "Key": {"k": {"S": name}}}
    return {"TransactItems": [{"Get": key}]}


def test_who_has_been_answered_makes_room() -> None:
    stage = staged(transactions_max=1)

    outcomes = [begin(stage, "a").answer().outcome for _ in range(3)]
    outcomes += [stage.read("a").outcome for _ in range(3)]

    assert outcomes == ["committed"] * 6
    assert stage.get("a") == 3


def test_a_copy_of_a_write_that_is_under_way_takes_no_room() -> None:
    stage = staged(transactions_max=1)
    hold_votes(stage)
    stage.cluster.network.change_weather(replace(stage.cluster.settings.weather, repeat=1.0))
    asked = begin(stage, "a")
    stage.run_for(SECOND_US)
    stage.cluster.network.change_weather(stage.cluster.settings.weather)

    assert not asked.is_answered
    let_go(stage)

    assert asked.answer().outcome == "committed"


def numbered() -> Iterator[int]:
    yield from range(1 << 40, 1 << 41)


NUMBERS = numbered()


def hand_over(stage: Stage, number: int) -> None:
    """Give c1 an orphan that no ledger knows, as a recovery manager does."""
    message = Recover(TransactionId(f"lost {number}"), EntryKey("none"), "p1", (at(),))
    stage.cluster.servers["c1"].receive(to_frame("m1", next(NUMBERS), 0, message))


def test_a_coordinator_takes_over_so_many_at_one_time() -> None:
    stage = staged(transactions_max=2)
    stage.cluster.network.hold("l1", "c1")

    for number in (1, 1, 2, 3):  # The same one twice is one.
        hand_over(stage, number)

    stage.run_for(SECOND_US)
    assert stage.marks["recovery.began"] == 2
    stage.cluster.network.release("l1", "c1")
    stage.run_for(SECOND_US)
    hand_over(stage, 3)
    stage.run_for(SECOND_US)
    assert stage.marks["recovery.began"] == 3


def test_what_was_not_taken_over_is_handed_over_again() -> None:
    stage = staged(transactions_max=1)
    hold_votes(stage)
    begin(stage, "a")
    stage.cluster.crash("c1")
    stage.cluster.start("c1")
    begin(stage, "b")
    begin(stage, "c")
    stage.run_for(SECOND_US)
    stage.cluster.crash("c1")
    stage.cluster.start("c1")

    let_go(stage)
    stage.run_for(60 * SECOND_US)

    assert set(stage.entries()) == {"COMPLETED"}
    assert stage.ongoing() == []


# A ledger that is away ----------------------------------------------------------------------------


def test_who_cannot_be_entered_in_time_is_told_that_nobody_knows() -> None:
    stage = staged(token_valid_us=20 * SECOND_US)
    stage.get("a")  # So that the router knows the table.
    stage.cluster.crash("l1")
    asked = begin(stage, "a")
    stage.run_for(11 * SECOND_US)

    stage.cluster.start("l1")
    answer = asked.answer()

    assert (answer.error, answer.outcome) == ("TransactionInProgressException", "unknown")
    assert entries(stage) == []
    assert not stage.has_heard(Prepare)


@pytest.mark.parametrize("entry", [json_add("a", 1), json_put("a", 1, MISSING)])
def test_who_hears_too_late_that_it_began_carries_nothing_out_again(entry: Any) -> None:
    # The ledger repeats its answer from memory, when it has long forgotten the transaction.
    stage = staged(coordinators=2, token_valid_us=20 * SECOND_US)
    for number in range(10):  # Both coordinators get acquainted with the ledger.
        stage.write(json_put(f"other {number}", 1))
    stage.heard.clear()
    asked = stage.begin("TransactWriteItems", transaction(entry, token="T"))
    stage.run_until(lambda: stage.has_heard(WriteTransaction))
    slow = next(target for _, target, one in stage.heard if isinstance(one, WriteTransaction))
    stage.cluster.network.link("l1", slow).cut = True
    stage.run_for(60 * SECOND_US)
    assert stage.entries() == []
    assert stage.marks["recovery.committed"] == 1

    stage.cluster.network.link("l1", slow).cut = False

    answer = asked.answer()
    assert (answer.error, answer.outcome) == ("TransactionInProgressException", "unknown")
    assert stage.marks["transaction.unknown"] == 1
    assert stage.get("a") == 1


# Tokens -------------------------------------------------------------------------------------------


def test_a_token_is_valid_for_ten_minutes() -> None:
    assert CoordinatorOptions().token_valid_us == 10 * 60 * SECOND_US


def test_a_token_that_is_forgotten_stands_for_a_new_transaction() -> None:
    stage = staged(token_valid_us=10 * SECOND_US)
    first = begin(stage, "a", token="T", call="C").answer()
    assert begin(stage, "a", token="T", call="C").answer().outcome == "committed"
    assert stage.get("a") == 1

    stage.run_for(15 * SECOND_US)
    assert stage.entries() == []
    again = begin(stage, "a", 5, token="T", call="D").answer()

    assert (first.outcome, again.outcome) == ("committed", "committed")
    assert stage.get("a") == 6


def test_a_token_is_not_forgotten_before_it_is_invalid() -> None:
    stage = staged(token_valid_us=10 * SECOND_US)
    begin(stage, "a", token="T").answer()

    stage.run_for(10 * SECOND_US)

    assert begin(stage, "a", 5, token="T").answer().error == "IdempotentParameterMismatchException"


def mismatch(stage: Stage, number: int) -> str:
    return begin(stage, "a", 5, token="T", call=f"mistake {number}").answer().error


def test_no_more_mistakes_are_refused_for_good_than_are_remembered() -> None:
    stage = staged()
    begin(stage, "a", token="T").answer()

    errors = [mismatch(stage, number) for number in range(REFUSED_CALLS_MAX + 2)]

    assert set(errors[:REFUSED_CALLS_MAX]) == {"IdempotentParameterMismatchException"}
    assert set(errors[REFUSED_CALLS_MAX:]) == {"InternalServerError"}
    assert mismatch(stage, 0) == "IdempotentParameterMismatchException"
    assert begin(stage, "a", token="T", call="right").answer().outcome == "committed"
    assert stage.get("a") == 1


def test_a_token_that_has_refused_too_many_is_not_good_for_another_call() -> None:
    stage = staged(votes_deadline_us=5 * SECOND_US)
    hold_votes(stage)
    first = begin(stage, "a", token="T", call="first")
    for number in range(REFUSED_CALLS_MAX):
        assert mismatch(stage, number) == "IdempotentParameterMismatchException"
    assert codes(first.answer()) == ["ThrottlingError"]
    let_go(stage)
    stage.run_for(5 * SECOND_US)

    another = begin(stage, "a", token="T", call="another").answer()

    assert (another.error, another.outcome) == ("InternalServerError", "unknown")
    assert not stage.marks["token.in_progress"]  # Its transaction has long been decided.
    again = begin(stage, "a", token="T", call="first").answer()
    assert codes(again) == ["ThrottlingError"]
    assert stage.get("a") is None


def test_a_mistake_is_refused_once_though_the_ledgers_answer_is_lost_with_it() -> None:
    stage = staged()
    begin(stage, "a", token="T").answer()
    asked = begin(stage, "a", 5, token="T", call="mistake")
    stage.run_until(lambda: any(one.refused for one in entries(stage)))

    stage.cluster.crash("l1")
    stage.run_for(SECOND_US)
    stage.cluster.start("l1")

    assert asked.answer().error == "IdempotentParameterMismatchException"
    (found,) = entries(stage)
    assert [one.call for one in found.refused] == ["mistake"]


def test_two_mistakes_at_one_moment_are_both_remembered() -> None:
    stage = staged()
    begin(stage, "a", token="T").answer()

    mistakes = [begin(stage, "a", n, token="T", call=f"mistake {n}") for n in (2, 3, 4)]

    errors = {one.answer().error for one in mistakes}
    assert errors == {"IdempotentParameterMismatchException"}
    (found,) = entries(stage)
    assert sorted(one.call for one in found.refused) == ["mistake 2", "mistake 3", "mistake 4"]


def test_a_call_helps_anothers_cancelled_attempt_out_of_its_way() -> None:
    stage = staged(ASKING_ONCE)  # Nobody asks for the first one again.
    (name,) = stage.names_on("p1")
    stage.cluster.crash("m1")
    request = transaction(json_put(name, 1, "attribute_exists(k)"), token="T")
    stage.begin("TransactWriteItems", request, call="first")
    stage.run_until(lambda: "CANCELLING" in stage.entries())
    stage.cluster.crash("c1")
    stage.cluster.start("c1")

    found = begin(stage, name, 5, token="T", call="second").answer()

    assert found.outcome == "committed"
    assert stage.get(name) == 5
    (left,) = entries(stage)
    assert [one.call for one in left.refused] == ["first"]


# Tables that go -----------------------------------------------------------------------------------


def test_a_commit_on_a_table_that_is_gone_meanwhile_is_acknowledged() -> None:
    stage = staged()
    hold_votes(stage)
    asked = begin(stage, "a")
    stage.run_until(lambda: stage.ongoing() != [])
    stage.do("DeleteTable", {"TableName": TABLE_NAME}, client="k2")
    stage.run_for(SECOND_US)
    assert stage.ongoing() == []

    let_go(stage)

    assert asked.answer().outcome == "committed"
    assert [one.changed for _, target, one in stage.heard if ended(target, one)] == [(False,)]
    stage.run_for(SECOND_US)
    assert stage.entries() == ["COMPLETED"]


def ended(target: str, message: Any) -> bool:
    return target == "c1" and isinstance(message, Done)


def test_a_prepare_on_a_table_that_is_gone_meanwhile_finds_none() -> None:
    stage = staged()
    for node in stage.cluster.partitions:
        stage.cluster.network.hold("c1", node)
    asked = begin(stage, "a")
    stage.run_for(SECOND_US)
    stage.do("DeleteTable", {"TableName": TABLE_NAME}, client="k2")
    stage.run_for(SECOND_US)

    for node in stage.cluster.partitions:
        stage.cluster.network.release("c1", node)

    answer = asked.answer()
    assert (answer.error, answer.outcome) == ("ResourceNotFoundException", "cancelled")
    assert not stage.has_heard(Commit)
    assert stage.ongoing() == []
    stage.run_for(SECOND_US)
    assert stage.entries() == ["COMPLETED"]


def test_a_transaction_on_two_tables_keeps_the_item_whose_table_is_left() -> None:
    stage = staged()
    other = {**single(json_put("a", 1)), "TableName": "others"}
    stage.do("CreateTable", {**create_table(), "TableName": "others"})
    stage.run_for(SECOND_US)
    hold_votes(stage)
    request = transaction(json_put("a", 1), {"Put": other})
    asked = stage.begin("TransactWriteItems", request)
    stage.run_until(lambda: len(stage.ongoing()) == 2)
    stage.do("DeleteTable", {"TableName": "others"}, client="k2")
    stage.run_for(SECOND_US)

    let_go(stage)

    assert asked.answer().outcome == "committed"
    assert stage.get("a") == 1


def create_table() -> dict[str, Any]:
    return {
        "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }


def test_a_read_on_a_table_that_is_gone_finds_none() -> None:
    stage = staged()
    stage.read("a")
    stage.do("DeleteTable", {"TableName": TABLE_NAME}, client="k2")

    assert stage.read("a").error == "ResourceNotFoundException"


def test_a_copy_of_a_read_that_is_under_way_is_not_refused() -> None:
    stage = staged(transactions_max=1)
    hold_votes(stage)
    reading = stage.begin("TransactGetItems", get_of("a"))
    stage.run_for(SECOND_US)  # The router has asked again meanwhile.

    let_go(stage)

    assert reading.answer().outcome == "committed"


def test_copies_of_a_read_that_is_under_way_are_one_read() -> None:
    stage = staged()
    hold_votes(stage)
    stage.begin("TransactGetItems", get_of("a"))
    stage.run_for(2 * SECOND_US)

    asked = {one.request for _, _, one in stage.heard if isinstance(one, Read) and one.round == 1}
    assert len(asked) == 1


# Large requests -----------------------------------------------------------------------------------


def large(name: str) -> dict[str, Any]:
    put: dict[str, Any] = dict(json_put(name, 1))
    put["Put"]["Item"]["pad"] = {"S": "x" * 390_000}
    return put


def test_a_transaction_may_be_as_large_as_four_megabytes() -> None:
    """§3.5: its entry holds the whole request, and the ledger has no limit of an item's size."""
    stage = staged()
    names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]

    asked = stage.do("TransactWriteItems", {"TransactItems": [large(name) for name in names]})

    assert asked.outcome == "committed"
    assert [entry.state for entry in entries(stage)] == [State.COMPLETED]


def test_a_cancellation_shows_as_many_items_as_an_answer_has_room_for() -> None:
    stage = staged()
    names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"]
    for name in names:
        stage.do("PutItem", large(name)["Put"])
    refused = {
        "ConditionExpression": "attribute_not_exists(k)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    puts: list[Any] = [json_put(name, 2) for name in names]
    for put in puts:
        put["Put"].update(refused)

    asked = stage.do("TransactWriteItems", {"TransactItems": puts})

    assert asked.error == "TransactionCanceledException"
    assert {reason["Code"] for reason in asked.reasons} == {"ConditionalCheckFailed"}
    shown = [len(reason["Item"]["pad"]["S"]) for reason in asked.reasons if "Item" in reason]
    assert 0 < sum(shown) <= 4 * 1024 * 1024
    assert [entry.state for entry in entries(stage)] == [State.COMPLETED]
