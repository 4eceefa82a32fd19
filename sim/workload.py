"""The seam between a run and what its clients ask for.

A workload says which tables there are, what is in them at first, and what a client does next.  It
asks through a `Session`, which counts transactions: a scenario's `workload.transactions` is for all
clients together, and when the last one is asked for, all clients' work is done.  (Not where the
workload has an end of its own: what it lists after the last transaction is asked for as well.)
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

from network.host import Site
from sim.client import Client
from sim.history import READ_TRANSACTION, WRITE_TRANSACTION, Operation

Json: TypeAlias = Mapping[str, Any]


class BudgetSpentError(Exception):
    """All transactions of the scenario have been asked for: the client's work is done."""


class Budget:
    """How many transactions are left for all clients together."""

    def __init__(self, transactions: int, *, ends_all: bool = True) -> None:
        self.total = self.left = transactions
        self._ends_all = ends_all  # With the last transaction, whatever else clients would do.
        self._told_at = -1  # So many are left when somebody wants to be told.
        self._tell: Callable[[], None] = _nobody

    @property
    def begun(self) -> int:
        return self.total - self.left

    @property
    def is_over(self) -> bool:
        """Whether nobody is to ask for anything more."""
        return self.left == 0 and self._ends_all

    def take(self) -> None:
        if self.left == 0:
            raise BudgetSpentError
        self.left = left = self.left - 1
        if left == self._told_at:
            self._tell()

    def tell(self, begun: int, whom: Callable[[], None]) -> None:
        """Call `whom` once, when so many transactions have begun: later than now."""
        assert begun > self.begun, "that is over"
        self._told_at, self._tell = self.total - begun, whom


def _nobody() -> None:
    """Nobody wants to be told."""


class Session:
    """One client at work."""

    def __init__(self, client: Client, budget: Budget) -> None:
        self.client = client
        self.draw: Site = client.host.site("workload")
        self._budget = budget

    async def ask(self, name: str, request: Json) -> Operation:
        """Ask for an operation of the API and return what came of it.

        Raises:
            BudgetSpentError: It is a transaction, and there are none left; or all is over.
        """
        if name in (WRITE_TRANSACTION, READ_TRANSACTION):
            self._budget.take()
        elif self._budget.is_over:
            raise BudgetSpentError
        return await self.client.call(name, request)

    def version(self) -> str:
        """Mint a value that no other write leaves: every write of a workload carries one."""
        return self.client.version()

    def pick(self, bound: int) -> int:
        """Draw one of 0 … bound - 1, each as likely as any other."""
        return self.draw.below(bound)

    def happens(self, probability: float) -> bool:
        return self.draw.happens(probability)


class Workload(Protocol):
    """What a scenario's clients ask for.  Made with the keys of `[workload]` that are its own."""

    tables: tuple[Json, ...]  # CreateTable requests.

    def items(self) -> Iterable[tuple[str, Json]]:
        """Return what is there before the clients begin: table names and items, for PutItem."""

    async def opening(self, session: Session) -> None:
        """Do what the first client does alone before all others begin; a story to be told."""

    async def act(self, session: Session) -> None:
        """Do one thing that a client does: a transaction, a read, a few singletons."""


@runtime_checkable
class HasInvariant(Protocol):
    """A workload that knows something to be true of its items at any one moment."""

    def watched(self) -> Iterable[tuple[str, Json]]:
        """Return the items that it is about: table names and keys."""

    def broken(self, items: Sequence[Json | None]) -> str:
        """Say what is wrong with these, in the order of `watched`; nothing if all is well."""
