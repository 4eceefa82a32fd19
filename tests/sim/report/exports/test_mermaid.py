"""The Mermaid diagram of one transaction: lines of Mermaid's own grammar, in their order."""

import re
from functools import cache

import pytest

from sim.report.exports import mermaid
from sim.report.exports.chosen import moments_of
from sim.report.exports.mermaid import escaped, mermaid_lines
from sim.report.exports.spoken import Spoken
from sim.report.inside import Inside
from sim.report.recording import Sent
from tests.sim.report.builders import recording

SETTINGS = {"workload.transactions": "60", "network.loss": "0.1", "faults.crashes": "3"}
# What a line of a sequence diagram may be, of all that Mermaid knows.  In a text `;` would end the
# line and `#` begin an entity, so each stands for itself only as one.
TEXT = r"(?:[^#;]|#\d+;)+"
LINE = re.compile(
    rf"sequenceDiagram|%% .*|participant \w+|\w+(->>|-x)\w+: {TEXT}|Note over \w+: {TEXT}"
)


@cache
def spoken() -> Spoken:
    found = recording("bank", 1, SETTINGS)
    return Spoken(found, Inside(found))


@cache
def drawn(call: str) -> list[str]:
    moments = moments_of(recording("bank", 1, SETTINGS), call)
    return [line.strip() for line in mermaid_lines(call, moments, spoken())]


def calls() -> list[str]:
    return [
        *dict.fromkeys(
            one.call
            for one in recording("bank", 1, SETTINGS).moments
            if isinstance(one, Sent) and one.call
        )
    ]


def test_every_line_is_one_that_mermaid_reads() -> None:
    for call in calls():
        lines = drawn(call)
        assert lines[0] == "sequenceDiagram"
        assert [line for line in lines if not LINE.fullmatch(line)] == []


def test_who_speaks_has_been_introduced_in_the_order_of_the_lanes() -> None:
    lines = drawn("k1/12")

    there = [line.split()[1] for line in lines if line.startswith("participant")]
    assert [name[0] for name in there] == sorted((name[0] for name in there), key="krclpm".index)
    arrows = [re.match(r"(\w+)(?:->>|-x)(\w+):", line) for line in lines]
    speakers = {name for found in arrows if found for name in found.groups()}
    assert speakers <= {*there}


def test_a_transaction_goes_from_its_request_to_its_answer() -> None:
    lines = drawn("k1/12")

    order = [
        "TransactWriteItems",
        "enter t1 as PREPARING",
        "prepare t1",
        "accept",
        "durable: t1 is COMMITTING",
        "commit t1",
        "200",
    ]
    places = [next(n for n, line in enumerate(lines) if what in line) for what in order]
    assert places == sorted(places)


def test_what_is_lost_ends_in_a_cross_and_says_why() -> None:
    crosses = [line for call in calls() for line in drawn(call) if "-x" in line]

    assert crosses
    assert all("(lost: " in line or "(still on its way" in line for line in crosses)


def test_the_crash_of_who_takes_part_is_noted() -> None:
    notes = [line for call in calls() for line in drawn(call) if "host.crashed" in line]

    assert notes
    assert all(line.startswith("Note over ") for line in notes)


def test_what_mermaid_would_take_for_its_own_is_written_otherwise() -> None:
    assert escaped("a; b #1") == "a#59; b #35;1"
    assert escaped("a<br>b") == "a#lt;br#gt;b"
    assert not LINE.fullmatch("Note over p1: a; b")


def test_a_picture_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mermaid, "LINES_MAX", 5)
    drawn.cache_clear()

    assert drawn("k1/12")[-1].endswith("more lines are left out")
    drawn.cache_clear()
