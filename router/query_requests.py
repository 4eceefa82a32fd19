"""Requests for items in key order: Query and Scan.

Both become a *selection*: which keys, from where, and what is shown of the items there.
"""

import re
from collections.abc import Mapping

from items import keys
from items.data import data
from items.errors import VALIDATION, DynamoDBError, validation
from items.expression_checks import check, check_given
from items.expressions import parse_condition
from items.key_conditions import KeyCondition, KeyPart, admits, condition_of, key_parts
from items.keys import Key, KeySchema, key_attributes_of
from items.operands import Names, Values
from items.paths import resolved
from items.syntax import DocumentPath, operands_in, predicates_of
from items.typed_json import item_from_json
from items.values import Item
from router import legacy, parameters
from router.legacy import Placeholders
from router.options import RouterOptions
from router.requests import (
    expression_values,
    read,
    table_name,
    whole_number,
)
from router.shapes import NOTHING, Body
from router.sources import Source

NO_KEY_CONDITION = (
    "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
)
START_WRONG = "The provided starting key is invalid"
# What is told of a starting key as of any other item, without these words before it.
BARE = re.compile(
    "numeric value|significant digits|supported range|number set  may not be empty"
    "|contains duplicates"
)
START_OUTSIDE = "The provided starting key is outside query boundaries based on provided conditions"
START_UNMATCHED = "The provided starting key does not match the range key predicate"
START_OF_ONE_ROW = "The query can return at most one row and cannot be restarted"


@data
class Segment:
    """One part of a table for a scan in parts."""

    number: int
    count: int


@data
class PageDraft:
    """A Query or Scan whose table is not known yet."""

    table: str
    key_condition: str | None  # None: a Scan.
    filter: str | None
    projection: str | None
    names: Names
    values: Values
    start: Item | None
    limit: int | None
    forward: bool = True
    counts_only: bool = False
    segment: Segment | None = None
    filter_parameter: str = "Filter Expression"  # As its refusals call it.
    index: str | None = None
    key_parts: Mapping[str, KeyPart] | None = None  # None: no expression asks for keys.

    def start_on(self, source: Source) -> Key | None:
        """Return the key after which the page begins.

        Raises:
            DynamoDBError: ValidationException if it is none of this table or index.
        """
        if self.start is None:
            return None
        is_scan_of_table = self.key_condition is None and source.index is None
        not_of_table = f"{START_WRONG}: {keys.not_the_schema().message}"
        if len(self.start) != len(source.key_names):
            raise validation(not_of_table if is_scan_of_table else START_WRONG)
        if not is_scan_of_table:
            for attribute in key_attributes_of(source.schema):
                value = self.start.get(attribute.name)
                if value is None:
                    raise validation(START_WRONG)
                if value[0] != attribute.type:
                    raise keys.not_the_schema()
        for attribute in key_attributes_of(source.table):
            value = self.start.get(attribute.name)
            if value is None or value[0] != attribute.type:
                raise validation(not_of_table)
        return source.key_of_request(self.start)

    def condition_on(self, schema: KeySchema, start: Key | None) -> KeyCondition | None:
        """Understand the key condition, None for a Scan.

        Raises:
            DynamoDBError: ValidationException if this table's order of keys cannot answer it.
        """
        if self.key_condition is None:
            return None
        # Of a condition in the old parameters, what is wrong is told when the table is known.
        parts = self.key_parts or key_parts(self.key_condition, self.names, self.values)
        wanted = condition_of(parts, schema)
        if self.filter is not None:
            self.refuse_key_filter(keys.key_names(schema))
        if start is not None:
            refuse_outside(start, wanted)
        return wanted

    def refuse_key_filter(self, key_names: tuple[str, ...]) -> None:
        """Refuse a filter on what the key condition is for."""
        assert self.filter is not None, "there is one"
        for predicate in predicates_of(parse_condition(self.filter, "FilterExpression")):
            for operand in operands_in(predicate):
                if isinstance(operand, DocumentPath):
                    name = resolved(operand.steps, self.names)[0]
                    if name in key_names:
                        raise validation(
                            f"{self.filter_parameter} can only contain non-primary key attributes:"
                            f" Primary key attribute: {name}"
                        )


def query(body: Body, options: RouterOptions) -> PageDraft:
    def parse(body: Body) -> PageDraft:
        expressions = ("ProjectionExpression", "FilterExpression", "KeyConditionExpression")
        draft = page(body, expressions, parameters.LEGACY_QUERY, options)
        if draft.key_condition is None:
            raise validation(NO_KEY_CONDITION)
        return draft

    return read(parameters.QUERY, body, parse)


def scan(body: Body, options: RouterOptions) -> PageDraft:
    def parse(body: Body) -> PageDraft:
        expressions = ("ProjectionExpression", "FilterExpression")
        return page(body, expressions, parameters.LEGACY_SCAN, options)

    return read(parameters.SCAN, body, parse)


def page(
    body: Body, expressions: tuple[str, ...], old: tuple[str, ...], options: RouterOptions
) -> PageDraft:
    """Read what Query and Scan share; `expressions` are those that the operation takes."""
    is_legacy = not body.keys().isdisjoint(old)
    if is_legacy:
        legacy.refuse_mixed(body, old, expressions)
    texts = {what: body.get(what) for what in expressions}
    check_given(texts, body.get("ExpressionAttributeNames"), body.get("ExpressionAttributeValues"))
    names = body.get("ExpressionAttributeNames") or NOTHING
    values = expression_values(body.get("ExpressionAttributeValues") or NOTHING, names)
    is_scan = "KeyConditionExpression" not in texts
    found = legacy_parts(body, names, values, is_scan=is_scan) if is_legacy else NO_LEGACY_PARTS
    start = body.get("ExclusiveStartKey")
    read_start = None if start is None else start_from_json(start)
    segment = segment_of(body) if is_scan else None
    check_select(body)
    check(texts, names, values, allow_reserved=options.allow_reserved_words)
    asked = texts.get("KeyConditionExpression")
    return PageDraft(
        table_name(body),
        asked or found.key_condition,
        texts["FilterExpression"] or found.filter,
        texts["ProjectionExpression"] or found.projection,
        found.names if is_legacy else names,
        found.values if is_legacy else values,
        read_start,
        whole_number(body, "Limit"),
        body.get("ScanIndexForward") is not False,
        body.get("Select") == "COUNT",
        segment,
        "Filter Expression" if found.filter is None else "QueryFilter",
        body.get("IndexName"),
        None if asked is None else key_parts(asked, names, values),
    )


@data
class LegacyParts:
    """What the parameters before expressions say, and all names and values of the request."""

    filter: str | None
    projection: str | None
    key_condition: str | None
    names: Names
    values: Values


NO_LEGACY_PARTS = LegacyParts(None, None, None, NOTHING, NOTHING)


def legacy_parts(body: Body, names: Names, values: Values, *, is_scan: bool) -> LegacyParts:
    minted = Placeholders(names, values)
    wanted, conditions = body.get("AttributesToGet"), body.get("KeyConditions")
    return LegacyParts(
        legacy.filter_of(body, "ScanFilter" if is_scan else "QueryFilter", minted),
        None if wanted is None else legacy.projection(wanted, minted),
        None if conditions is None else legacy.key_condition(conditions, minted),
        minted.names,
        minted.values,
    )


def start_from_json(json: object) -> Item:
    try:
        return item_from_json(json)
    except DynamoDBError as error:
        if error.kind != VALIDATION:
            raise
        if BARE.search(error.message):
            raise
        raise validation(f"{START_WRONG}: {error.message}") from None


def check_select(body: Body) -> None:
    """Refuse a choice of attributes that the rest of the request contradicts."""
    select = body.get("Select")
    ways = ("AttributesToGet", "ProjectionExpression")
    wanted = next((way for way in ways if body.get(way) is not None), None)
    if select not in (None, "SPECIFIC_ATTRIBUTES") and wanted is not None:
        raise validation(f"Cannot specify the {wanted} when choosing to get {SHOWN[select]}")
    if select == "ALL_PROJECTED_ATTRIBUTES" and body.get("IndexName") is None:
        raise validation(
            "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"
        )
    if select == "SPECIFIC_ATTRIBUTES" and wanted is None:
        raise validation(
            "Must specify the AttributesToGet or ProjectionExpression"
            " when choosing to get SPECIFIC_ATTRIBUTES"
        )


SHOWN = {
    "COUNT": "only the Count",
    "ALL_ATTRIBUTES": "ALL_ATTRIBUTES",
    "ALL_PROJECTED_ATTRIBUTES": "ALL_PROJECTED_ATTRIBUTES",
}


def segment_of(body: Body) -> Segment | None:
    number, count = whole_number(body, "Segment"), whole_number(body, "TotalSegments")
    if number is None and count is None:
        return None
    required = "parameter is required but was not present in the request when"
    if count is None:
        raise validation(f"The TotalSegments {required} Segment parameter is present")
    if number is None:
        raise validation(f"The Segment {required} parameter TotalSegments is present")
    if number >= count:
        raise validation(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments:"
            f" Segment: {number} is not less than TotalSegments: {count}"
        )
    return Segment(number, count)


def refuse_outside(start: Key, wanted: KeyCondition) -> None:
    """Refuse a page that would begin where the key condition does not lead."""
    if wanted.sort is not None and not admits(wanted.sort, start[1]):
        raise validation(START_UNMATCHED)
    if start[0] != wanted.partition:
        raise validation(START_OUTSIDE if wanted.sort is None else START_OF_ONE_ROW)
