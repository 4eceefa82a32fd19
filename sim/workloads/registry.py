"""All workloads by name."""

from typing import Protocol

from sim.workload import Workload
from sim.workloads.bank import Bank
from sim.workloads.bookshop import Bookshop
from sim.workloads.bulk_load import BulkLoad
from sim.workloads.changing_table import ChangingTable
from sim.workloads.game_shop import GameShop
from sim.workloads.hot_keys import HotKeys
from sim.workloads.keys import Keys, fit
from sim.workloads.listed import Listed
from sim.workloads.orders_and_payments import OrdersAndPayments
from sim.workloads.ring import Ring
from sim.workloads.scoreboard import Scoreboard
from sim.workloads.task_list import TaskList
from sim.workloads.work_queue import WorkQueue


class WorkloadType(Protocol):
    """A class of workloads, made with all of its keys."""

    @property
    def KEYS(self) -> Keys: ...  # noqa: N802  (A class's constant, as seen from outside.)

    def __call__(self, keys: Keys, /) -> Workload: ...


WORKLOADS: dict[str, WorkloadType] = {
    "orders_and_payments": OrdersAndPayments,
    "game_shop": GameShop,
    "bookshop": Bookshop,
    "bank": Bank,
    "hot_keys": HotKeys,
    "ring": Ring,
    "task_list": TaskList,
    "changing_table": ChangingTable,
    "scoreboard": Scoreboard,
    "work_queue": WorkQueue,
    "bulk_load": BulkLoad,
    "listed": Listed,
}


def make(name: str, keys: Keys) -> Workload:
    """Make a workload; keys that are not given have their defaults.

    Raises:
        ValueError: There is no such workload or key, or a key's value is not right.
    """
    if name not in WORKLOADS:
        raise ValueError(f"there is no workload {name!r}; there are {', '.join(WORKLOADS)}")
    workload = WORKLOADS[name]
    return workload(fit(name, keys, workload.KEYS))
