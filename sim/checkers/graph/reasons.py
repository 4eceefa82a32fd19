"""Why edges must be there that no one version tells of: one thing came before another.

An order may rest on others, and these on others again; so nothing is looked for or told before
somebody asks, and each is told once, however many rest on it.
"""

from collections.abc import Callable, Iterable
from functools import cached_property

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
        found = list(dict.fromkeys(reasons))
        known = dict.fromkeys(found)
        for reason in found:  # It grows meanwhile.
            if len(found) > LOOKED_AT_MAX:
                break
            for other in reason.evidence.rests_on if reason.evidence is not None else ():
                if other not in known:
                    known[other] = None
                    found.append(other)
        shown = [reason for reason in found[:LOOKED_AT_MAX] if reason.evidence is not None]
        self._beyond = found[LOOKED_AT_MAX:]
        # The nearest, each after those that it rests on.
        self.told = sorted(shown[:TOLD_MAX], key=lambda reason: reason.age)
        self.more = len(shown) - len(self.told) + len(self._beyond)
        self._shown = shown

    @property
    def kinds(self) -> list[str]:
        """The cycles that there would be, were one of the claims not true."""
        kinds = [reason.evidence.kind for reason in self._shown if reason.evidence is not None]
        return kinds + [reason.least for reason in self._beyond]

    @property
    def txns(self) -> list[int]:
        """Who is named in what is told."""
        told = [reason.evidence for reason in self.told]
        return [txn for evidence in told if evidence is not None for txn in evidence.txns]

    @property
    def lines(self) -> list[str]:
        """Tell each claim with its evidence."""
        lines = [
            f"{reason.claim}: {reason.evidence.because}."
            for reason in self.told
            if reason.evidence is not None
        ]
        if self.more:
            lines.insert(0, f"({self.more} more such orders, on which these rest.)")
        return lines
