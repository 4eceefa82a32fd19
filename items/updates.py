"""What an update expression makes of an item.

In two steps, because all right-hand sides read the old item. First every change becomes an edit:
the value that will stand at its path, or `REMOVED`. Then a new item is built of the edits and of
whatever they leave alone; the old item is not touched.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias, assert_never

from items import numbers
from items.errors import ATTRIBUTE_MISSING, OPERAND_TYPE_INCORRECT, PATH_INVALID, validation
from items.expressions import CACHED_TEXTS_MAX, parse_update
from items.operands import Names, Values, fetch_path, fetch_value
from items.paths import Path, by_first_step, resolved
from items.syntax import (
    Addition,
    Arithmetic,
    Assignment,
    Change,
    Deletion,
    DocumentPath,
    Function,
    Operand,
    Removal,
    RightHandSide,
    ValuePlaceholder,
)
from items.values import AttributeValue, Item, binary_set, number_set, string_set

REMOVED: Final = None
Edit: TypeAlias = AttributeValue | None

Compute: TypeAlias = Callable[[Item, Names, Values], AttributeValue]
Make: TypeAlias = Callable[[Item, Names, Values], Edit]

SET_OF: dict[str, Callable[[Iterable[Any]], AttributeValue]] = {  # Any: the content of a value.
    "SS": string_set,
    "NS": number_set,
    "BS": binary_set,
}


def apply_update(
    text: str,
    item: Item | None,
    key_attributes: Mapping[str, AttributeValue],
    names: Names,
    values: Values,
) -> dict[str, AttributeValue]:
    """Make the new item; one that does not exist yet starts from its key attributes.

    The caller has had `expression_checks.check` look at the text, the names and the values.

    Raises:
        DynamoDBError: ValidationException for what it takes the item to find out: an operand that
            is missing or has the wrong type, a path that leads nowhere, a number out of range.
    """
    old = key_attributes if item is None else item
    changes = flat(text)
    if changes is not None:
        return changed(old, changes, names, values)
    edits = [
        (resolved(path, names) if names else path, make(old, names, values))
        for path, make in compiled(text)
    ]
    if item is None:
        # Nothing is there to be removed, so it does not matter that no path leads to it.
        edits = [(path, edit) for path, edit in edits if edit is not REMOVED]
    return edited_map(old, edits)


def changed(
    old: Item, changes: Sequence[tuple[str, Make]], names: Names, values: Values
) -> dict[str, AttributeValue]:
    """Change attributes as a whole; what is not there need not be removed."""
    new = dict(old)
    for step, make in changes:
        name, edit = names.get(step, step), make(old, names, values)
        if edit is not REMOVED:
            new[name] = edit
        else:
            new.pop(name, None)
    # A new map, because one that has shrunk keeps the room.
    return new if len(new) >= len(old) else dict(new.items())


def creates_item(text: str) -> bool:
    """Say whether an update makes an item where there is none: not if it only takes away."""
    return not all(isinstance(change, Removal | Deletion) for change in parse_update(text).changes)


def touched_paths(text: str, names: Names) -> tuple[Path, ...]:
    """Name what an update changes, for UPDATED_OLD and UPDATED_NEW."""
    return tuple([resolved(path, names) for path, _ in compiled(text)])


def updated_attributes(text: str, names: Names) -> tuple[str, ...]:
    """Name the attributes that an update changes or reaches into, each once, in its order."""
    steps = first_steps(text)
    return tuple(dict.fromkeys([names.get(step, step) for step in steps])) if names else steps


@lru_cache(CACHED_TEXTS_MAX)
def first_steps(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys([str(path[0]) for path, _ in compiled(text)]))


@lru_cache(CACHED_TEXTS_MAX)
def compiled(text: str) -> tuple[tuple[Path, Make], ...]:
    return tuple((change.path, make_edit(change)) for change in parse_update(text).changes)


@lru_cache(CACHED_TEXTS_MAX)
def flat(text: str) -> tuple[tuple[str, Make], ...] | None:
    """Give an update's changes if each is one of a whole attribute, as most are."""
    changes = tuple([(str(path[0]), make) for path, make in compiled(text) if len(path) == 1])
    return changes if len(changes) == len(compiled(text)) else None


def make_edit(change: Change) -> Make:
    """Make the function that reads the old item and gives what will stand at the change's path."""
    match change:
        case Assignment(_, value):
            return compute_side(value)
        case Removal():
            return lambda _item, _names, _values: REMOVED
        case Addition(path, ValuePlaceholder(name)):
            there = fetch_path(path)
            return lambda item, names, values: total(there(item, names, values), values[name])
        case Deletion(path, ValuePlaceholder(name)):
            there = fetch_path(path)
            return lambda item, names, values: rest(there(item, names, values), values[name])
    assert_never(change)


def total(there: AttributeValue | None, added: AttributeValue) -> AttributeValue:
    """ADD to a number or a set; to nothing, it is what was added."""
    if there is None:
        return added
    if there[0] == added[0] == "N":
        return "N", numbers.add(there[1], added[1])
    kind, content = same_type(there, added)
    return SET_OF[kind]((*content, *added[1]))


def rest(there: AttributeValue | None, deleted: AttributeValue) -> Edit:
    """DELETE from a set; an empty set is no value, so the last member takes its attribute along."""
    if there is None:
        return REMOVED
    kind, members = same_type(there, deleted)
    gone = frozenset(deleted[1])  # Both may have a hundred thousand members.
    left = tuple([member for member in members if member not in gone])
    return (kind, left) if left else REMOVED


def same_type(value: AttributeValue, other: AttributeValue) -> AttributeValue:
    """Give the first of two values, if they have one type."""
    if value[0] != other[0]:
        raise validation(OPERAND_TYPE_INCORRECT)
    return value


def compute_side(side: RightHandSide) -> Compute:
    if not isinstance(side, Arithmetic):
        return compute(side)
    calculate = {"+": numbers.add, "-": numbers.subtract}[side.sign]
    left, right = compute(side.left), compute(side.right)

    def result(item: Item, names: Names, values: Values) -> AttributeValue:
        one = content_of(left(item, names, values), "N")
        two = content_of(right(item, names, values), "N")
        return "N", calculate(one, two)

    return result


def compute(operand: Operand) -> Compute:
    match operand:
        case DocumentPath(path):
            return existing(path)
        case ValuePlaceholder(name):
            return fetch_value(name)
        case Function("if_not_exists", (DocumentPath(path), default)):
            return if_not_exists(path, default)
        case Function("list_append", (first, second)):
            return list_append(first, second)
        case Function(name):
            raise AssertionError(f"no function of an update: {name}")
    assert_never(operand)


def existing(path: Path) -> Compute:
    fetch = fetch_path(path)

    def result(item: Item, names: Names, values: Values) -> AttributeValue:
        value = fetch(item, names, values)
        if value is None:
            raise validation(ATTRIBUTE_MISSING)
        return value

    return result


def if_not_exists(path: Path, default: Operand) -> Compute:
    fetch, otherwise = fetch_path(path), compute(default)

    def result(item: Item, names: Names, values: Values) -> AttributeValue:
        value = fetch(item, names, values)
        return otherwise(item, names, values) if value is None else value

    return result


def list_append(first: Operand, second: Operand) -> Compute:
    head, tail = compute(first), compute(second)

    def result(item: Item, names: Names, values: Values) -> AttributeValue:
        one = content_of(head(item, names, values), "L")
        two = content_of(tail(item, names, values), "L")
        return "L", one + two

    return result


def content_of(value: AttributeValue, kind: str) -> Any:  # Any: the content of a value.
    if value[0] != kind:
        raise validation(OPERAND_TYPE_INCORRECT)
    return value[1]


def edited_map(
    old: Mapping[str, AttributeValue], edits: Sequence[tuple[Path, Edit]]
) -> dict[str, AttributeValue]:
    new: dict[str, Edit] = dict(old)
    deeper = []
    for path, edit in edits:
        if len(path) == 1:  # Most end here, each at a place of its own.
            new[path[0]] = edit  # type: ignore[index]  # A step into a map is a name.
        else:
            deeper.append((path, edit))
    if deeper:
        for step, branch in by_first_step(deeper).items():
            new[str(step)] = edited(old.get(str(step)), branch)
    if all(new.values()):  # Values are pairs, so all of them are true: nothing is REMOVED.
        return new  # type: ignore[return-value]  # As was just found out.
    # A new map, because one that has shrunk keeps the room.
    return {name: value for name, value in new.items() if value is not REMOVED}


def edited_list(
    old: Sequence[AttributeValue], edits: Sequence[tuple[Path, Edit]]
) -> tuple[AttributeValue, ...]:
    """Positions are those of the old list, also beside removals; past its end, SET appends."""
    new: list[Edit] = list(old)
    for position, branch in sorted(by_first_step(edits).items()):
        assert isinstance(position, int)
        if position < len(old):
            new[position] = edited(old[position], branch)
        else:
            new.append(edited(None, branch))
    return tuple(value for value in new if value is not REMOVED)


def edited(old: AttributeValue | None, edits: Sequence[tuple[Path, Edit]]) -> Edit:
    """Give what becomes of one value; the paths of its edits begin inside it."""
    path, edit = edits[0]
    if not path:
        assert len(edits) == 1, "`check` has refused paths that overlap"
        return edit
    if old is None or old[0] != ("M" if isinstance(path[0], str) else "L"):
        raise validation(PATH_INVALID)
    if old[0] == "M":
        return "M", edited_map(old[1], edits)
    return "L", edited_list(old[1], edits)
