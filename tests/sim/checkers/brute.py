"""Random small histories, and the slow judge: every order of every choice of what happened.

It shares nothing with the graph checker but the form of a transaction.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, combinations, permutations
from random import Random
from typing import Any

from sim.checkers.graph import Txn

State = dict[Any, Any]
Orders = dict[Any, list[Any]]


def is_explained(txns: Sequence[Txn], *, strictly: bool, orders: Orders | None = None) -> bool:
    """Whether some order of what happened, with some of what may have, gives these answers.

    With `orders` it must also leave all versions of each key in just that order.
    """
    sure = [txn for txn in txns if txn.status == "ok"]
    unknown = [txn for txn in txns if txn.status == "info"]
    return any(
        _agrees(order)
        and (not strictly or _keeps_time(order))
        and (orders is None or _written(order) == orders)
        for some in _choices(unknown)
        for order in permutations([*sure, *some])
    )


def _choices(txns: Sequence[Txn]) -> Iterator[tuple[Txn, ...]]:
    return chain.from_iterable(combinations(txns, count) for count in range(len(txns) + 1))


def _agrees(order: Sequence[Txn]) -> bool:
    state: State = {}
    for txn in order:
        for f, key, value in txn.ops:
            if f == "w":
                state[key] = value
            elif f == "append":
                state[key] = (*state.get(key, ()), value)
            elif txn.status == "ok" and (state.get(key) or None) != (value or None):
                return False
    return True


def _written(order: Sequence[Txn]) -> Orders:
    written: Orders = {}
    for txn in order:
        for f, key, value in txn.ops:
            if f != "r":
                written.setdefault(key, []).append(value)
    return written


def _keeps_time(order: Sequence[Txn]) -> bool:
    return not any(
        later.status == "ok" and later.returned is not None and later.returned < txn.invoked
        for place, txn in enumerate(order)
        for later in order[place + 1 :]
    )


def random_history(random: Random, kind: str) -> list[Txn]:
    """Make a history that is nearly right, or one whose reads are mostly guessed."""
    count = random.randint(2, 6)
    places = random.sample(range(2 * count), 2 * count)
    times = [sorted(places[2 * n : 2 * n + 2]) for n in range(count)]
    statuses = random.choices(["ok", "info", "fail"], [12, 4, 1], k=count)
    keys = random.choice(["x", "xy", "xy", "xyz"])
    reads = random.choice([0.4, 0.6])
    value = iter(range(1, 1_000))
    asked: list[list[Any]] = [
        [
            ("r", random.choice(keys), None)
            if random.random() < reads
            else (kind, random.choice(keys), next(value))
            for _ in range(random.randint(1, 4))
        ]
        for _ in range(count)
    ]
    order = sorted(range(count), key=lambda n: random.uniform(*times[n]))
    if random.random() < 0.3:
        random.shuffle(order)
    answered = _carried_out(random, asked, statuses, order)
    return [
        Txn(n, answered[n], times[n][0], None if one == "info" else times[n][1], one)
        for n, one in enumerate(statuses)
    ]


def _carried_out(
    random: Random, asked: list[list[Any]], statuses: list[str], order: list[int]
) -> dict[int, list[Any]]:
    """Answer in that order, now and then from an older state, or from one that is still to come."""
    happens = {"ok": 0.98, "info": 0.6, "fail": 0.05}
    spoiled = random.choice([0.1, 0.4, 0.8])
    passes = random.choice([1, 2])  # In a second pass all states are there to be looked at.
    states: list[State] = [{}]
    answered: dict[int, list[Any]] = {}
    for n in order * passes:
        view = dict(random.choice(states) if random.random() < spoiled else states[-1])
        after = dict(states[-1])
        own: set[str] = set()
        answered[n] = []
        for f, key, written in asked[n]:
            if f == "r":
                looked = random.choice(states) if random.random() < spoiled / 20 else view
                seen = view.get(key) if key in own else looked.get(key)
                answered[n].append((f, key, seen if statuses[n] == "ok" else None))
                continue
            own.add(key)
            for one in (view, after):
                before = (
                    tuple(old for old in one.get(key) or () if old != written) if f != "w" else ()
                )
                one[key] = written if f == "w" else (*before, written)
            answered[n].append((f, key, written))
        if random.random() < happens[statuses[n]]:
            states.append(after)
    return answered


def random_operations(random: Random, kind: str) -> list[Txn]:
    """Make single operations on one key whose reads are guessed."""
    count = random.randint(2, 6)
    places = random.sample(range(2 * count), 2 * count)
    statuses = random.choices(["ok", "info", "fail"], [10, 3, 1], k=count)
    ops: list[Any] = [
        (kind, "x", n) if random.random() < 0.5 else ("r", "x", None) for n in range(1, count + 1)
    ]
    written = [value for f, _, value in ops if f != "r"]
    random.shuffle(written)
    txns = []
    for n, (f, key, asked) in enumerate(ops):
        value = asked
        invoked, returned = sorted(places[2 * n : 2 * n + 2])
        if f == "r" and statuses[n] == "ok":
            guessed = random.randint(0, len(written))
            value = tuple(written[:guessed]) if kind == "append" else [None, *written][guessed]
        end = None if statuses[n] == "info" else returned
        txns.append(Txn(n, [(f, key, value)], invoked, end, statuses[n]))
    return txns
