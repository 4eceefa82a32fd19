"""Items in findings, in words: of two that differ, each is told so that one sees it."""

from collections.abc import Sequence

from sim.checkers.model import TOLD_MAX, Json
from sim.telling import told_item


def both_told(
    one: Json | None, other: Json | None, key_names: Sequence[str], missing: str = "no item"
) -> tuple[str, str]:
    """Tell two items that differ, without their key's attributes.

    Words leave out types and cut what is long: where they are the same, the items stand as JSON.
    """
    first, second = (
        missing if item is None else told_item(item, key_names, TOLD_MAX) for item in (one, other)
    )
    return (first, second) if first != second else (str(one), str(other))
