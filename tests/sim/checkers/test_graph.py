"""Known histories, bad and good: each anomaly is found by its name, and nobody cries wolf."""

from collections.abc import Sequence
from typing import Any

import pytest

from sim.checkers.graph import HistoryError, Report, Txn, check, judge, reasons, search
from sim.checkers.graph.anomalies import KINDS, SHOWN_MAX
from sim.checkers.graph.saturate import Saturation
from sim.checkers.graph.txn import TRUE

Ops = list[Any]


def ok(*ops: Any, at: tuple[int, int] | None = None) -> tuple[str, Ops, Any]:
    return ("ok", list(ops), at)


def info(*ops: Any, at: tuple[int, int] | None = None) -> tuple[str, Ops, Any]:
    return ("info", list(ops), at)


def fail(*ops: Any, at: tuple[int, int] | None = None) -> tuple[str, Ops, Any]:
    return ("fail", list(ops), at)


def r(key: Any, value: Any) -> Any:
    return ("r", key, value)


def w(key: Any, value: Any) -> Any:
    return ("w", key, value)


def a(key: Any, value: Any) -> Any:
    return ("append", key, value)


def judged(txns: Sequence[Any], model: str = "serializable", **orders: Any) -> Report:
    """Judge transactions T0, T1, …, all at once unless they say when they were."""
    history = []
    for number, (status, ops, at) in enumerate(txns):
        invoked, returned = at if at is not None else (0, 1_000)
        end = None if status == "info" else returned
        history.append(Txn(number, ops, invoked, end, status))
    return check(history, model, **orders)


def types(report: Report) -> list[str]:
    return [anomaly.type for anomaly in report.anomalies]


# Bad: history, the anomalies that are told, and who is in the first one of them. -----------------

BAD: dict[str, tuple[list[Any], set[str], set[int]]] = {
    "G0: two transactions' appends interleave": (
        [
            ok(a("x", 1), a("y", 1)),
            ok(a("x", 2), a("y", 2)),
            ok(r("x", [1, 2])),
            ok(r("y", [2, 1])),
        ],
        {"G0"},
        {0, 1},
    ),
    "G0: what one transaction appended does not stand together": (
        [ok(a("x", 1), a("x", 2)), ok(a("x", 3)), ok(r("x", [1, 3, 2]))],
        {"G0"},
        {0, 1, 2},
    ),
    "G0: something stands where the second append should": (
        [ok(a("x", 1), a("x", 2)), ok(a("x", 3)), ok(r("x", [1, 3]))],
        {"G0"},
        {0, 1, 2},
    ),
    "G1a: a failed append is read": (
        [fail(a("x", 1)), ok(r("x", [1]))],
        {"G1a"},
        {0, 1},
    ),
    "G1a: a failed register write is read": (
        [fail(w("x", 1)), ok(r("x", 1))],
        {"G1a"},
        {0, 1},
    ),
    "G1b: a transaction is read between its two appends": (
        [ok(a("x", 1), a("x", 2)), ok(r("x", [1]))],
        {"G1b"},
        {0, 1},
    ),
    "G1b: a register's first of two writes is read": (
        [ok(w("x", 1), w("x", 2)), ok(r("x", 1))],
        {"G1b"},
        {0, 1},
    ),
    "G1c: two transactions read each other": (
        [ok(a("x", 1), r("y", [1])), ok(a("y", 1), r("x", [1]))],
        {"G1c"},
        {0, 1},
    ),
    "G1c: registers, too": (
        [ok(w("x", 1), r("y", 1)), ok(w("y", 1), r("x", 1))],
        {"G1c"},
        {0, 1},
    ),
    "G-single: read skew": (
        [ok(a("x", 1), a("y", 1)), ok(r("x", [1]), r("y", None))],
        {"G-single"},
        {0, 1},
    ),
    "G-single: read skew of registers": (
        [ok(w("x", 1), w("y", 1)), ok(r("x", 1), r("y", None))],
        {"G-single"},
        {0, 1},
    ),
    "G-single: an append that nobody found is still missing": (
        [ok(a("x", 1), a("y", 1)), ok(a("x", 2), a("y", 2)), ok(r("x", [1, 2]), r("y", [1]))],
        {"G-single"},
        {1, 2},
    ),
    "G-single: blind writes, and no order of them explains the reads": (
        [ok(w("x", 1), w("y", 1)), ok(w("x", 2), w("y", 2)), ok(r("x", 1), r("y", 2))],
        {"G-single"},
        {0, 1, 2},
    ),
    "G-nonadjacent: long fork": (
        [
            ok(a("x", 1)),
            ok(a("y", 1)),
            ok(r("x", [1]), r("y", None)),
            ok(r("x", None), r("y", [1])),
        ],
        {"G-nonadjacent"},
        {0, 1, 2, 3},
    ),
    "G2: write skew": (
        [ok(r("x", None), a("y", 1)), ok(r("y", None), a("x", 1))],
        {"G2"},
        {0, 1},
    ),
    "G2: write skew of registers": (
        [ok(r("x", None), w("y", 1)), ok(r("y", None), w("x", 1))],
        {"G2"},
        {0, 1},
    ),
    "G2: around three corners": (
        [
            ok(r("x", None), a("y", 1)),
            ok(r("y", None), a("z", 1)),
            ok(r("z", None), a("x", 1)),
        ],
        {"G2"},
        {0, 1, 2},
    ),
    "lost update": (
        [ok(r("x", None), w("x", 1)), ok(r("x", None), w("x", 2))],
        {"lost-update", "G-single"},
        {0, 1},
    ),
    "lost update of a list": (
        [ok(r("x", None), a("x", 1)), ok(r("x", None), a("x", 2)), ok(r("x", [1, 2]))],
        {"lost-update", "G-single"},
        {0, 1},
    ),
    "dirty update": (
        [fail(a("x", 1)), ok(a("x", 2)), ok(r("x", [1, 2]))],
        {"G1a", "dirty-update"},
        {0, 2},
    ),
    "dirty update of a register": (
        [fail(w("x", 1)), ok(r("x", 1), w("x", 2))],
        {"G1a", "dirty-update"},
        {0, 1},
    ),
    "garbage read": ([ok(a("x", 1)), ok(r("x", [1, 7]))], {"garbage-read"}, {1}),
    "garbage before the end": ([ok(a("x", 1)), ok(r("x", [7, 1]))], {"garbage-read"}, {1}),
    "garbage in a register": ([ok(w("x", 1)), ok(r("x", 7))], {"garbage-read"}, {1}),
    "duplicate elements": (
        [ok(a("x", 1)), ok(a("x", 2)), ok(r("x", [1, 2, 1]))],
        {"duplicate-elements"},
        {0, 2},
    ),
    "incompatible order": (
        [ok(a("x", 1)), ok(a("x", 2)), ok(r("x", [1, 2])), ok(r("x", [2, 1]))],
        {"incompatible-order"},
        {2, 3},
    ),
    "incompatible order with a transaction's own": (
        [ok(a("x", 1), a("x", 2)), ok(r("x", [2, 1]))],
        {"incompatible-order", "G1b"},
        {0, 1},
    ),
    "a transaction's own append is missing in its read": (
        [ok(a("x", 1), r("x", None))],
        {"internal"},
        {0},
    ),
    "a transaction reads two values of one register": (
        [ok(w("x", 1)), ok(r("x", None), r("x", 1))],
        {"internal"},
        {1},
    ),
    "a transaction reads what it will write": ([ok(r("x", 1), w("x", 1))], {"internal"}, {0}),
    "an unknown transaction was read, so all of it happened": (
        [info(a("x", 1), a("y", 1)), ok(r("x", [1]), r("y", None))],
        {"G-single"},
        {0, 1},
    ),
    "an unknown register write was read, and so was not overtaken": (
        [info(w("x", 1), w("y", 1)), ok(r("x", 1), r("y", None))],
        {"G-single"},
        {0, 1},
    ),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("model", ["serializable", "strict-serializable"])
def test_a_known_anomaly_is_found_by_its_name(name: str, model: str) -> None:
    txns, expected, involved = BAD[name]

    report = judged(txns, model)

    assert report.valid is False
    assert set(types(report)) == expected
    assert set(report.anomalies[0].transactions) == involved


def test_every_finding_says_why_and_what_it_leaves() -> None:
    for txns, _, _ in BAD.values():
        for anomaly in judged(txns).anomalies:
            assert "Refutes: " in anomaly.explanation
            assert "Still possible: " in anomaly.explanation
            assert "serializable" in anomaly.refutes
            assert "serializable" not in anomaly.possible
            if anomaly.type.startswith("G") and anomaly.type[1] in "0c-2":
                assert "a contradiction." in anomaly.explanation
                assert anomaly.explanation.count("must precede") >= len(anomaly.transactions) - 1


# Bad in real time alone. ------------------------------------------------------------------------

LATE: dict[str, tuple[list[Any], str]] = {
    "a stale read": (
        [ok(a("x", 1), at=(0, 1)), ok(r("x", None), at=(2, 3))],
        "G-single-realtime",
    ),
    "a stale read of a register": (
        [ok(w("x", 1), at=(0, 1)), ok(r("x", None), at=(2, 3))],
        "G-single-realtime",
    ),
    "a value read before it was written": (
        [ok(r("x", [1]), at=(0, 1)), ok(a("x", 1), at=(2, 3))],
        "G1c-realtime",
    ),
    "appends stand the other way round": (
        [ok(a("x", 1), at=(0, 1)), ok(a("x", 2), at=(2, 3)), ok(r("x", [2, 1]), at=(4, 5))],
        "G0-realtime",
    ),
    "blind register writes read the other way round": (
        [
            ok(w("x", 1), at=(0, 1)),
            ok(w("x", 2), at=(2, 3)),
            ok(r("x", 1), at=(4, 5)),
        ],
        "G-single-realtime",
    ),
    "two readers around a write, one after the other": (
        [
            ok(a("x", 1), at=(0, 20)),
            ok(r("x", [1]), at=(1, 2)),
            ok(r("x", None), at=(3, 4)),
        ],
        "G-single-realtime",
    ),
    "an unknown write was read before it was invoked": (
        [ok(r("x", 1), at=(0, 1)), info(w("x", 1), at=(2, 3))],
        "G1c-realtime",
    ),
    "a far cause": (
        [
            ok(r("a", None), a("b", 1), at=(0, 40)),
            ok(r("b", None), a("c", 1), at=(0, 41)),
            ok(r("c", None), at=(0, 5)),
            ok(a("a", 1), at=(10, 50)),
        ],
        "",
    ),
    "two rw and real time": (
        [
            ok(r("x", None), a("z", 1), at=(0, 50)),
            ok(a("x", 1), r("y", None), at=(20, 60)),
            ok(a("y", 1), at=(0, 10)),
        ],
        "G-single-realtime",
    ),
}


@pytest.mark.parametrize("name", LATE)
def test_real_time_is_kept_under_strict_serializability_alone(name: str) -> None:
    txns, expected = LATE[name]

    assert judged(txns).valid is True
    strictly = judged(txns, "strict-serializable")
    assert types(strictly) == ([expected] if expected else [])
    for anomaly in strictly.anomalies:
        assert "strict serializable" in anomaly.refutes
        assert "had returned (at " in anomaly.explanation


# Good, and suspicious to look at. ---------------------------------------------------------------

GOOD: dict[str, list[Any]] = {
    "nothing at all": [],
    "an empty transaction": [ok(), info(), fail()],
    "what was appended is never read": [ok(a("x", 1)), ok(a("x", 2)), ok(r("x", None))],
    "reads and appends at the same time": [
        ok(r("x", None), a("x", 1)),
        ok(r("x", [1]), a("x", 2)),
        ok(r("x", [1, 2])),
        ok(r("x", None)),
    ],
    "who read the end appends, and nobody reads that": [
        ok(a("x", 1)),
        ok(r("x", [1]), a("x", 2)),
        ok(r("x", [1])),
    ],
    "an unknown append is never read": [info(a("x", 1)), ok(a("x", 2)), ok(r("x", [2]))],
    "an unknown append is read later": [info(a("x", 1)), ok(r("x", None)), ok(r("x", [1]))],
    "an unknown write happens very late": [
        info(w("x", 1), at=(0, 1)),
        ok(w("x", 2), at=(2, 3)),
        ok(r("x", 2), at=(4, 5)),
        ok(r("x", 1), at=(6, 7)),
    ],
    "an unknown transaction read nobody knows what": [
        ok(a("x", 1)),
        info(r("x", None), a("y", 1)),
        ok(r("y", [1]), r("x", [1])),
    ],
    "a failed append is never read": [fail(a("x", 1)), ok(r("x", None)), ok(a("x", 2))],
    "a failed read is no read": [ok(a("x", 1), at=(0, 1)), fail(r("x", None), at=(2, 3))],
    "a transaction reads its own appends": [
        ok(a("x", 1), r("x", [1]), a("x", 2), r("x", [1, 2])),
        ok(r("x", [1, 2])),
    ],
    "a transaction's own read is the only one of its middle": [
        ok(a("x", 1), r("x", [1]), a("x", 2)),
        ok(a("x", 3)),
    ],
    "a transaction reads its own register writes": [
        ok(r("x", None), w("x", 1), r("x", 1), w("x", 2), r("x", 2)),
        ok(r("x", 2)),
    ],
    "registers written blindly, read in an order that there is": [
        ok(w("x", 1)),
        ok(w("x", 2)),
        ok(w("x", 3)),
        ok(r("x", 2)),
        ok(r("x", 1)),
    ],
    "blind writes to two registers, one order explains both": [
        ok(w("x", 1), w("y", 1)),
        ok(w("x", 2), w("y", 2)),
        ok(r("x", 1), r("y", 1)),
        ok(r("x", 2), r("y", 2)),
    ],
    "half of the readers came before": [
        ok(a("x", 1), a("y", 1)),
        ok(r("x", None), r("y", None)),
        ok(r("x", [1]), r("y", [1])),
    ],
    "a read returns at the very moment when a write is invoked": [
        ok(r("x", [1]), at=(0, 2)),
        ok(a("x", 1), at=(2, 3)),
    ],
    "an empty list and nothing are the same": [ok(r("x", []), r("x", None)), ok(a("x", 1))],
    "keys of all kinds": [
        ok(a("1", 1), a(1, 2), a(None, 3)),
        ok(r("1", [1]), r(1, [2]), r(None, [3])),
    ],
}


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("model", ["serializable", "strict-serializable"])
def test_what_only_looks_suspicious_is_valid(name: str, model: str) -> None:
    report = judged(GOOD[name], model)

    assert report.anomalies == ()
    assert report.valid is True
    assert report.transactions == len(GOOD[name])


# Explanations. ----------------------------------------------------------------------------------


def test_a_cycle_is_told_step_by_step() -> None:
    (anomaly,) = judged([ok(a("x", 1), a("y", 1)), ok(r("x", [1]), r("y", None))]).anomalies

    assert anomaly.explanation.split("\n") == [
        "  T1: read x = [1]; read nothing in y",
        "  T0: appended 1 to x; appended 1 to y",
        "T1 must precede T0, because T1 read nothing in y, as it was before T0 appended 1 to y; "
        "but T0 must precede T1, because T1 read x = [1], and T0 appended 1 to x: "
        "a contradiction.",
        "G-single (read skew).  Refutes: snapshot isolation, serializable.  "
        "Still possible: read committed.",
    ]


def test_an_order_of_blind_writes_is_told_with_who_read_them() -> None:
    first = [ok(w("x", 1)), ok(w("x", 2))]
    one = [ok(r("x", 1), w("y", 1)), ok(r("y", 1), r("x", 2))]
    other = [ok(r("x", 2), w("z", 1)), ok(r("z", 1), r("x", 1))]

    (anomaly,) = judged([*first, *one, *other]).anomalies

    assert set(anomaly.transactions) == {0, 1, 2, 3, 4, 5}
    lines = anomaly.explanation.split("\n")
    assert (
        "T0 wrote x = 1 before T1 wrote x = 2: T2 read x = 1; T3 read x = 2; T2 must precede T3, "
        "because T3 read y = 1, and T2 wrote y = 1; and nothing comes between a version and its "
        "readers." in lines
    )
    assert lines[-2] == (
        "T0 must precede T1, because T0 wrote x = 1 before T1 wrote x = 2; but T1 must precede T0, "
        "because T1 wrote x = 2 before T0 wrote x = 1: a contradiction."
    )


def test_who_read_what_an_update_was_made_of_is_a_witness() -> None:
    made = [ok(w("x", 1)), ok(r("x", 1), w("x", 7)), ok(w("x", 2)), ok(r("x", 1), w("y", 1))]
    one = [ok(r("y", 1), r("x", 2))]
    other = [ok(r("x", 2), w("z", 1)), ok(r("z", 1), r("x", 7))]

    (anomaly,) = judged([*made, *one, *other]).anomalies

    assert "T3 read x = 1, which x = 7 stands on; T4 read x = 2;" in anomaly.explanation


def test_an_order_by_real_time_is_told_whole() -> None:
    """A path to who returned, real time, and a path from who was invoked after that."""
    txns = [ok(w("x", 1), at=(0, 90)), ok(w("x", 2), at=(0, 90))]
    for mine, other, one, then in ((1, 2, "y", "z"), (2, 1, "p", "q")):
        txns += [ok(r("x", mine), w(one, 1), at=(0, 90)), ok(r(one, 1), at=(0, 20))]
        txns += [ok(w(then, 1), at=(30, 90)), ok(r(then, 1), r("x", other), at=(0, 90))]

    (anomaly,) = judged(txns, "strict-serializable").anomalies

    assert anomaly.type == "G-single-realtime"
    assert (
        "T0 wrote x = 1 before T1 wrote x = 2: T2 read x = 1; T5 read x = 2; T2 must precede T3, "
        "because T3 read y = 1, and T2 wrote y = 1; T3 must precede T4, because T3 had returned "
        "(at 20) before T4 was invoked (at 30); T4 must precede T5, because T5 read z = 1, and T4 "
        "wrote z = 1; and nothing comes between"
    ) in anomaly.explanation


def test_a_cycle_that_needs_a_reader_is_no_dirty_write() -> None:
    """x = 1 precedes x = 2 by who read it and appended to l first; and the other way round in m."""
    lists = [ok(r("l", [1, 2])), ok(r("m", [1, 2]))]
    one = [ok(r("x", 1), a("l", 1)), ok(a("m", 2), w("x", 1))]
    other = [ok(r("x", 2), a("m", 1)), ok(a("l", 2), w("x", 2))]

    report = judged([*lists, *one, *other])

    assert types(report) == ["G1c"]


def test_what_an_update_read_is_the_evidence_for_what_came_after_it() -> None:
    """Nobody saw z = 5 after z = 2: that it came later follows from the read, by rw and not ww."""
    skewed = [ok(w("y", 3), w("z", 5)), ok(r("z", None), w("z", 2), r("y", 3))]
    lists = [
        ok(a("z", 1), r("y", None), a("y", 2)),
        ok(r("z", None), a("z", 5), a("y", 4)),
    ]
    stale = [ok(w("x", 9), at=(0, 1)), ok(r("x", None), w("x", 1), at=(2, 3))]

    (anomaly,) = judged(skewed).anomalies
    (of_lists,) = judged(lists).anomalies
    (late,) = judged(stale, "strict-serializable").anomalies

    assert [anomaly.type, of_lists.type, late.type] == ["G-single", "G-single", "G-single-realtime"]
    assert "T1 read nothing in z, as it was before T0 wrote z = 5, and updated it" in (
        anomaly.explanation
    )
    assert [step.kind for step in anomaly.steps] == ["wr", "rw"]
    assert "right after" not in of_lists.explanation


def test_what_was_written_blindly_was_not_written_amid_updates() -> None:
    updates = [ok(r("x", None), w("x", 1)), ok(r("x", 1), w("x", 2))]
    blind = [ok(w("x", 9), w("y", 1)), ok(r("y", 1), r("x", 2))]

    (anomaly,) = judged([*updates, *blind]).anomalies

    assert anomaly.type == "G-single"
    assert set(anomaly.transactions) == {0, 1, 2, 3}
    assert (
        "T3 read x = 2, and T2 wrote x = 9 after that, not amid the updates before that"
        in anomaly.explanation
    )


def test_a_list_of_which_two_orders_were_read_is_told_by_its_end() -> None:
    torn = [
        ok(a("x", 1), a("y", 1)),
        ok(a("x", 2)),
        ok(r("x", [2, 1])),
        ok(r("x", [1]), r("y", None)),
    ]

    told = "".join(anomaly.explanation for anomaly in judged(torn).anomalies)

    assert "T3: read x = [… 1]" in told
    assert "T3 read [1]: neither" in told


@pytest.mark.parametrize(
    ("reads", "seen", "left"),
    [
        ([r("x", [1]), a("x", 2), r("x", [2])], "[2]", "[1, 2]"),
        ([r("x", [1]), a("x", 2), r("x", None)], "[]", "[1, 2]"),
        ([r("x", [1]), r("x", None)], "[]", "[1]"),
        ([r("x", None), r("x", [1])], "[1]", "[]"),
        ([a("x", 2), r("x", [1])], "[1]", "[2]"),
    ],
)
def test_a_transaction_at_odds_with_itself_is_told_so_and_no_more(
    reads: list[Any], seen: str, left: str
) -> None:
    (anomaly,) = judged([ok(a("x", 1)), ok(*reads)]).anomalies

    assert anomaly.type == "internal"
    told = f"T1 read x as {seen}, where its own reads and writes before had left {left}."
    assert told in anomaly.explanation


def test_nothing_was_met_of_a_key_before_anybody_knew_it_for_a_list() -> None:
    """T0 comes first, and its first read of nothing could be one of a register."""
    (anomaly,) = judged([ok(r("x", None), r("x", [1])), ok(a("x", 1))]).anomalies

    assert anomaly.type == "internal"


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("x", "x"),
        ("a b", "a b"),
        ("k1/2", "k1/2"),
        (1, "1"),
        ("1", '"1"'),
        ("null", '"null"'),
        ("a\nb", '"a\\nb"'),
        ("", '""'),
        ("x ", '"x "'),
        (TRUE, "true"),
        ("true", '"true"'),
    ],
)
def test_a_key_is_told_so_that_no_other_is_told_like_it(key: Any, told: str) -> None:
    (anomaly,) = judged([ok(r(key, 1))]).anomalies

    assert f"T0 read {told} = 1, but nobody" in anomaly.explanation


def test_a_search_that_ends_before_it_is_stuck_has_no_part_to_look_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search, "WORK_MIN", 1)
    monkeypatch.setattr(search, "WORK_EACH", 0)
    monkeypatch.setattr(judge, "TRANSACTIONS_MAX", 10)
    txns = [ok(op) for key in range(10) for v in (1, 2) for op in (w(key, v), r(key, v))]

    assert judged(txns).valid is None


def test_an_order_is_looked_for_before_all_that_follows_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What follows takes long where many registers are written blindly, and a search mostly not."""
    monkeypatch.setattr(Saturation, "run", lambda _: pytest.fail("it was not needed"))

    assert judged([ok(w("x", 1)), ok(w("x", 2)), ok(r("x", 1)), ok(r("x", 2))]).valid


def test_orders_that_rest_on_each_other_are_told_once() -> None:
    """Each level's two orders rest on both of the level below: told in place, 2 to the 40th."""
    told = judged(_tower(40)).anomalies[0].explanation

    assert "more such orders, on which these rest.)" in told
    assert len(told) < 20_000


def test_what_was_not_looked_at_may_refute_as_little_as_can_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    near = judged(_tower(5)).anomalies[0]
    monkeypatch.setattr(reasons, "LOOKED_AT_MAX", 2)
    far = judged(_tower(5)).anomalies[0]

    assert [near.type, far.type] == ["G-single", "G2"]


def _tower(levels: int) -> list[Any]:
    txns: dict[str, list[Any]] = {}

    def link(one: str, other: str) -> None:
        txns.setdefault(one, []).append(w(one + other, 1))
        txns.setdefault(other, []).append(r(one + other, 1))

    for level in range(levels):
        for side in "ab":
            at = f"{level}{side}"
            for who, op in (("A", w("k" + at, 1)), ("B", w("k" + at, 2))):
                txns.setdefault(who + at, []).append(op)
            for who, op in (("R", r("k" + at, 1)), ("S", r("k" + at, 2))):
                txns.setdefault(who + at, []).append(op)
            if level:
                link("R" + at, f"A{level - 1}a")
                link(f"B{level - 1}b", "S" + at)
            else:
                link("R" + at, "S" + at)
        link(f"B{level}a", f"A{level}b")
    txns["X"], txns["Y"] = [r(f"k{levels - 1}a", 2)], [r(f"k{levels - 1}a", 1)]
    link("X", "Y")
    return [ok(*ops) for ops in txns.values()]


def test_the_shortest_cycle_is_told() -> None:
    long = [ok(r(n, None), a((n + 1) % 6, 100 + n)) for n in range(6)]
    short = [ok(r("x", None), a("y", 1)), ok(r("y", None), a("x", 1))]
    linked = [*long, *short, ok(r("x", [1]), r(0, [105])), ok(r("y", None), a(0, 7))]

    report = judged(linked)

    assert len(report.anomalies[0].transactions) == 2


def test_one_of_each_kind_is_told_of_each_component() -> None:
    skews = [
        one
        for n in range(3)
        for one in (ok(r(f"x{n}", None), a(f"y{n}", 1)), ok(r(f"y{n}", None), a(f"x{n}", 1)))
    ]

    assert types(judged(skews)) == ["G2"] * 3


def test_no_more_than_so_many_of_a_type_are_told() -> None:
    report = judged([ok(r(n, 7)) for n in range(SHOWN_MAX + 5)])

    assert types(report) == ["garbage-read"] * SHOWN_MAX
    assert report.left_out == 5


def test_every_kind_says_what_it_refutes() -> None:
    for kind, (about, refutes, _) in KINDS.items():
        assert about, kind
        assert refutes, kind


# With the true order of versions. ---------------------------------------------------------------


def test_true_orders_decide_what_reads_leave_open() -> None:
    txns = [ok(w("x", 1), w("y", 1)), ok(w("x", 2), w("y", 2))]

    assert judged(txns).valid is True
    assert judged(txns, version_orders={"x": [1, 2], "y": [1, 2]}).valid is True
    assert types(judged(txns, version_orders={"x": [1, 2], "y": [2, 1]})) == ["G0"]


def test_an_acknowledged_write_that_is_in_no_order_is_lost() -> None:
    txns = [ok(w("x", 1)), ok(w("x", 2)), info(w("x", 3)), fail(w("x", 4))]

    assert types(judged(txns, version_orders={"x": [1]})) == ["lost-write"]
    assert judged(txns, version_orders={"x": [2, 1]}).valid is True


def test_an_unknown_write_in_an_order_happened() -> None:
    txns = [info(w("x", 1), w("y", 1)), ok(r("x", None), r("y", None)), ok(r("y", None))]
    late = [*txns, ok(r("y", 1))]

    assert judged(late, version_orders={"x": [1], "y": [1]}).valid is True
    assert types(judged([info(w("x", 1), w("y", 1)), ok(r("y", 1), r("x", None))])) == ["G-single"]


def test_a_failed_write_in_an_order_is_told() -> None:
    assert types(judged([fail(w("x", 1))], version_orders={"x": [1]})) == ["dirty-update"]


def test_a_write_that_stands_twice_in_an_order_is_told() -> None:
    txns = [ok(w("x", 1)), ok(w("x", 2))]

    assert types(judged(txns, version_orders={"x": [1, 2, 1]})) == ["duplicate-elements"]


def test_a_list_that_was_read_in_another_order_is_told() -> None:
    txns = [ok(a("x", 1)), ok(a("x", 2)), ok(r("x", [2]))]

    assert types(judged(txns, version_orders={"x": [1, 2]})) == ["incompatible-order"]


# What cannot be judged. -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("txns", "told"),
    [
        ([ok(w("x", 1)), ok(w("x", 1))], "a second time"),
        ([ok(a("x", 1), a("x", 1))], "a second time"),
        ([fail(a("x", 1)), ok(a("x", 1))], "a second time"),
        ([ok(w("x", 1)), ok(a("x", 2))], "as a list and as a register"),
        ([ok(w("x" * 90, 1)), ok(a("x" * 90, 2))], f"key '{'x' * 59} … is used as a list"),
        ([ok(a("x", 1)), ok(r("x", 1))], "as a list and as a register"),
        ([ok(w("x", 1)), ok(r("x", [1]))], "as a list and as a register"),
        ([ok(w("x", None))], "null"),
        ([ok(r("x", [[1]]))], "element"),
    ],
)
def test_what_is_no_history_is_refused(txns: list[Any], told: str) -> None:
    with pytest.raises(HistoryError, match=told) as error:
        judged(txns)

    assert error.value.transaction == len(txns) - 1


def test_a_long_text_is_shown_by_its_two_ends() -> None:
    (anomaly,) = judged([ok(r("k" * 100_000, "from" + "v" * 1_000_000 + "to"))]).anomalies

    assert len(anomaly.explanation) < 600
    assert '"fromvvv' in anomaly.explanation
    assert 'vvvto" (1,000,008 characters)' in anomaly.explanation


def test_what_a_terminal_would_obey_is_escaped() -> None:
    (anomaly,) = judged([ok(r("\u202ex", "\u009b31m é"))]).anomalies

    assert r'T0 read "\u202ex" = "\u009b31m é"' in anomaly.explanation
