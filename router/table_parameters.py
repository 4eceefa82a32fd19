"""The parameters of the operations on tables, and which of them are not to be had here.

What a table would do otherwise if a parameter were ignored is refused: keys of one's own for
encryption, replicas.  What only hangs on money or speed is taken and means nothing.
"""

from items.errors import validation
from items.limits import KEY_NAME_BYTES_MAX
from router.definitions import GLOBAL, LOCAL
from router.shapes import FLAG, Body, Listed, Shape, Structure, integer, text
from router.stream_parameters import SPECIFICATION
from router.table_names import NAME, NAME_PATTERN, TABLE

ARN_LENGTH_MAX = 1283
TAG_KEY_LENGTH_MAX = 128
NON_KEY_ATTRIBUTES_MAX = 20  # Of one index.
TAG_VALUE_LENGTH_MAX = 256

NEW_NAME = text(pattern=NAME_PATTERN)
KEY_NAME = text(length_min=1, length_max=KEY_NAME_BYTES_MAX)
BILLING_MODE = text(("PROVISIONED", "PAY_PER_REQUEST"))
UNITS = integer(least=1, kind="Long")
THROUGHPUT = Structure(
    "ProvisionedThroughput",
    {"WriteCapacityUnits": UNITS, "ReadCapacityUnits": UNITS},
    ("WriteCapacityUnits", "ReadCapacityUnits"),
)
ATTRIBUTE_DEFINITIONS = Listed(
    Structure(
        "AttributeDefinition",
        {"AttributeName": KEY_NAME, "AttributeType": text(("B", "N", "S"))},
        ("AttributeName", "AttributeType"),
    )
)
TAG = Structure(
    "Tag",
    {
        "Key": text(length_min=1, length_max=TAG_KEY_LENGTH_MAX),
        "Value": text(length_max=TAG_VALUE_LENGTH_MAX),
    },
    ("Key", "Value"),
)
KEY_SCHEMA = Listed(
    Structure(
        "KeySchemaElement",
        {"AttributeName": KEY_NAME, "KeyType": text(("HASH", "RANGE"))},
        ("AttributeName", "KeyType"),
    ),
    1,
    2,
)
INDEX: dict[str, Shape] = {
    "IndexName": NAME,
    "KeySchema": KEY_SCHEMA,
    "Projection": Structure(
        "Projection",
        {
            "ProjectionType": text(("ALL", "INCLUDE", "KEYS_ONLY")),
            "NonKeyAttributes": Listed(KEY_NAME, 1, NON_KEY_ATTRIBUTES_MAX),
        },
    ),
}
GLOBAL_INDEX: dict[str, Shape] = {**INDEX, "ProvisionedThroughput": THROUGHPUT}
REQUIRED_OF_INDEX = ("IndexName", "KeySchema", "Projection")
INDEXES: dict[str, Shape] = {
    LOCAL: Listed(Structure("LocalSecondaryIndex", INDEX, REQUIRED_OF_INDEX)),
    GLOBAL: Listed(Structure("GlobalSecondaryIndex", GLOBAL_INDEX, REQUIRED_OF_INDEX)),
}
INDEX_UPDATES = Listed(
    Structure(
        "GlobalSecondaryIndexUpdate",
        {
            "Update": Structure(
                "UpdateGlobalSecondaryIndexAction",
                {"IndexName": NAME, "ProvisionedThroughput": THROUGHPUT},
                ("IndexName",),
            ),
            "Create": Structure(
                "CreateGlobalSecondaryIndexAction", GLOBAL_INDEX, REQUIRED_OF_INDEX
            ),
            "Delete": Structure(
                "DeleteGlobalSecondaryIndexAction", {"IndexName": NAME}, ("IndexName",)
            ),
        },
    )
)
TRAITS: dict[str, Shape] = {
    "StreamSpecification": SPECIFICATION,
    "SSESpecification": Structure("SSESpecification", {"Enabled": FLAG}),
    "TableClass": text(("STANDARD", "STANDARD_INFREQUENT_ACCESS")),
    "DeletionProtectionEnabled": FLAG,
}
CREATE_TABLE = Structure(
    "CreateTableInput",
    {
        "TableName": NEW_NAME,
        "BillingMode": BILLING_MODE,
        "ProvisionedThroughput": THROUGHPUT,
        "KeySchema": KEY_SCHEMA,
        "AttributeDefinitions": ATTRIBUTE_DEFINITIONS,
        **INDEXES,
        **TRAITS,
        "Tags": Listed(TAG),
    },
    ("KeySchema", "AttributeDefinitions"),
)
UPDATE_TABLE = Structure(
    "UpdateTableInput",
    {
        "TableName": TABLE,
        "BillingMode": BILLING_MODE,
        "ProvisionedThroughput": THROUGHPUT,
        "AttributeDefinitions": ATTRIBUTE_DEFINITIONS,
        "GlobalSecondaryIndexUpdates": INDEX_UPDATES,
        **TRAITS,
    },
    ("TableName",),
)
ONE_TABLE = Structure("DescribeTableInput", {"TableName": TABLE}, ("TableName",))
ARN = text(length_min=1, length_max=ARN_LENGTH_MAX)
TAG_RESOURCE = Structure(
    "TagResourceInput", {"ResourceArn": ARN, "Tags": Listed(TAG)}, ("ResourceArn", "Tags")
)
UNTAG_RESOURCE = Structure(
    "UntagResourceInput",
    {
        "ResourceArn": ARN,
        "TagKeys": Listed(text(length_min=1, length_max=TAG_KEY_LENGTH_MAX)),
    },
    ("ResourceArn", "TagKeys"),
)
LIST_TAGS = Structure(
    "ListTagsOfResourceInput", {"ResourceArn": ARN, "NextToken": text()}, ("ResourceArn",)
)
UPDATE_TIME_TO_LIVE = Structure(
    "UpdateTimeToLiveInput",
    {
        "TableName": TABLE,
        "TimeToLiveSpecification": Structure(
            "TimeToLiveSpecification",
            {"Enabled": FLAG, "AttributeName": KEY_NAME},
            ("Enabled", "AttributeName"),
        ),
    },
    ("TableName", "TimeToLiveSpecification"),
)

UNSUPPORTED = (
    "VectorIndexes",
    "VectorIndexUpdates",
    "ReplicaUpdates",
    "GlobalTableWitnessUpdates",
    "GlobalTableSourceArn",
    "ResourcePolicy",
)
SWITCHES = (("SSESpecification", "Enabled"),)


def refuse_unsupported(body: Body) -> None:
    """Refuse what this project has not, rather than leave it out in silence."""
    for name in UNSUPPORTED:
        if body.get(name):
            are = "are" if name.endswith("s") else "is"
            raise validation(f"{name} {are} not supported by twophase")
    for name, switch in SWITCHES:
        if (body.get(name) or {}).get(switch):
            raise validation(f"{name} is not supported by twophase")
