import json

import pytest

from items.errors import (
    CATALOGUE,
    CONDITIONAL_CHECK_FAILED,
    CONDITIONAL_CHECK_FAILED_REASON,
    INTERNAL_SERVER_ERROR,
    NONE,
    TRANSACTION_CANCELED,
    TRANSACTION_CONFLICT,
    TRANSACTION_IN_PROGRESS,
    UNKNOWN_OPERATION,
    DynamoDBError,
    ErrorKind,
    Reason,
    cancelled,
    serialization,
    validation,
    validation_reason,
)


def test_a_cancellation_tells_each_actions_reason_at_its_place() -> None:
    body = cancelled([NONE, CONDITIONAL_CHECK_FAILED_REASON]).body()

    assert body == {
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "CancellationReasons": [
            {"Code": "None"},
            {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"},
        ],
        "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons "
        "[None, ConditionalCheckFailed]",
    }


def test_a_reason_shows_the_item_that_failed() -> None:
    reason = Reason("ConditionalCheckFailed", "no", {"pk": ("S", "a"), "raw": ("B", b"\x00")})

    [entry] = cancelled([reason]).body()["CancellationReasons"]

    assert entry["Item"] == {"pk": {"S": "a"}, "raw": {"B": "AA=="}}


def test_a_failed_condition_shows_its_item_beside_the_message() -> None:
    error = DynamoDBError(CONDITIONAL_CHECK_FAILED, item={"pk": ("S", "a")})

    assert error.body() == {
        "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
        "Item": {"pk": {"S": "a"}},
        "message": "The conditional request failed",
    }


def test_a_validation_error_and_a_validation_reason_say_the_same() -> None:
    error, reason = validation("too big"), validation_reason("too big")

    assert error.body() == {
        "__type": "com.amazon.coral.validate#ValidationException",
        "message": "too big",
    }
    assert reason == Reason("ValidationError", "too big")


def test_only_some_kinds_write_message_with_a_capital() -> None:
    with_capital = {kind.name for kind in CATALOGUE.values() if kind.message_field == "Message"}

    assert with_capital == {
        "AccessDeniedException",
        "IdempotentParameterMismatchException",
        "SerializationException",
        "TransactionCanceledException",
        "TransactionInProgressException",
    }


def test_an_error_without_words_has_a_type_and_nothing_else() -> None:
    assert DynamoDBError(UNKNOWN_OPERATION).body() == {
        "__type": "com.amazon.coral.service#UnknownOperationException"
    }


def test_only_what_may_have_happened_is_indefinite() -> None:
    indefinite = [kind for kind in CATALOGUE.values() if not kind.definite]

    assert indefinite == [TRANSACTION_IN_PROGRESS, INTERNAL_SERVER_ERROR]


@pytest.mark.parametrize("kind", [TRANSACTION_CANCELED, TRANSACTION_CONFLICT])
def test_sdks_leave_it_to_the_application_to_retry_a_conflict(kind: ErrorKind) -> None:
    assert not kind.retryable


@pytest.mark.parametrize("kind", CATALOGUE.values(), ids=lambda kind: kind.name)
def test_every_body_is_json_and_names_its_kind(kind: ErrorKind) -> None:
    error = DynamoDBError(kind)

    assert json.loads(json.dumps(error.body()))["__type"].endswith(f"#{kind.name}")
    assert kind.status == (500 if kind is INTERNAL_SERVER_ERROR else 400)
    assert kind.name in str(error)


def test_a_wrong_shape_is_told_with_a_capital_message() -> None:
    assert serialization("no").body() == {
        "__type": "com.amazon.coral.service#SerializationException",
        "Message": "no",
    }
