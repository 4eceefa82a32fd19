"""A rule that is broken on purpose, for as long as a worker's runs take."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext


def broken(mutant: str | None) -> AbstractContextManager[None]:
    """Break the rule of a mutant, if there is one to be broken."""
    if mutant is None:
        return nullcontext()
    # Only here: whoever breaks nothing has none of the mutants in their process.
    from sim.mutants.catalogue import applied, find  # noqa: PLC0415  # As just said.

    return applied(find(mutant))


def needs_of(mutant: str | None) -> Mapping[str, str]:
    """Return what a world must have in which a mutant can show at all."""
    if mutant is None:
        return {}
    from sim.mutants.catalogue import find  # noqa: PLC0415  # As above.

    return find(mutant).needs


def kinds_of(mutant: str | None) -> tuple[str, ...]:
    """Return the kinds of finding that a mutant must lead to; none where no rule is broken."""
    if mutant is None:
        return ()
    from sim.mutants.catalogue import find  # noqa: PLC0415  # As above.

    return find(mutant).kinds
