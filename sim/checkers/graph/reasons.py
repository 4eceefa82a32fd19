"""Why edges must be there that no one version tells of: one thing came before another.

An order may rest on others, and these on others again; so nothing is looked for or told before
somebody asks, and each is told once, however many rest on it.
"""

from collections.abc import Callable, Iterable
from functools import cached_property
from itertools import islice

from items.data import data

LOOKED_AT_MAX = 300
TOLD_MAX = 20


@data
class Evidence:
    """What shows that a claim is true."""

    kind: str  # The cycle that there would be if it were not.
    because: str
    txns: tuple[int, ...]  # Who is named in that.
    rests_on: "tuple[Reason, ...]"


class Reason:
    """A claim, and what shows it; nothing shows what is only supposed."""

    def __init__(
        self,
        tell: Callable[[], str],
        find: Callable[[], Evidence] | None = None,
        *,
        age: int,
        least: str,
    ) -> None:
        self._tell, self._find = tell, find
        self.age = age  # Rises; what it rests on was there before.
        self.least = least  # The kind of cycle that refutes no more than its own.

    @cached_property
    def claim(self) -> str:
        return self._tell()

    @cached_property
    def evidence(self) -> Evidence | None:
        return None if self._find is None else self._find()


class Ground:
    """What something rests on, near and far: so many reasons, and those that come beyond."""

    def __init__(self, reasons: Iterable[Reason]) -> None:
        found = dict.fromkeys(reasons)
        looked_at: list[Reason] = []
        while len(looked_at) < min(len(found), LOOKED_AT_MAX):
            reason = next(islice(found, len(looked_at), None))
            looked_at.append(reason)
            if reason.evidence is not None:
                found.update(dict.fromkeys(reason.evidence.rests_on))
        self._shown = [(one, one.evidence) for one in looked_at if one.evidence is not None]
        self._beyond = [*islice(found, len(looked_at), None)]
        # The nearest, each after those that it rests on.
        self._told = sorted(self._shown[:TOLD_MAX], key=lambda shown: shown[0].age)

    @property
    def kinds(self) -> list[str]:
        """The cycles that there would be, were one of the claims not true."""
        kinds = [evidence.kind for _, evidence in self._shown]
        return kinds + [reason.least for reason in self._beyond]

    @property
    def txns(self) -> list[int]:
        """Who is named in what is told."""
        return [txn for _, evidence in self._told for txn in evidence.txns]

    @property
    def lines(self) -> list[str]:
        """Tell each claim with its evidence."""
        lines = [f"{reason.claim}: {evidence.because}." for reason, evidence in self._told]
        more = len(self._shown) - len(self._told) + len(self._beyond)
        if more:
            lines.insert(0, f"({more} more such orders, on which these rest.)")
        return lines
