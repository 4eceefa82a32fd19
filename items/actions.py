"""What a client can do to one item: Put, Update, Delete, and Check that only looks.

An action says which item, under which condition, and what becomes of it. The three questions are
pure functions, so that a storage node at prepare, the same node at commit and a checker long after
the run get the same answer.
"""

from collections.abc import Mapping
from dataclasses import field
from math import inf
from typing import TypeAlias, assert_never

from items.conditions import holds
from items.data import data
from items.errors import (
    ITEM_TO_UPDATE_TOO_LARGE,
    ITEM_TOO_LARGE,
    NESTING_TOO_DEEP,
    validation,
)
from items.keys import Key
from items.limits import ITEM_SIZE_BYTES_MAX, NESTING_MAX
from items.projections import part_of
from items.updates import apply_update, creates_item, touched_paths
from items.values import DOCUMENTS, AttributeValue, Item, nesting, size_bytes


@data
class Put:
    """Store this item in the place of what is there."""

    table: str
    key: Key
    item: Item
    condition: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, AttributeValue] = field(default_factory=dict)
    old_on_failure: bool = False
    """Show the item if it fails the condition."""


@data
class Update:
    """Change some attributes; a missing item begins with nothing but its key."""

    table: str
    key: Key
    key_names: tuple[str, ...]
    update: str | None
    """An update expression; without one, nothing changes but that the item exists."""
    condition: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, AttributeValue] = field(default_factory=dict)
    old_on_failure: bool = False


@data
class Delete:
    """Remove the item; a missing one stays missing."""

    table: str
    key: Key
    condition: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, AttributeValue] = field(default_factory=dict)
    old_on_failure: bool = False


@data
class Check:
    """Change nothing, but let the transaction go ahead only if the condition holds."""

    table: str
    key: Key
    condition: str
    names: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, AttributeValue] = field(default_factory=dict)
    old_on_failure: bool = False


Action: TypeAlias = Put | Update | Delete | Check
"""`table` is a table's id, never its name: names are given away again."""

BOTH = "BOTH"
"""Beside the values of ReturnValues: the item before and the item after, for who weighs them."""


def writes(action: Action) -> bool:
    return not isinstance(action, Check)


def allowed_on(action: Action, item: Item | None) -> bool:
    """Say whether the item, or its absence, meets the action's condition."""
    if action.condition is None:
        return True
    return holds(action.condition, item, action.names, action.values)


def applied_to(
    action: Action, item: Item | None, *, bytes_max: float = ITEM_SIZE_BYTES_MAX
) -> Item | None:
    """Give the item as it is after the action, None if there is none then.

    The item given is never changed, and a Check returns that very item. The condition is not asked.
    `bytes_max` is another limit of the item's size, for tables that are not a client's; `inf` is
    none, and of nesting neither.

    Raises:
        DynamoDBError: ValidationException if this item cannot be changed so, or grows beyond the
            limits. In a transaction that is one action's reason, ValidationError.
    """
    match action:
        case Put():
            if bytes_max != inf and size_bytes(action.item) > bytes_max:
                raise validation(ITEM_TOO_LARGE)
            return action.item
        case Update():
            return updated(action, item, bytes_max)
        case Delete():
            return None
        case Check():
            return item
        case _:
            assert_never(action)


def updated(action: Update, item: Item | None, bytes_max: float) -> Item | None:
    key = dict(zip(action.key_names, action.key, strict=True)) if item is None else {}
    if action.update is None:
        return key if item is None else item
    if item is None and not creates_item(action.update):
        return None
    after = apply_update(action.update, item, key, action.names, action.values)
    assert after[action.key_names[0]] == action.key[0], "an item keeps its key"
    if bytes_max == inf:  # Nobody weighs it.
        return after
    # A new value may be put deep inside an old one: only together they are too much.
    for value in after.values():
        if value[0] in DOCUMENTS and nesting(value) > NESTING_MAX:
            raise validation(NESTING_TOO_DEEP)
    if size_bytes(after) > bytes_max:
        raise validation(ITEM_TO_UPDATE_TOO_LARGE)
    return after


def returned(
    action: Action, return_values: str, before: Item | None, after: Item | None
) -> Item | None:
    """Give what ReturnValues asks for; None if there is nothing to show.

    `BOTH`, which no client can say, gives both items for the router to look at.
    """
    if return_values == BOTH:
        images = {"Before": before, "After": after}
        return {name: ("M", item) for name, item in images.items() if item is not None}
    update = action.update if isinstance(action, Update) else None
    return shown(return_values, before, after, update, action.names)


def shown(
    return_values: str,
    before: Item | None,
    after: Item | None,
    update: str | None,
    names: Mapping[str, str],
) -> Item | None:
    """Choose from the item before and after a write.

    UPDATED_OLD and UPDATED_NEW show what the update expression names, as it was or has become.
    """
    match return_values:
        case "NONE":
            return None
        case "ALL_OLD":
            return before
        case "ALL_NEW":
            return after
        case "UPDATED_OLD":
            return updated_part(before, update, names)
        case "UPDATED_NEW":
            return updated_part(after, update, names)
        case _:
            raise AssertionError(f"not a value of ReturnValues: {return_values}")


def updated_part(item: Item | None, update: str | None, names: Mapping[str, str]) -> Item | None:
    if update is None or item is None:
        return None
    return part_of(item, touched_paths(update, names)) or None
