"""The slow judge of weaker models: is there any execution under them that gives these answers?

It shares nothing with the graph checker but the form of a transaction, and takes models as rules
for carrying transactions out: under snapshot isolation each one reads from the state when it began,
and may not overwrite what was committed since; under read committed each read finds some state that
was there at its commit or before; under read uncommitted only lists tell of an order at all.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, combinations, permutations
from typing import Any

from sim.checkers.graph import Txn

State = dict[Any, Any]


def is_possible(txns: Sequence[Txn], model: str) -> bool:
    """Whether these could have come so under this model; none of them has failed."""
    sure = [txn for txn in txns if txn.status == "ok"]
    unknown = [txn for txn in txns if txn.status == "info"]
    some = chain.from_iterable(combinations(unknown, n) for n in range(len(unknown) + 1))
    if model == "snapshot isolation":
        return any(_is_snapshot([*sure, *others]) for others in some)
    agrees = {"read committed": _is_committed, "read uncommitted": _is_uncommitted}[model]
    return any(agrees(order) for others in some for order in permutations([*sure, *others]))


def _is_committed(order: Sequence[Txn]) -> bool:
    states: list[State] = [{}]
    for txn in order:
        if not all(any(state.get(key) == seen for state in states) for key, seen in _met(txn)):
            return False
        states.append(_after(states[-1], txn))
    return _is_uncommitted(order)


def _is_uncommitted(order: Sequence[Txn]) -> bool:
    """Whether what was read was written, and of lists is their beginning."""
    state: State = {}
    for txn in order:
        state = _after(state, txn)
    written = {(key, value) for txn in order for f, key, value in txn.ops if f == "w"}
    for key, seen in chain.from_iterable(map(_met, order)):
        if seen is not None and not isinstance(seen, tuple) and (key, seen) not in written:
            return False
    for key, seen in chain.from_iterable(map(_lists, order)):
        if state.get(key, ())[: len(seen)] != seen:
            return False
    return True


def _is_snapshot(txns: Sequence[Txn]) -> bool:
    """Try every order of begins and commits; who is under way learns what was overwritten."""
    written = [frozenset(key for f, key, _ in txn.ops if f != "r") for txn in txns]
    looked_at: set[Any] = set()

    def goes_on(done: frozenset[int], active: dict[int, frozenset[Any]], state: State) -> bool:
        if len(done) == len(txns):
            return True
        here = (done, frozenset(active.items()), frozenset(state.items()))
        if here in looked_at:
            return False
        looked_at.add(here)
        for n, overwritten in active.items():
            if not written[n] & overwritten:
                others = {m: keys | written[n] for m, keys in active.items() if m != n}
                if goes_on(done | {n}, others, _after(state, txns[n])):
                    return True
        return any(
            goes_on(done, {**active, n: frozenset()}, state)
            for n, txn in enumerate(txns)
            if n not in done and n not in active and _reads(txn, state)
        )

    return goes_on(frozenset(), {}, {})


def _reads(txn: Txn, state: State) -> bool:
    """Whether a transaction that reads from a state, and its own writes, finds what it found."""
    if txn.status != "ok":
        return True
    for n, (f, key, seen) in enumerate(txn.ops):
        own = Txn(txn.id, txn.ops[:n], 0, None, "ok")
        if f == "r" and _after(state, own).get(key) != (seen or None):
            return False
    return True


def _after(state: State, txn: Txn) -> State:
    after = dict(state)
    for f, key, value in txn.ops:
        if f == "w":
            after[key] = value
        elif f == "append":
            after[key] = (*after.get(key, ()), value)
    return after


def _met(txn: Txn) -> Iterator[tuple[Any, Any]]:
    """Yield what a transaction found of keys before it wrote them."""
    written = set()
    for f, key, value in txn.ops if txn.status == "ok" else ():
        if f != "r":
            written.add(key)
        elif key not in written:
            yield key, value or None


def _lists(txn: Txn) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Yield the lists that a transaction read, but where its own appends are not as they were."""
    own: dict[Any, tuple[Any, ...]] = {}
    for f, key, value in txn.ops if txn.status == "ok" else ():
        if f == "append":
            own[key] = (*own.get(key, ()), value)
        elif isinstance(value, tuple) and value[len(value) - len(own.get(key, ())) :] == own.get(
            key, ()
        ):
            yield key, value
