"""THE error catalogue: every way to say no, with its name, status and words on the wire.

Three kinds of trouble: a *reason* is why one action of a transaction did not go ahead and crosses
the network as a value; a *kind* is what a client can be told; a `DynamoDBError` is a kind on its
way to a client, raised only where somebody stands between here and there to catch it.

The words are us-east-1's, to the letter, because clients depend on them: "Cancelled" in the
message beside "Canceled" in the name, `Message` here and `message` there, no full stop where the
documentation has one.
"""

from collections.abc import Iterable
from typing import Any

from items.data import data
from items.to_json import item_to_json
from items.values import Item

DYNAMODB = "com.amazonaws.dynamodb.v20120810"
CORAL_SERVICE = "com.amazon.coral.service"
CORAL_VALIDATE = "com.amazon.coral.validate"


@data
class ErrorKind:
    """What a client can be told went wrong."""

    name: str
    prefix: str = DYNAMODB
    status: int = 400
    retryable: bool = False
    """An SDK asks again by itself."""
    definite: bool = True
    """It surely did not happen; otherwise it may have, or may yet."""
    message: str = ""
    """What is said where nothing more exact is known."""
    message_field: str = "message"


@data
class Reason:
    """Why one action of a cancelled transaction did not go ahead; `NONE` if it was not to blame."""

    code: str
    message: str | None = None
    item: Item | None = None
    """The item that failed its condition, if the client asked to see it."""


class DynamoDBError(Exception):
    """A refusal on its way to a client."""

    def __init__(
        self,
        kind: ErrorKind,
        message: str | None = None,
        *,
        reasons: tuple[Reason, ...] = (),
        item: Item | None = None,
    ) -> None:
        self.kind = kind
        self.message = kind.message if message is None else message
        self.reasons = reasons
        self.item = item
        super().__init__(f"{kind.name}: {self.message}" if self.message else kind.name)

    def body(self) -> dict[str, Any]:
        """Give the error's JSON body."""
        body: dict[str, Any] = {"__type": f"{self.kind.prefix}#{self.kind.name}"}
        if self.reasons:
            body["CancellationReasons"] = [reason_to_json(reason) for reason in self.reasons]
        if self.item is not None:
            body["Item"] = item_to_json(self.item)
        if self.message:
            body[self.kind.message_field] = self.message
        return body


def reason_to_json(reason: Reason) -> dict[str, Any]:
    """Give one entry of `CancellationReasons`; what is unknown has no field."""
    entry: dict[str, Any] = {"Code": reason.code}
    if reason.item is not None:
        entry["Item"] = item_to_json(reason.item)
    if reason.message is not None:
        entry["Message"] = reason.message
    return entry


def validation(message: str) -> DynamoDBError:
    """Make the refusal of a request that is wrong in itself, or cannot be applied to its item."""
    return DynamoDBError(VALIDATION, message)


def invalid_parameter(message: str) -> DynamoDBError:
    """Make a `validation` error with the opening words that most of them share."""
    return DynamoDBError(VALIDATION, f"{PARAMETER_INVALID}: {message}")


def serialization(message: str) -> DynamoDBError:
    """Make the refusal of JSON that has the wrong shape."""
    return DynamoDBError(SERIALIZATION, message)


def validation_reason(message: str) -> Reason:
    """Make the reason of an action that cannot be applied to its item."""
    return Reason("ValidationError", message)


def cancelled(reasons: Iterable[Reason]) -> DynamoDBError:
    """Make the answer to a transaction that was not carried out: one reason an action, in order."""
    reasons = tuple(reasons)
    codes = ", ".join(reason.code for reason in reasons)
    return DynamoDBError(
        TRANSACTION_CANCELED, f"{TRANSACTION_CANCELED.message} [{codes}]", reasons=reasons
    )


# What is said by a kind and a reason alike.
CONDITION_FAILED = "The conditional request failed"
ITEM_IS_ONGOING = "Transaction is ongoing for the item"
COLLECTION_TOO_LARGE = "Collection size exceeded."
TABLE_THROUGHPUT_EXCEEDED = (
    "The level of configured provisioned throughput for the table was exceeded."
    " Consider increasing your provisioning level with the UpdateTable API."
)
TABLE_CAPACITY_EXCEEDED = (
    "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically"
    " scaling your table or index so please try again shortly. If exceptions persist, check if"
    " you have a hot key: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
    "bp-partition-key-design.html."
)

# What a validation says when it takes the item to find out (ValidationError in a transaction).
PARAMETER_INVALID = "One or more parameter values were invalid"
OPERAND_TYPE_INCORRECT = "An operand in the update expression has an incorrect data type"
ITEM_TOO_LARGE = "Item size has exceeded the maximum allowed size"
ITEM_TO_UPDATE_TOO_LARGE = "Item size to update has exceeded the maximum allowed size"
NUMBER_TOO_LONG = "Attempting to store more than 38 significant digits in a Number"
NUMBER_OVERFLOW = (
    "Number overflow. Attempting to store a number with magnitude larger than supported range"
)
NUMBER_UNDERFLOW = (
    "Number underflow. Attempting to store a number with magnitude smaller than supported range"
)
NESTING_TOO_DEEP = (
    "Nesting Levels have exceeded supported limits: "
    "Attributes in the item have nested levels beyond supported limit"
)
PATH_INVALID = "The document path provided in the update expression is invalid for update"
ATTRIBUTE_MISSING = "The provided expression refers to an attribute that does not exist in the item"
TYPE_TO_UPDATE_MISMATCH = "Type mismatch for attribute to update"
INDEX_KEY_TOO_LARGE = (
    "The update expression attempted to update the secondary index key beyond allowed size limits."
)
INDEX_KEY_TYPE_UNSUPPORTED = (
    "The update expression attempted to update the secondary index key to unsupported type"
)

# The reasons of a cancelled transaction, besides those that `validation_reason` makes.
NONE = Reason("None")
CONDITIONAL_CHECK_FAILED_REASON = Reason("ConditionalCheckFailed", CONDITION_FAILED)
TRANSACTION_CONFLICT_REASON = Reason("TransactionConflict", ITEM_IS_ONGOING)
ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED_REASON = Reason(
    "ItemCollectionSizeLimitExceeded", COLLECTION_TOO_LARGE
)
PROVISIONED_THROUGHPUT_EXCEEDED_REASON = Reason(
    "ProvisionedThroughputExceeded", TABLE_THROUGHPUT_EXCEEDED
)
INDEX_PROVISIONED_THROUGHPUT_EXCEEDED_REASON = Reason(
    "ProvisionedThroughputExceeded",
    "The level of configured provisioned throughput for one or more global secondary indexes of"
    " the table was exceeded. Consider increasing your provisioning level for the"
    " under-provisioned global secondary indexes with the UpdateTable API.",
)
THROTTLING_ERROR_REASON = Reason("ThrottlingError", TABLE_CAPACITY_EXCEEDED)

# The kinds.
VALIDATION = ErrorKind("ValidationException", CORAL_VALIDATE, message=PARAMETER_INVALID)
CONDITIONAL_CHECK_FAILED = ErrorKind("ConditionalCheckFailedException", message=CONDITION_FAILED)
TRANSACTION_CANCELED = ErrorKind(
    "TransactionCanceledException",
    message="Transaction cancelled, please refer cancellation reasons for specific reasons",
    message_field="Message",
)
TRANSACTION_CONFLICT = ErrorKind("TransactionConflictException", message=ITEM_IS_ONGOING)
TRANSACTION_IN_PROGRESS = ErrorKind(
    "TransactionInProgressException",
    retryable=True,
    definite=False,
    message="Transaction from previous request is still in progress",
    message_field="Message",
)
IDEMPOTENT_PARAMETER_MISMATCH = ErrorKind(
    "IdempotentParameterMismatchException",
    message="The request was retried with a different payload,"
    " but with a client request token that was already used",
    message_field="Message",
)
RESOURCE_NOT_FOUND = ErrorKind("ResourceNotFoundException", message="Requested resource not found")
RESOURCE_IN_USE = ErrorKind("ResourceInUseException", message="Table already exists")
LIMIT_EXCEEDED = ErrorKind(
    "LimitExceededException",
    message="Subscriber limit exceeded",
)
ITEM_COLLECTION_SIZE_LIMIT_EXCEEDED = ErrorKind(
    "ItemCollectionSizeLimitExceededException", message=COLLECTION_TOO_LARGE
)
PROVISIONED_THROUGHPUT_EXCEEDED = ErrorKind(
    "ProvisionedThroughputExceededException", retryable=True, message=TABLE_THROUGHPUT_EXCEEDED
)
REQUEST_LIMIT_EXCEEDED = ErrorKind(
    "RequestLimitExceeded",
    retryable=True,
    message="Throughput exceeds the current throughput limit for your account. Please contact AWS"
    " Support at https://aws.amazon.com/support request a limit increase",
)
INTERNAL_SERVER_ERROR = ErrorKind(
    "InternalServerError",
    status=500,
    retryable=True,
    definite=False,
    message="Internal server error",
)
EXPIRED_ITERATOR = ErrorKind("ExpiredIteratorException", message="Iterator expired")
TRIMMED_DATA_ACCESS = ErrorKind(
    "TrimmedDataAccessException",
    message="The operation attempted to read past the oldest stream record in a shard.",
)
SERIALIZATION = ErrorKind("SerializationException", CORAL_SERVICE, message_field="Message")
UNKNOWN_OPERATION = ErrorKind("UnknownOperationException", CORAL_SERVICE)
ACCESS_DENIED = ErrorKind(
    "AccessDeniedException", CORAL_SERVICE, message="Access denied", message_field="Message"
)
MISSING_AUTHENTICATION_TOKEN = ErrorKind(
    "MissingAuthenticationTokenException",
    CORAL_SERVICE,
    message="Request is missing Authentication Token",
)
INCOMPLETE_SIGNATURE = ErrorKind("IncompleteSignatureException", CORAL_SERVICE)
INVALID_SIGNATURE = ErrorKind(
    "InvalidSignatureException",
    CORAL_SERVICE,
    message="The request signature we calculated does not match the signature you provided."
    " Check your AWS Secret Access Key and signing method."
    " Consult the service documentation for details.",
)
UNRECOGNIZED_CLIENT = ErrorKind(
    "UnrecognizedClientException",
    CORAL_SERVICE,
    message="The security token included in the request is invalid.",
)

KINDS = [kind for kind in list(globals().values()) if isinstance(kind, ErrorKind)]
CATALOGUE = {kind.name: kind for kind in KINDS}
assert len(CATALOGUE) == len(KINDS), "a name stands for one kind of error"
