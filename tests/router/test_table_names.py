"""How a request names a table, and what it is told of a name that no table can have."""

from typing import Any

import pytest

from items.limits import TABLE_ARN_LENGTH_MAX
from router.table_names import _fits, fits_table
from tests.router.harness import World

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/"
KEY: Any = {"Key": {"pk": {"S": "a"}}}
PATTERN = "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
TOO_LONG = "Member must have length less than or equal to"
LENGTHS = "TableName must be at least 3 characters long and at most 255 characters long"
MISSING = "The parameter 'TableName' is required but was not present in the request"
OF_TABLES = ("DescribeTable", "DeleteTable", "UpdateTable")


def told(name: str, constraint: str) -> str:
    return (
        f"1 validation error detected: Value '{name}' at 'tableName' failed to satisfy constraint:"
        f" {constraint}"
    )


@pytest.mark.parametrize(
    ("name", "constraint"),
    [
        ("my pets", PATTERN),
        ("pets;", PATTERN),
        ("", "Member must have length greater than or equal to 1"),
        ("x" * 256, f"{TOO_LONG} 255"),
        (ARN + "x" * 1_024, f"{TOO_LONG} 1024"),
    ],
    ids=["space", "semicolon", "empty", "long", "long ARN"],
)
def test_a_name_that_no_table_can_have_is_told(name: str, constraint: str) -> None:
    assert World().error("GetItem", {"TableName": name, **KEY}) == (
        "ValidationException",
        told(name, constraint),
    )


@pytest.mark.parametrize("name", ["ab", "nobodys.table-1_", ARN + "pets"])
def test_a_name_that_a_table_might_have_is_looked_for(name: str) -> None:
    assert World().error("GetItem", {"TableName": name, **KEY})[0] == "ResourceNotFoundException"


def test_a_name_that_is_too_long_is_not_remembered() -> None:
    remembered = _fits.cache_info().currsize

    assert not fits_table("x" * (TABLE_ARN_LENGTH_MAX + 1))
    assert _fits.cache_info().currsize == remembered


@pytest.mark.parametrize("operation", OF_TABLES)
@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({}, MISSING),
        ({"TableName": "ab"}, LENGTHS),
        ({"TableName": "x" * 256}, LENGTHS),
        ({"TableName": "pets;"}, told("pets;", PATTERN)),
    ],
    ids=["missing", "short", "long", "semicolon"],
)
def test_operations_on_tables_look_for_the_name_first(
    operation: str, named: dict[str, str], message: str
) -> None:
    assert World().error(operation, named) == ("ValidationException", message)


def test_an_index_is_named_as_a_table_is() -> None:
    query = {"TableName": "pets", "IndexName": "by age", "KeyConditionExpression": "pk = :p"}

    error = World().error("Query", query)

    assert error == ("ValidationException", told("by age", PATTERN).replace("tableN", "indexN"))
