"""§2.3: what a transaction promises its client: all or nothing, once, and why not."""

import pytest

from network.messages import Prepare, Votes
from sim.history import Operation
from tests.builders import (
    SECOND_US,
    Stage,
    codes,
    json_add,
    json_check,
    json_delete,
    json_put,
    transaction,
)

EXISTS, MISSING = "attribute_exists(k)", "attribute_not_exists(k)"


def stage_with(**values: int) -> Stage:
    stage = Stage()
    stage.write(*(json_put(name, value) for name, value in values.items()))
    return stage


def values(stage: Stage, *names: str) -> list[int | None]:
    return [stage.get(name) for name in names]


def test_all_actions_happen() -> None:
    """§2.3."""
    stage = stage_with(a=1, b=1, c=1)

    done = stage.write(
        json_put("a", 5), json_add("b", 5), json_delete("c"), json_check("d", MISSING)
    )

    assert done.outcome == "committed"
    assert values(stage, "a", "b", "c", "d") == [5, 6, None, None]


def test_no_action_happens_if_one_cannot() -> None:
    """§2.3."""
    stage = stage_with(a=1, b=1)

    done = stage.write(json_put("a", 5), json_add("b", 5), json_delete("c", EXISTS))

    assert done.outcome == "cancelled"
    assert values(stage, "a", "b", "c") == [1, 1, None]


@pytest.mark.parametrize("blamed", range(4))
def test_the_reason_stands_at_the_place_of_its_action(blamed: int) -> None:
    """§2.3: `None` for those that were not to blame."""
    names = ["a", "b", "c", "d"]
    entries = [json_put(n, 1, EXISTS if k == blamed else "") for k, n in enumerate(names)]

    done = Stage().write(*entries)

    expected = ["None"] * 4
    expected[blamed] = "ConditionalCheckFailed"
    assert codes(done) == expected


def test_every_action_that_cannot_go_ahead_is_told() -> None:
    """§2.3: there is no short cut."""
    done = Stage().write(json_put("a", 1, EXISTS), json_put("b", 1), json_check("c"))

    assert codes(done) == ["ConditionalCheckFailed", "None", "ConditionalCheckFailed"]


def test_the_item_that_failed_is_shown_only_to_whoever_asked() -> None:
    """§2.3."""
    stage = stage_with(a=1, b=2)

    done = stage.write(
        json_put("a", 5, MISSING, ReturnValuesOnConditionCheckFailure="ALL_OLD"),
        json_put("b", 5, MISSING),
        json_check("c", EXISTS, ReturnValuesOnConditionCheckFailure="ALL_OLD"),
    )

    shown = [reason.get("Item") for reason in done.reasons]
    assert shown == [{"k": {"S": "a"}, "v": {"N": "1"}}, None, None]


def test_what_takes_the_item_to_find_out_is_told_alone() -> None:
    """§2.3: a ValidationError suppresses the other reasons."""
    stage = Stage()
    stage.write(json_put("a", 1), json_put("b", 1))
    text = json_put("c", 1)
    text["Put"]["Item"]["v"] = {"S": "a text"}
    stage.write(text)

    done = stage.write(json_put("a", 5, MISSING), json_add("c", 1), json_add("b", 1))

    assert codes(done) == ["None", "ValidationError", "None"]


# Tokens -------------------------------------------------------------------------------------------


def twice(stage: Stage, *, other_value: int = 1, call: str = "") -> tuple[Operation, Operation]:
    """Ask for an ADD twice under one token, the second time perhaps for another amount."""
    first = stage.write(json_add("a", 1), token="token", call=call)
    return first, stage.write(json_add("a", other_value), token="token", call=call)


def test_a_token_is_applied_once() -> None:
    """§2.3."""
    stage = Stage()

    first, second = twice(stage)

    assert first.outcome == second.outcome == "committed"
    assert stage.get("a") == 1


def test_a_replay_writes_nothing() -> None:
    """§2.3."""
    stage = Stage()
    stage.write(json_add("a", 1), token="token")
    stage.run_for(SECOND_US)
    before = stage.cluster.disks[stage.owner("a")].contents.lsn
    asked = len(stage.heard_kinds(Prepare))

    stage.write(json_add("a", 1), token="token")

    assert stage.cluster.disks[stage.owner("a")].contents.lsn == before
    assert len(stage.heard_kinds(Prepare)) == asked
    assert stage.marks["token.replayed"] == 1


def test_a_token_with_other_parameters_is_a_mismatch_and_does_nothing() -> None:
    """§2.3."""
    stage = Stage()

    _, second = twice(stage, other_value=7)

    assert second.error == "IdempotentParameterMismatchException"
    assert stage.get("a") == 1


def test_another_token_is_another_transaction() -> None:
    """§2.3."""
    stage = Stage()

    stage.write(json_add("a", 1), token="one")
    stage.write(json_add("a", 1), token="other")

    assert stage.get("a") == 2


def test_a_call_that_was_cancelled_stays_cancelled() -> None:
    """§2.3: a late attempt of it must not happen after all."""
    stage = Stage()
    first = stage.write(json_add("a", 1, EXISTS), token="token", call="one")
    stage.write(json_put("a", 1))

    again = stage.write(json_add("a", 1, EXISTS), token="token", call="one")

    assert codes(first) == codes(again) == ["ConditionalCheckFailed"]
    assert stage.get("a") == 1


def test_another_call_begins_anew_after_a_cancellation() -> None:
    """§2.3."""
    stage = Stage()
    stage.write(json_add("a", 1, EXISTS), token="token", call="one")
    stage.write(json_put("a", 1))

    again = stage.write(json_add("a", 1, EXISTS), token="token", call="two")

    assert again.outcome == "committed"
    assert stage.get("a") == 2


def test_a_call_that_was_refused_stays_refused_when_another_has_committed() -> None:
    """§2.3."""
    stage = Stage()
    stage.write(json_add("a", 1, EXISTS), token="token", call="one")
    stage.write(json_put("a", 1))
    stage.write(json_add("a", 1, EXISTS), token="token", call="two")

    late = stage.write(json_add("a", 1, EXISTS), token="token", call="one")

    assert codes(late) == ["ConditionalCheckFailed"]
    assert stage.get("a") == 2


def test_two_clients_with_one_token_commit_once() -> None:
    """§2.3: token and ledger are one record, and its creation is one conditional write."""
    stage = Stage()
    request = transaction(json_add("a", 1), token="token")

    both = [
        stage.begin("TransactWriteItems", request, client=client, call=client)
        for client in ("k1", "k2")
    ]
    outcomes = {asked.answer().outcome for asked in both}

    assert "cancelled" not in outcomes
    assert stage.get("a") == 1


def test_a_retry_that_meets_its_transaction_undecided_is_told_so() -> None:
    """§2.3."""
    stage = Stage(coordinators=1)
    for node in stage.cluster.partitions:
        stage.cluster.network.hold(node, "c1")
    request = transaction(json_add("a", 1), token="token")
    first = stage.begin("TransactWriteItems", request)
    stage.run_until(lambda: stage.has_heard(Prepare))
    stage.run_for(100_000)

    second = stage.begin("TransactWriteItems", request, client="k2", call="other")
    stage.run_for(SECOND_US)
    assert stage.marks["token.in_progress"] >= 1
    for node in stage.cluster.partitions:
        stage.cluster.network.release(node, "c1")

    assert first.answer().outcome == second.answer().outcome == "committed"
    assert stage.has_heard(Votes)
    assert stage.get("a") == 1


def test_a_token_that_is_too_long_is_refused_before_anything_is_sent() -> None:
    """§2.3: 1 to 36 characters."""
    stage = Stage()

    refused = stage.write(json_add("a", 1), token="x" * 37)

    assert refused.error == "ValidationException"
    assert not stage.has_heard(Prepare)
