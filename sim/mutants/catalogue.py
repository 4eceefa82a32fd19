"""All mutants, and how one takes its rule's place.

What is replaced is replaced for the whole process: one mutant at a time, and no unbroken run beside
it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from difflib import get_close_matches
from types import ModuleType

# Imported here so that nobody imports a rule by name, and keeps it, while it is replaced.
import sim.run as _  # noqa: F401  # For its imports, as just said.
from sim.mutants import (
    batches,
    decisions,
    equivalents,
    followers,
    indexes,
    orders,
    pages,
    permissions,
    prepares,
    promises,
    published,
    readers,
    reasons,
    recoveries,
    regions,
    singletons,
    splits,
    streams,
    tables,
    tokens,
    units,
    votes,
)
from sim.mutants.mutant import Mutant
from sim.mutants.patches import Patches

NEAR_MAX = 3  # Names to offer for one that nobody has.
TOGETHER = "+"  # Between the names of mutants that are broken at once: a mechanism may be several.


class UnknownMutantError(ValueError):
    """A name that no mutant has; the text names the nearest ones."""


def of(module: ModuleType) -> tuple[Mutant, ...]:
    """Return the mutants that a module defines, in its order."""
    return tuple(one for one in vars(module).values() if isinstance(one, Mutant))


# By what they break.
GROUPS: Mapping[str, tuple[Mutant, ...]] = {
    "what a partition accepts": of(prepares),
    "commit and cancel": of(orders),
    "what a partition must not forget": of(promises),
    "writes outside transactions": of(singletons),
    "reads": of(readers),
    "batches of writes": of(batches),
    "queries, scans and batches": of(pages),
    "votes": of(votes),
    "decisions and answers": of(decisions),
    "tokens": of(tokens),
    "recovery": of(recoveries),
    "a partition that splits": of(splits),
    "streams": of(streams),
    "reads of followers": of(followers),
    "permissions": of(permissions),
    "secondary indexes": of(indexes),
    "tables that change": of(tables),
    "regions": of(regions),
    "cancellation reasons": of(reasons),
    "provisioned tables": of(units),
    "as others have had them": of(published),
    "equivalent: nobody can tell": of(equivalents),
}
MUTANTS: Mapping[str, Mutant] = {one.name: one for group in GROUPS.values() for one in group}


def find(name: str) -> Mutant:
    """Return the mutant of this name; `a+b` is a and b at once.

    Raises:
        UnknownMutantError: There is none.
    """
    if name in MUTANTS:
        return MUTANTS[name]
    if TOGETHER in name:
        names = [one.strip() for one in name.split(TOGETHER)]
        if not all(names):
            raise UnknownMutantError(
                f"a mutant is missing before or after a {TOGETHER!r} in {name!r}: say a+b"
            )
        return together(tuple(find(one) for one in names))
    near = get_close_matches(name, MUTANTS, NEAR_MAX, 0.4)
    meant = f"did you mean {' or '.join(near)}?" if near else f"there are {len(MUTANTS)}:"
    raise UnknownMutantError(
        f"there is no mutant {name!r}; {meant} `twophase mutants` lists all of them"
    )


def together(mutants: tuple[Mutant, ...]) -> Mutant:
    """Make one mutant of several; where they show at once nobody has counted."""

    def patch(patches: Patches) -> None:
        for mutant in mutants:
            mutant.patch(patches)

    first = mutants[0]
    return replace(
        first,
        name=TOGETHER.join(mutant.name for mutant in mutants),
        code="",
        source="",
        blind=(),
        sentence=" ".join(mutant.sentence for mutant in mutants),
        kinds=tuple(dict.fromkeys(kind for mutant in mutants for kind in mutant.kinds)),
        patch=patch,
        needs={key: value for mutant in mutants for key, value in mutant.needs.items()},
        why="" if any(not mutant.is_equivalent for mutant in mutants) else first.why,
    )


@contextmanager
def applied(mutant: Mutant) -> Iterator[None]:
    """Break one rule, for as long as this context lasts."""
    with Patches() as patches:
        mutant.patch(patches)
        yield
