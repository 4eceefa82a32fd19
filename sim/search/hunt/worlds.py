"""The shipped scenarios, most often crowded: few items, and many who want them.

A bug shows where two meet; in a world with room for everybody they seldom do.
"""

from collections.abc import Mapping, Sequence

from sim.search.hunt.draws import Draws

Options = Mapping[str, Sequence[str]]

# What a scenario's own keys may be, few items all of them.
CROWDED: Mapping[str, Options] = {
    "bank": {"workload.accounts": ("3", "4", "6", "8")},
    "bookshop": {
        "workload.customers": ("1", "2", "3"),
        "workload.books": ("2", "3"),
        "workload.orders": ("1", "2", "4"),
    },
    "game-shop": {"workload.players": ("2", "3"), "workload.items": ("2", "3", "5")},
    "hot-keys": {
        "workload.hot": ("1", "2", "4"),
        "workload.cold": ("2", "4"),
        "workload.actions": ("2", "3"),
        "workload.mix": ("50w50r", "25each"),
        "workload.deletes": ("0.05", "0.3", "0.6"),
        "workload.checks": ("0.1", "0.4"),
    },
    "orders-and-payments": {"workload.orders": ("2", "3", "5")},
    "ring": {"workload.nodes": ("4", "6")},
}
SIZES: Options = {
    "workload.transactions": ("80", "150"),
    "workload.clients": ("3", "5", "8"),
    "cluster.partitions": ("1", "2", "2", "3", "4"),
    "cluster.coordinators": ("2", "2", "3"),
}
# Room, in longer runs: a clock that is wrong matters for what nobody has written lately.
ROOMY: Mapping[str, Options] = {
    "bank": {},
    "bookshop": {},
    "game-shop": {},
    "hot-keys": {
        "workload.hot": ("2", "4"),
        "workload.cold": ("4", "8"),
        "workload.actions": ("2", "3"),
        "workload.deletes": ("0.3", "0.6"),
        "workload.checks": ("0.1", "0.4"),
    },
    "orders-and-payments": {},
}
LONG: Options = {
    "workload.transactions": ("200",),
    "workload.clients": ("3", "5"),
    "cluster.partitions": ("1", "1", "2", "4"),
    "cluster.coordinators": ("2", "4"),
}


def crowded(draws: Draws) -> tuple[str, dict[str, str]]:
    """Draw a scenario, and how crowded it is."""
    name = draws.one_of("scenario", tuple(CROWDED))
    return name, {**draws.all_of(SIZES), **draws.all_of(CROWDED[name])}


def roomy(draws: Draws) -> tuple[str, dict[str, str]]:
    """Draw a scenario with room, in a long run."""
    name = draws.one_of("scenario", (*ROOMY, "bookshop"))  # It has most checks and deletes.
    return name, {**draws.all_of(LONG), **draws.all_of(ROOMY[name])}
