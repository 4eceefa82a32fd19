"""A row: what a sweep keeps of a run.  It travels from a worker and is written to the CSV file."""

from collections import Counter
from collections.abc import Mapping

from items.data import data
from sim.result import Result, outcomes

EXPLANATION_MAX = 400  # Characters.
KINDS_MAX = 20  # Kinds of finding of one run.
BETWEEN = " // "  # Explanations, where several stand on one line.
KILLED = ("process", "run killed its process")

Kind = tuple[str, str]  # A finding's checker and kind.


@data
class Row:
    """One run in few words."""

    combination: int  # Its place among the sweep's combinations.
    seed: int
    findings: Mapping[Kind, int]  # How many of each kind.
    explanations: tuple[str, ...]  # Of the first finding of each kind; or why it is not set up.
    is_set_up: bool
    outcomes: tuple[int, int, int]  # Transactions committed, cancelled, unknown.
    messages: int
    faults: Mapping[str, int]
    marks: Mapping[str, int]
    virtual_us: int
    wall_us: int
    digest: str

    @property
    def ok(self) -> bool:
        return self.is_set_up and not self.findings


def row_of(combination: int, result: Result, wall_us: int) -> Row:
    """Keep of a run what a sweep tells of it."""
    ends, _ = outcomes(result.history)
    counts = Counter((finding.checker, finding.kind) for finding in result.findings)
    first: dict[Kind, str] = {}
    for finding in result.findings:
        first.setdefault((finding.checker, finding.kind), finding.explanation)
    kinds = list(counts)[:KINDS_MAX]
    return Row(
        combination,
        result.seed,
        {kind: counts[kind] for kind in kinds},
        tuple(shortened(first[kind]) for kind in kinds),
        is_set_up=True,
        outcomes=(ends["committed"], ends["cancelled"], ends["unknown"]),
        messages=result.messages["sent"],
        faults={name: count for name, count in result.faults.items() if count or name != "late"},
        marks=dict(result.marks),
        virtual_us=result.virtual_us,
        wall_us=wall_us,
        digest=result.digest,
    )


def not_set_up(combination: int, seed: int, why: str) -> Row:
    """Note a run whose tables or first items could not be made: no finding, and no success."""
    return _empty(combination, seed, {}, why, is_set_up=False)


def killed(combination: int, seed: int, why: str) -> Row:
    """Note a run that took its process along, twice: a finding, whoever is to blame."""
    return _empty(combination, seed, {KILLED: 1}, why, is_set_up=True)


def _empty(
    combination: int, seed: int, findings: Mapping[Kind, int], why: str, *, is_set_up: bool
) -> Row:
    return Row(
        combination,
        seed,
        findings,
        (shortened(why),),
        is_set_up=is_set_up,
        outcomes=(0, 0, 0),
        messages=0,
        faults={},
        marks={},
        virtual_us=0,
        wall_us=0,
        digest="",
    )


def shortened(text: str) -> str:
    """Give a text on one line, and not too much of it."""
    line = " ".join(text.split()).replace(BETWEEN, " / ") or "unexplained"
    return line if len(line) <= EXPLANATION_MAX else f"{line[:EXPLANATION_MAX]} …"
