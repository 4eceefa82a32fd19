"""Histories too long for the thorough way, of registers that are written without being read."""

from random import Random

import pytest

from sim.checkers.graph import Report, Txn, check
from sim.checkers.graph.saturate import TRANSACTIONS_MAX

COUNT = TRANSACTIONS_MAX + 500
KEYS = 4
OVERLAP = 6  # Transactions that are under way at the same time.
CROWD = 800  # Transactions of many who write at once.
OUT_OF_TIME = 20  # How far their order may be from that of real time.


def long_history() -> list[Txn]:
    """Carry out blind writes and reads one after another, each a while after it was invoked."""
    random = Random(7)
    state: dict[int, int] = {}
    txns = []
    for n in range(COUNT):
        key, other = random.sample(range(KEYS), 2)
        ops: list[tuple[str, int, int | None]] = [("r", other, state.get(other))]
        if random.random() < 0.6:
            ops.append(("w", key, n))
            state[key] = n
        early, late = random.randint(0, OVERLAP), random.randint(0, OVERLAP)
        txns.append(Txn(n, ops, 10 * (n - early), 10 * (n + late) + 5, "ok"))
    return txns


def skewed(at: int) -> list[Txn]:
    """Put two blind writers of two registers in, and a reader who saw one write of each."""
    txns = long_history()
    place = 10 * at
    odd = [
        Txn("W1", [("w", "a", 1), ("w", "b", 1)], place, place + 50, "ok"),
        Txn("W2", [("w", "a", 2), ("w", "b", 2)], place, place + 50, "ok"),
        Txn("R", [("r", "a", 1), ("r", "b", 2)], place, place + 50, "ok"),
    ]
    return txns[:at] + odd + txns[at:]


def stale(model: str) -> Report:
    """Let somebody who only reads come last and see the first value that there was."""
    txns = long_history()
    (_, key, first) = next(op for txn in txns for op in txn.ops if op[0] == "w")
    end = txns[-1].invoked + 1_000
    return check([*txns, Txn("R", [("r", key, first)], end, end + 1, "ok")], model)


@pytest.mark.parametrize("model", ["serializable", "strict-serializable"])
def test_a_long_history_of_blind_writes_is_valid(model: str) -> None:
    assert check(long_history(), model).valid is True


@pytest.mark.parametrize("model", ["serializable", "strict-serializable"])
def test_skew_among_blind_writes_is_found_in_a_long_history(model: str) -> None:
    report = check(skewed(COUNT // 2), model)

    assert report.valid is False
    assert [anomaly.type for anomaly in report.anomalies] == ["G-single"]
    assert set(report.anomalies[0].transactions) <= {"W1", "W2", "R"}


def test_a_stale_read_is_right_where_real_time_does_not_count() -> None:
    assert stale("serializable").valid is True
    strictly = stale("strict-serializable")
    assert strictly.valid is False
    assert "R" in strictly.anomalies[0].transactions


def crowded(random: Random, *, keys: int, under_way: int) -> list[Txn]:
    """Let many write blindly or read at the same time; each takes effect at a moment of its own."""
    state: dict[int, int] = {}
    txns = []
    for n in range(CROWD):
        several = random.sample(range(keys), random.randint(1, 4))
        if random.random() < 0.3:
            ops = [("r", key, state.get(key)) for key in several]
        else:
            ops = [("w", key, n) for key in several]
            state.update(dict.fromkeys(several, n))
        early, late = random.randint(0, under_way), random.randint(0, under_way)
        txns.append(Txn(n, ops, 10 * (n - early), 10 * (n + late) + 5, "ok"))
    return txns


def out_of_time(random: Random, txns: list[Txn]) -> list[Txn]:
    """Give neighbours each other's places in real time, so that it tells nothing of their order."""
    places = sorted(range(CROWD), key=lambda n: n + random.randint(0, OUT_OF_TIME))
    times = [(txns[place].invoked, txns[place].returned) for place in places]
    return [txn._replace(invoked=i, returned=r) for txn, (i, r) in zip(txns, times, strict=True)]


@pytest.mark.parametrize("model", ["serializable", "strict-serializable"])
@pytest.mark.parametrize("keys", [10, 100])
def test_blind_writes_of_a_crowd_are_valid(keys: int, model: str) -> None:
    assert check(crowded(Random(3), keys=keys, under_way=100), model).valid is True


def test_an_order_is_found_where_real_time_says_nothing_of_it() -> None:
    random = Random(5)
    assert check(out_of_time(random, crowded(random, keys=10, under_way=10))).valid is True


@pytest.mark.parametrize("model", ["serializable", "strict-serializable"])
def test_skew_in_a_crowd_is_found(model: str) -> None:
    txns = crowded(Random(3), keys=10, under_way=100)
    odd = [
        Txn("W1", [("w", "a", 1), ("w", "b", 1)], 0, 500, "ok"),
        Txn("W2", [("w", "a", 2), ("w", "b", 2)], 0, 500, "ok"),
        Txn("R", [("r", "a", 1), ("r", "b", 2)], 0, 500, "ok"),
    ]

    assert [one.type for one in check([*txns, *odd], model).anomalies] == ["G-single"]
