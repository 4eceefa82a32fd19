"""Where something stands inside an item: document paths.

A path is a tuple of steps. A step is an attribute's name (into a map) or a position (into a list):
`a.b[1]` is `("a", "b", 1)`. An expression may write a placeholder, `#n`, in the place of a name;
`resolved` puts the name there.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias, TypeVar

from items.values import AttributeValue, Item

Step: TypeAlias = str | int
Path: TypeAlias = tuple[Step, ...]

T = TypeVar("T")


def get(item: Item, path: Path) -> AttributeValue | None:
    """Give what stands at a path; None if it leads nowhere."""
    value = item.get(path[0])  # type: ignore[arg-type]  # A path begins with a name.
    for step in path[1:]:
        if value is None:
            return None
        value = inside(value, step)
    return value


def inside(value: AttributeValue, step: Step) -> AttributeValue | None:
    """Take one step into a map or list; None if nothing is there, or there is no way in."""
    kind, content = value
    if isinstance(step, str):
        found = content.get(step) if kind == "M" else None
    else:
        found = content[step] if kind == "L" and step < len(content) else None
    return found


def resolved(path: Path, names: Mapping[str, str]) -> Path:
    """Put attribute names in the place of their placeholders."""
    if len(path) == 1:  # As most are.
        (step,) = path
        return (names[step],) if isinstance(step, str) and step[0] == "#" else path
    return tuple(
        names[step] if isinstance(step, str) and step.startswith("#") else step for step in path
    )


def has_placeholder(path: Path) -> bool:
    return any(isinstance(step, str) and step.startswith("#") for step in path)


def as_text(path: Path) -> str:
    """Write a path as error messages have it: `[a, b, [1]]`."""
    steps = (f"[{step}]" if isinstance(step, int) else step for step in path)
    return f"[{', '.join(steps)}]"


def first_clash(paths: Sequence[Path]) -> str | None:
    """Say which two paths cannot be meant together: an overlap if there is one, else a conflict.

    Paths overlap if one is the other or leads to it (`a`, `a.b`). They conflict if they take one
    place for a map and for a list (`a.b`, `a[1]`).  Each path is held against those before it, so
    of several overlaps the one that is complete first is told.
    """
    if not have_clash(paths):  # As nearly always; which two it is takes longer to say.
        return None
    ends: set[Path] = set()
    begins: set[tuple[Path, bool]] = set()  # Of paths, and whether a name is the step behind.
    conflict: int | None = None
    for place, path in enumerate(paths):
        ways = [(path[:n], isinstance(step, str)) for n, step in enumerate(path)]
        leads_on = path in ends or (path, True) in begins or (path, False) in begins
        if leads_on or any(begin in ends for begin, _ in ways):
            return clash_of(paths, place, "overlap")
        if conflict is None and any((begin, not is_name) in begins for begin, is_name in ways):
            conflict = place
        ends.add(path)
        begins.update(ways)
    assert conflict is not None, "two of these paths clash"
    return clash_of(paths, conflict, "conflict")


def have_clash(paths: Sequence[Path]) -> bool:
    """Say whether any two paths cannot be meant together, with one look at each step."""
    ends = set(paths)
    kinds: dict[Path, type[Step]] = {}  # Of the step behind each beginning: into a map, or a list.
    for path in paths:
        for n, step in enumerate(path):
            begin = path[:n]
            if begin in ends or kinds.setdefault(begin, type(step)) is not type(step):
                return True
    return len(ends) < len(paths)


def clash_of(paths: Sequence[Path], place: int, kind: str) -> str:
    """Say with which path before it the one at a place has a clash of this kind."""
    two = paths[place]
    one = next(path for path in paths[:place] if clash(path, two) == kind)
    return (
        f"Two document paths {kind} with each other;"
        " must remove or rewrite one of these paths;"
        f" path one: {as_text(one)}, path two: {as_text(two)}"
    )


def clash(one: Path, two: Path) -> str | None:
    for left, right in zip(one, two, strict=False):
        if isinstance(left, str) is not isinstance(right, str):
            return "conflict"
        if left != right:
            return None
    return "overlap"


def by_first_step(entries: Iterable[tuple[Path, T]]) -> dict[Step, list[tuple[Path, T]]]:
    """Sort entries by the first step of their paths, each with the rest of its path.

    Work on several paths at once, taken step by step, is a work on a tree; this is its branching.
    """
    branches: dict[Step, list[tuple[Path, T]]] = {}
    for path, entry in entries:
        branches.setdefault(path[0], []).append((path[1:], entry))
    return branches
