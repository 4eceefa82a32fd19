"""The graph checker against brute force: it finds what there is, and nothing else."""

from collections import Counter
from random import Random

import pytest

from sim.checkers.graph import Txn, cases, check, judge, saturate
from sim.checkers.graph.txn import SERIALIZABLE, STRICT
from tests.sim.checkers.brute import Orders, is_explained, random_history, random_operations
from tests.sim.checkers.brute_isolation import is_possible

HISTORIES, HISTORIES_SOAK = 500, 50_000  # Of each kind; each is judged by two models.
KINDS = ("append", "w")
WEAKER = ("read uncommitted", "read committed", "snapshot isolation")


def disagreements(kind: str, seeds: range) -> tuple[list[int], Counter[bool | str]]:
    """Judge random histories both ways; return the seeds that differ, and what there was."""
    differing, seen = [], Counter[bool | str]()
    for seed in seeds:
        history = random_history(Random(seed), kind)
        for model in (SERIALIZABLE, STRICT):
            report = check(history, model)
            explained = is_explained(history, strictly=model == STRICT)
            if report.valid != explained:
                differing.append(seed)
            seen[explained] += 1
            seen.update({anomaly.type for anomaly in report.anomalies})
        seen["unknown"] += any(txn.status == "info" for txn in history)
    return differing, seen


@pytest.mark.parametrize("kind", KINDS)
def test_it_agrees_with_brute_force(kind: str, soak: bool) -> None:
    count = HISTORIES_SOAK if soak else HISTORIES

    differing, seen = disagreements(kind, range(count))

    assert differing == []
    # A generator that made only good histories, or only bad ones, would have shown nothing.
    assert seen[True] > count / 5
    assert seen[False] > count / 5
    assert seen["unknown"] > count / 5
    told = ("G1a", "G1c", "G-single", "G-single-realtime", "G2", "internal", "lost-update")
    assert [one for one in told if not seen[one]] == []
    # Of registers nobody reads in which order they were written.
    assert bool(seen["G0"]) == (kind == "append")


@pytest.mark.parametrize("kind", KINDS)
def test_no_model_is_refuted_under_which_it_could_have_come_so(kind: str, soak: bool) -> None:
    differing, seen = [], Counter[str]()
    for seed in range(HISTORIES_SOAK if soak else HISTORIES):
        history = [txn for txn in random_history(Random(seed), kind) if txn.status != "fail"]
        refuted = {model for one in check(history).anomalies for model in one.refutes}
        for model in WEAKER:
            if model in refuted:
                seen[model] += 1
                if is_possible(history, model):
                    differing.append((seed, model))

    assert differing == []
    assert all(seen[model] for model in WEAKER if kind == "append" or model != WEAKER[0])


@pytest.mark.parametrize("kind", KINDS)
def test_what_has_a_serial_order_could_have_come_so_under_each_model(kind: str, soak: bool) -> None:
    """So that the slow judge of weaker models is no judge who always says no."""
    differing, seen = [], Counter[str]()
    for seed in range(HISTORIES_SOAK if soak else HISTORIES):
        history = [txn for txn in random_history(Random(seed), kind) if txn.status != "fail"]
        if is_explained(history, strictly=False):
            seen["serializable"] += 1
            differing += [(seed, model) for model in WEAKER if not is_possible(history, model)]
        else:
            seen.update(model for model in WEAKER if is_possible(history, model))

    assert differing == []
    assert seen["serializable"] > 0
    assert [model for model in WEAKER if not seen[model]] == []


def test_the_search_alone_agrees_with_brute_force(
    monkeypatch: pytest.MonkeyPatch, soak: bool
) -> None:
    count = HISTORIES_SOAK if soak else HISTORIES
    monkeypatch.setattr(judge, "check_zones", lambda *_: None)
    monkeypatch.setattr(saturate.Saturation, "run", lambda _: None)
    monkeypatch.setattr(cases, "TRANSACTIONS_MAX", 0)

    differing, seen = disagreements("w", range(count, 2 * count))

    assert differing == []
    assert seen["no-serial-order"] + seen["no-serial-order-realtime"] > 0


def test_the_way_of_long_histories_agrees_with_brute_force(
    monkeypatch: pytest.MonkeyPatch, soak: bool
) -> None:
    count = HISTORIES_SOAK if soak else HISTORIES
    for module in (judge, saturate, cases):
        monkeypatch.setattr(module, "TRANSACTIONS_MAX", 0)

    differing, _ = disagreements("w", range(2 * count, 3 * count))

    assert differing == []


@pytest.mark.parametrize("kind", KINDS)
def test_single_operations_agree_with_brute_force(kind: str, soak: bool) -> None:
    count = HISTORIES_SOAK if soak else HISTORIES
    differing, seen = [], Counter[bool | str]()
    for seed in range(count):
        history = random_operations(Random(seed), kind)
        report = check(history, "linearizable")
        explained = is_explained(history, strictly=True)
        if report.valid != explained:
            differing.append(seed)
        seen[explained] += 1
        seen.update(anomaly.type for anomaly in report.anomalies)

    assert differing == []
    assert seen[True] > count / 10
    assert seen[False] > count / 10
    assert kind == "append" or seen["not-linearizable"]


@pytest.mark.parametrize("kind", KINDS)
def test_with_true_orders_it_agrees_with_brute_force(kind: str, soak: bool) -> None:
    """An order of each key's versions is drawn; some serial order must have just these."""
    differing, seen = [], Counter[bool]()
    for seed in range(HISTORIES_SOAK if soak else HISTORIES):
        random = Random(seed)
        history = random_history(random, kind)
        orders = drawn_orders(random, history)
        for model in (SERIALIZABLE, STRICT):
            explained = is_explained(history, strictly=model == STRICT, orders=orders)
            if check(history, model, version_orders=orders).valid != explained:
                differing.append(seed)
            seen[explained] += 1

    assert differing == []
    assert min(seen[True], seen[False]) > sum(seen.values()) / 10


def drawn_orders(random: Random, history: list[Txn]) -> Orders:
    """Carry out all writes in an order that real time allows, more or less."""
    happened = [txn for txn in history if txn.status == "ok" or _is_read(txn, history)]
    happened += [txn for txn in history if txn not in happened and txn.status == "info"][:1]
    happened.sort(key=lambda txn: random.uniform(txn.invoked, txn.returned or 20))
    orders: Orders = {}
    for txn in happened:
        for f, key, value in txn.ops:
            if f != "r":
                orders.setdefault(key, []).append(value)
    return orders


def _is_read(txn: Txn, history: list[Txn]) -> bool:
    written = {(key, value) for f, key, value in txn.ops if f != "r"}
    return txn.status == "info" and any(
        (key, one) in written
        for other in history
        for f, key, seen in other.ops
        if f == "r" and seen
        for one in (seen if isinstance(seen, tuple) else (seen,))
    )
