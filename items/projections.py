"""The part of an item that a projection expression asks for.

What leads to it comes along: `a.b` gives a map `a` with nothing but `b` in it, and `a[3], a[1]` a
list of two, in the order they have in the item. What is not there is left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from items.expressions import parse_projection
from items.paths import Path, by_first_step, resolved
from items.values import AttributeValue, Item

# Paths with nothing at their ends, as `by_first_step` takes them.
Entries: TypeAlias = Sequence[tuple[Path, None]]


def project(text: str | None, item: Item, names: Mapping[str, str]) -> dict[str, AttributeValue]:
    """Give what an expression names of an item; without expression, all of it.

    The caller has had `expression_checks.check` look at the text and the names.
    """
    if text is None:
        return dict(item)
    return part_of(item, [resolved(path, names) for path in parse_projection(text)])


def part_of(item: Item, paths: Iterable[Path]) -> dict[str, AttributeValue]:
    """Give what stands at some paths of an item; no two paths overlap or conflict."""
    return part_of_map(item, [(path, None) for path in paths])


def part_of_map(whole: Mapping[str, AttributeValue], entries: Entries) -> dict[str, AttributeValue]:
    parts: dict[str, AttributeValue] = {}
    for name, branch in by_first_step(entries).items():
        assert isinstance(name, str)
        value = part_of_value(whole.get(name), branch)
        if value is not None:
            parts[name] = value
    return parts


def part_of_list(whole: Sequence[AttributeValue], entries: Entries) -> tuple[AttributeValue, ...]:
    parts: list[AttributeValue] = []
    for position, branch in sorted(by_first_step(entries).items()):
        assert isinstance(position, int)
        value = part_of_value(whole[position], branch) if position < len(whole) else None
        if value is not None:
            parts.append(value)
    return tuple(parts)


def part_of_value(whole: AttributeValue | None, entries: Entries) -> AttributeValue | None:
    """Give what the paths, which begin inside the value, lead to; None if they lead nowhere."""
    path, _ = entries[0]
    if whole is None or not path:
        return whole
    if whole[0] != ("M" if isinstance(path[0], str) else "L"):
        return None
    kind, content = whole
    parts = part_of_map(content, entries) if kind == "M" else part_of_list(content, entries)
    return (kind, parts) if parts else None
