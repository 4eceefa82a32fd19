"""The tutorial that this project answers, step by step, as its requests are written there.

Step 1 is the tables; these are steps 2 to 5.  Its reads project the attribute `Status` by its own
name, which is a reserved word: the scenario allows those.
"""

from typing import Any

from sim.history import WRITE_TRANSACTION
from sim.workload import Json, Session

ORDER = {"TableName": "Orders", "Key": {"OrderID": {"S": "ORD#1001"}}}
PAYMENT = {"TableName": "Payments", "Key": {"PaymentID": {"S": "PAY#9001"}}}

# Step 2: an order and its payment.
PLACE = [
    {
        "Put": {
            "TableName": "Orders",
            "Item": {
                "OrderID": {"S": "ORD#1001"},
                "Customer": {"S": "alice"},
                "Amount": {"N": "59.99"},
                "Status": {"S": "PENDING"},
            },
        }
    },
    {
        "Put": {
            "TableName": "Payments",
            "Item": {
                "PaymentID": {"S": "PAY#9001"},
                "OrderID": {"S": "ORD#1001"},
                "Method": {"S": "CreditCard"},
                "Amount": {"N": "59.99"},
            },
        }
    },
]

# Step 4: the same order again, which cancels the transaction: the payment is not written either.
PLACE_AGAIN = [
    {
        "Put": {
            "TableName": "Orders",
            "Item": {
                "OrderID": {"S": "ORD#1001"},
                "Customer": {"S": "bob"},
                "Amount": {"N": "75.00"},
                "Status": {"S": "PENDING"},
            },
            "ConditionExpression": "attribute_not_exists(OrderID)",
        }
    },
    {
        "Put": {
            "TableName": "Payments",
            "Item": {
                "PaymentID": {"S": "PAY#9002"},
                "OrderID": {"S": "ORD#1001"},
                "Method": {"S": "CreditCard"},
                "Amount": {"N": "75.00"},
            },
        }
    },
]


def _set_status(place: Json, status: str) -> Json:
    return {
        "Update": {
            **place,
            "UpdateExpression": "SET #S = :s",
            "ExpressionAttributeNames": {"#S": "Status"},
            "ExpressionAttributeValues": {":s": {"S": status}},
        }
    }


STEPS: tuple[tuple[str, dict[str, Any]], ...] = (
    (WRITE_TRANSACTION, {"TransactItems": PLACE}),
    # Step 3: both are there.
    ("GetItem", ORDER),
    ("GetItem", PAYMENT),
    (WRITE_TRANSACTION, {"TransactItems": PLACE_AGAIN}),
    # Step 5: paid, and looked at again.
    (
        WRITE_TRANSACTION,
        {"TransactItems": [_set_status(ORDER, "PAID"), _set_status(PAYMENT, "PROCESSED")]},
    ),
    ("GetItem", {**ORDER, "ProjectionExpression": "OrderID, Status"}),
    ("GetItem", {**PAYMENT, "ProjectionExpression": "PaymentID, Status"}),
)


async def follow(session: Session) -> None:
    """Ask for the tutorial's operations, one after the other."""
    for name, request in STEPS:
        await session.ask(name, request)
