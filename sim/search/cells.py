"""A row as the cells of a CSV line, and back."""

from collections.abc import Mapping
from math import inf

from sim.keys import whole_within
from sim.recorded import SEEDS
from sim.search.rows import BETWEEN, Row

COLUMNS = (
    *("seed", "ok", "findings", "committed", "cancelled", "unknown", "messages", "faults"),
    *("marks", "virtual_s", "wall_s", "digest", "explanation"),
)
NOT_SET_UP = "not set up"


def cells_of(row: Row) -> list[str]:
    """Write a row as cells, in the order of COLUMNS."""
    return [
        str(row.seed),
        str(row.ok).lower() if row.is_set_up else NOT_SET_UP,
        counts({": ".join(kind): count for kind, count in row.findings.items()}),
        *map(str, row.outcomes),
        str(row.messages),
        counts(row.faults),
        counts(row.marks),
        f"{row.virtual_us / 1e6:.6f}",
        f"{row.wall_us / 1e6:.6f}",
        row.digest,
        BETWEEN.join(row.explanations),
    ]


def row_of_cells(combination: int, named: Mapping[str, str]) -> Row:
    """Read a row from its cells by name.

    Raises:
        ValueError: They say what cannot be.
        KeyError: One is missing.
    """
    findings = {}
    for name, count in counted(named["findings"]).items():
        checker, _, kind = name.partition(": ")
        findings[checker, kind] = count
    ok = named["ok"]
    if ok not in (NOT_SET_UP, str(not findings).lower()):
        raise ValueError(f"ok is {ok}, with findings {findings}")
    told = named["explanation"]
    explanations = tuple(told.split(BETWEEN)) if told else ()
    if len(explanations) != (len(findings) or ok == NOT_SET_UP):
        raise ValueError("each kind of finding has its explanation")
    return Row(
        combination,
        whole(named["seed"]),
        findings,
        explanations,
        is_set_up=ok != NOT_SET_UP,
        outcomes=(whole(named["committed"]), whole(named["cancelled"]), whole(named["unknown"])),
        messages=whole(named["messages"]),
        faults=counted(named["faults"]),
        marks=counted(named["marks"]),
        virtual_us=microseconds(named["virtual_s"]),
        wall_us=microseconds(named["wall_s"]),
        digest=named["digest"],
    )


def counts(by_name: Mapping[str, int]) -> str:
    """Write counts as in crashes=2; late=1."""
    return "; ".join(f"{name}={count}" for name, count in by_name.items())


def counted(text: str) -> dict[str, int]:
    by_name = {}
    for part in text.split("; ") if text else ():
        name, _, count = part.rpartition("=")
        by_name[name] = whole(count)
    return by_name


def whole(text: str) -> int:
    """Read a count, or a seed."""
    number = whole_within(text, 0, SEEDS - 1)
    if number is None:
        raise ValueError(f"{text!r} is no count")
    return number


def microseconds(seconds: str) -> int:
    """Read a duration in seconds."""
    duration = float(seconds)
    if not 0 <= duration < inf:
        raise ValueError(f"{seconds!r} is no duration")
    return round(duration * 1e6)
