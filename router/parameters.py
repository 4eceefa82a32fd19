"""The parameters of every operation on items, as AWS's service model has them.

A parameter that is taken and means nothing here has its shape as well: it is refused where the
service refuses it.  What is not named at all is ignored, as the service does.
"""

from functools import lru_cache

from items.limits import (
    BATCH_GET_KEYS_MAX,
    BATCH_WRITE_REQUESTS_MAX,
    TABLE_ARN_LENGTH_MAX,
    TOKEN_LENGTH_MAX,
    TOKEN_LENGTH_MIN,
)
from router.legacy_parameters import (
    ATTRIBUTE_UPDATES,
    ATTRIBUTES_TO_GET,
    CONDITIONS,
    EXPECTED,
    OPERATOR,
)
from router.shapes import (
    ATTRIBUTES,
    FLAG,
    JAVA_PACKAGE,
    Listed,
    Mapped,
    Shape,
    Structure,
    integer,
    text,
)
from router.table_names import NAME, TABLE

RETURN_VALUES = ("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW")

EXPRESSION = text()
NAMES = Mapped(text())
CAPACITY = text(("INDEXES", "TOTAL", "NONE"))
METRICS = text(("SIZE", "NONE"))
OLD_ON_FAILURE = text(("ALL_OLD", "NONE"))

CONDITION: dict[str, Shape] = {
    "ConditionExpression": EXPRESSION,
    "ExpressionAttributeNames": NAMES,
    "ExpressionAttributeValues": ATTRIBUTES,
    "ReturnValuesOnConditionCheckFailure": OLD_ON_FAILURE,
}
PROJECTION: dict[str, Shape] = {
    "ProjectionExpression": EXPRESSION,
    "ExpressionAttributeNames": NAMES,
}

# One item.

WRITE: dict[str, Shape] = {
    "ReturnValues": text(RETURN_VALUES),
    "ReturnItemCollectionMetrics": METRICS,
    **EXPECTED,
    **CONDITION,
}
PUT_ITEM = Structure(
    "PutItemInput",
    {"ReturnConsumedCapacity": CAPACITY, "TableName": TABLE, "Item": ATTRIBUTES, **WRITE},
    ("TableName", "Item"),
)
UPDATE_ITEM = Structure(
    "UpdateItemInput",
    {
        "ReturnConsumedCapacity": CAPACITY,
        "TableName": TABLE,
        "Key": ATTRIBUTES,
        **ATTRIBUTE_UPDATES,
        "UpdateExpression": EXPRESSION,
        **WRITE,
    },
    ("TableName", "Key"),
)
DELETE_ITEM = Structure(
    "DeleteItemInput",
    {"ReturnConsumedCapacity": CAPACITY, "TableName": TABLE, "Key": ATTRIBUTES, **WRITE},
    ("TableName", "Key"),
)
GET_ITEM = Structure(
    "GetItemInput",
    {
        "ReturnConsumedCapacity": CAPACITY,
        "TableName": TABLE,
        "Key": ATTRIBUTES,
        **ATTRIBUTES_TO_GET,
        "ConsistentRead": FLAG,
        **PROJECTION,
    },
    ("TableName", "Key"),
)
LEGACY_CONDITION = dict(EXPECTED)
LEGACY_UPDATE = {**ATTRIBUTE_UPDATES, **EXPECTED}
LEGACY_PROJECTION = ATTRIBUTES_TO_GET

# Transactions.

TRANSACT_WRITE_ITEM = Structure(
    "TransactWriteItem",
    {
        "ConditionCheck": Structure(
            "ConditionCheck",
            {"TableName": TABLE, "Key": ATTRIBUTES, **CONDITION},
            ("TableName", "Key", "ConditionExpression"),
        ),
        "Put": Structure(
            "Put", {"TableName": TABLE, "Item": ATTRIBUTES, **CONDITION}, ("TableName", "Item")
        ),
        "Delete": Structure(
            "Delete", {"TableName": TABLE, "Key": ATTRIBUTES, **CONDITION}, ("TableName", "Key")
        ),
        "Update": Structure(
            "Update",
            {"TableName": TABLE, "Key": ATTRIBUTES, "UpdateExpression": EXPRESSION, **CONDITION},
            ("TableName", "Key", "UpdateExpression"),
        ),
    },
)
TRANSACT_GET_ITEM = Structure(
    "TransactGetItem",
    {
        "Get": Structure(
            "Get", {"TableName": TABLE, "Key": ATTRIBUTES, **PROJECTION}, ("TableName", "Key")
        )
    },
    ("Get",),
)


@lru_cache
def transact_write_items(actions_max: int) -> Structure:
    """Return the parameters of TransactWriteItems with so many actions at most."""
    return Structure(
        "TransactWriteItemsInput",
        {
            "ReturnConsumedCapacity": CAPACITY,
            "ReturnItemCollectionMetrics": METRICS,
            "ClientRequestToken": text(length_min=TOKEN_LENGTH_MIN, length_max=TOKEN_LENGTH_MAX),
            "TransactItems": Listed(TRANSACT_WRITE_ITEM, 1, actions_max),
        },
        ("TransactItems",),
    )


@lru_cache
def transact_get_items(actions_max: int) -> Structure:
    """Return the parameters of TransactGetItems with so many items at most."""
    return Structure(
        "TransactGetItemsInput",
        {
            "ReturnConsumedCapacity": CAPACITY,
            "TransactItems": Listed(TRANSACT_GET_ITEM, 1, actions_max),
        },
        ("TransactItems",),
    )


# Many items.

BATCH_WRITE_ITEM = Structure(
    "BatchWriteItemInput",
    {
        "ReturnConsumedCapacity": CAPACITY,
        "ReturnItemCollectionMetrics": METRICS,
        "RequestItems": Mapped(
            Listed(
                Structure(
                    "WriteRequest",
                    {
                        "DeleteRequest": Structure("DeleteRequest", {"Key": ATTRIBUTES}, ("Key",)),
                        "PutRequest": Structure("PutRequest", {"Item": ATTRIBUTES}, ("Item",)),
                    },
                ),
                1,
                BATCH_WRITE_REQUESTS_MAX,
            ),
            f"java.util.List<{JAVA_PACKAGE}.WriteRequest>",
            1,
            BATCH_WRITE_REQUESTS_MAX,
            TABLE_ARN_LENGTH_MAX,
        ),
    },
    ("RequestItems",),
)
BATCH_GET_ITEM = Structure(
    "BatchGetItemInput",
    {
        "ReturnConsumedCapacity": CAPACITY,
        "RequestItems": Mapped(
            Structure(
                "KeysAndAttributes",
                {
                    "Keys": Listed(ATTRIBUTES, 1, BATCH_GET_KEYS_MAX),
                    **ATTRIBUTES_TO_GET,
                    "ConsistentRead": FLAG,
                    **PROJECTION,
                },
                ("Keys",),
            ),
            f"{JAVA_PACKAGE}.KeysAndAttributes",
            1,
            BATCH_GET_KEYS_MAX,
            TABLE_ARN_LENGTH_MAX,
        ),
    },
    ("RequestItems",),
)
PAGE: dict[str, Shape] = {
    "ReturnConsumedCapacity": CAPACITY,
    "TableName": TABLE,
    "IndexName": NAME,
    "Select": text(("SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES")),
    "Limit": integer(least=1),
    "ExclusiveStartKey": ATTRIBUTES,
    "ConsistentRead": FLAG,
    **ATTRIBUTES_TO_GET,
    **OPERATOR,
    "FilterExpression": EXPRESSION,
    "ExpressionAttributeValues": ATTRIBUTES,
    **PROJECTION,
}
QUERY = Structure(
    "QueryInput",
    {
        **PAGE,
        "ScanIndexForward": FLAG,
        "KeyConditions": CONDITIONS,
        "QueryFilter": CONDITIONS,
        "KeyConditionExpression": EXPRESSION,
    },
    ("TableName",),
)
SCAN = Structure(
    "ScanInput",
    {
        **PAGE,
        "ScanFilter": CONDITIONS,
        "Segment": integer(least=0, most=999_999),
        "TotalSegments": integer(least=1, most=1_000_000),
    },
    ("TableName",),
)
LEGACY_QUERY = ("AttributesToGet", "QueryFilter", "ConditionalOperator", "KeyConditions")
LEGACY_SCAN = ("AttributesToGet", "ScanFilter", "ConditionalOperator")
