"""Tags: TagResource, UntagResource and ListTagsOfResource, for tables.

A table's tags are part of its definition.  They are for people and their bills; nothing here
depends on them.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from items.errors import (
    ACCESS_DENIED,
    RESOURCE_NOT_FOUND,
    DynamoDBError,
    invalid_parameter,
    validation,
)
from router.definitions import Table, Traits
from router.requests import read
from router.shapes import Body, Shape
from router.table_parameters import LIST_TAGS, TAG_RESOURCE, UNTAG_RESOURCE
from router.tools import Origin, Tools

Tags: TypeAlias = tuple[tuple[str, str], ...]

TAGS_MAX = 50
SIGNS = "+-=._:/@"  # Beside letters, numbers and spaces; the refusals' words are our own.
RESERVED = "aws:"
# As much as the service asks of an ARN before it asks who may do anything with it: .+ six times,
# with a colon between each two, and /.+ behind.  `(?>…)` takes the first colon that will do and
# gives nothing back: a text of colons alone is refused in linear time.
LIKE_AN_ARN = re.compile(r"(?>.+?:){5}.+?/.+", re.DOTALL)
TABLE_ARN = re.compile(r"arn:aws[a-z-]*:dynamodb:[^:]+:\d+:table/([^/]{3,})", re.ASCII)
ROOT = "arn:aws:iam::000000000000:root"  # Whoever it is that asks: nobody here is somebody.


async def tag_resource(tools: Tools, body: Body, _: Origin) -> dict[str, Any]:
    """Give a table these tags beside its others; a key that it has gets a new value."""

    def parse(body: Body) -> tuple[str, list[Any]]:
        name, given = name_in(body), body["Tags"]
        if not given:
            raise validation("Atleast one Tag needs to be provided as Input.")
        with_tags((), checked(given))
        return name, given

    name, given = read(TAG_RESOURCE, arn_first("TagResource", TAG_RESOURCE, body), parse)

    def change(table: Table) -> Traits:
        return replace(table.traits, tags=with_tags(table.traits.tags, given))

    await amend(tools, name, change, not_found(body))
    return {}


async def untag_resource(tools: Tools, body: Body, _: Origin) -> dict[str, Any]:
    """Take the tags with these keys away; one that is not there is no error."""

    def parse(body: Body) -> tuple[str, list[str]]:
        name, keys = name_in(body), body["TagKeys"]
        if not keys:
            raise validation("Atleast one Tag Key needs to be provided as Input.")
        return name, keys

    name, keys = read(UNTAG_RESOURCE, arn_first("UntagResource", UNTAG_RESOURCE, body), parse)

    def change(table: Table) -> Traits:
        return replace(table.traits, tags=without_tags(table.traits.tags, keys))

    # Of a table that is not there the service says less here than beside it.
    await amend(tools, name, change, DynamoDBError(RESOURCE_NOT_FOUND))
    return {}


async def list_tags_of_resource(tools: Tools, body: Body, _: Origin) -> dict[str, Any]:
    name = read(LIST_TAGS, arn_first("ListTagsOfResource", LIST_TAGS, body), name_in)
    table = await tools.tables.find(name)
    if table is None:
        raise not_found(body)
    return {"Tags": [{"Key": key, "Value": value} for key, value in table.traits.tags]}


async def amend(
    tools: Tools, name: str, change: Callable[[Table], Traits], missing: DynamoDBError
) -> None:
    try:
        await tools.tables.amend(name, change)
    except DynamoDBError as error:
        raise (missing if error.kind == RESOURCE_NOT_FOUND else error) from None


def checked(given: Sequence[Body]) -> Sequence[Body]:
    """Return these tags; raises ValidationException if one of them cannot be."""
    for one in given:
        for text in (one["Key"], one["Value"]):
            if any(not (c.isalpha() or c.isnumeric() or c.isspace() or c in SIGNS) for c in text):
                raise invalid_parameter(
                    f"Invalid tag: {text}: only letters, numbers, spaces and {SIGNS} are allowed"
                )
        if one["Key"].lower().startswith(RESERVED):
            raise invalid_parameter(f"Invalid tag key: {one['Key']}: {RESERVED} is reserved")
    return given


def with_tags(tags: Tags, given: Iterable[Body]) -> Tags:
    """Add tags; raises ValidationException if they become too many."""
    all_tags = {**dict(tags), **{one["Key"]: one["Value"] for one in given}}
    if len(all_tags) > TAGS_MAX:
        raise invalid_parameter(
            f"Too many Tags: a table can have {TAGS_MAX}, and this would be {len(all_tags)}"
        )
    return tuple(sorted(all_tags.items()))


def without_tags(tags: Tags, keys: Collection[str]) -> Tags:
    return tuple([(key, value) for key, value in tags if key not in keys])


def name_in(body: Body) -> str:
    """Return the name of the table that an ARN names, whatever account and region it is of."""
    found = TABLE_ARN.fullmatch(body["ResourceArn"])
    if found is None:
        arn = body["ResourceArn"]
        raise validation(f"Invalid TableArn: Invalid ResourceArn provided as input {arn}")
    return found[1]


def arn_first(operation: str, shape: Shape, body: Body) -> Body:
    """Look at the ARN before the constraints, where the service does.

    Raises:
        DynamoDBError: SerializationException if its JSON does not fit, ValidationException if there
            is none, AccessDeniedException if it is none at all.
    """
    shape.check(body, deep=False)
    arn: str | None = body.get("ResourceArn")
    if arn is None:
        raise validation("Invalid TableArn")
    if LIKE_AN_ARN.fullmatch(arn) is None:
        raise DynamoDBError(
            ACCESS_DENIED,
            f"User: {ROOT} is not authorized to perform: dynamodb:{operation}"
            f" on resource: {arn or '*'}",
        )
    return body


def not_found(body: Body) -> DynamoDBError:
    """Make the refusal of an ARN that names no table; the spelling is the service's."""
    return DynamoDBError(
        RESOURCE_NOT_FOUND,
        f"{RESOURCE_NOT_FOUND.message}: ResourcArn: {body['ResourceArn']} not found",
    )
