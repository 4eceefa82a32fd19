"""The shapes of the parameters that were there before expressions.

`Expected` and `ConditionalOperator` where there is a ConditionExpression now, `AttributeUpdates`,
`KeyConditions`, `QueryFilter` and `ScanFilter`, `AttributesToGet`.  What they mean is in `legacy`.
"""

from items.json_shapes import as_structure, check_shape
from items.limits import ATTRIBUTE_NAME_BYTES_MAX
from router.shapes import (
    FLAG,
    JAVA_PACKAGE,
    Leaf,
    Listed,
    Mapped,
    Shape,
    Structure,
    is_map,
    nothing,
    text,
)

# In the service's own order, which is none.
COMPARISONS = text(
    (
        *("IN", "NULL", "BETWEEN", "LT", "NOT_CONTAINS", "EQ", "GT"),
        *("NOT_NULL", "NE", "LE", "BEGINS_WITH", "GE", "CONTAINS"),
    )
)
VALUE = Leaf(is_map, as_structure, nothing, check_shape, is_structure=True)  # An attribute's.

OPERATOR: dict[str, Shape] = {"ConditionalOperator": text(("OR", "AND"))}
EXPECTED: dict[str, Shape] = {
    "Expected": Mapped(
        Structure(
            "ExpectedAttributeValue",
            {
                "AttributeValueList": Listed(VALUE),
                "ComparisonOperator": COMPARISONS,
                "Exists": FLAG,
                "Value": VALUE,
            },
        ),
        f"{JAVA_PACKAGE}.ExpectedAttributeValue",
    ),
    **OPERATOR,
}
ATTRIBUTE_UPDATES: dict[str, Shape] = {
    "AttributeUpdates": Mapped(
        Structure(
            "AttributeValueUpdate", {"Action": text(("ADD", "PUT", "DELETE")), "Value": VALUE}
        ),
        f"{JAVA_PACKAGE}.AttributeValueUpdate",
    )
}
ATTRIBUTES_TO_GET: dict[str, Shape] = {
    "AttributesToGet": Listed(text(length_max=ATTRIBUTE_NAME_BYTES_MAX), 1)
}
CONDITIONS = Mapped(
    Structure(
        "Condition",
        {"AttributeValueList": Listed(VALUE), "ComparisonOperator": COMPARISONS},
        ("ComparisonOperator",),
    ),
    f"{JAVA_PACKAGE}.Condition",
)
