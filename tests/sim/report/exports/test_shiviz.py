"""The log for ShiViz: its clocks are vector clocks, and its parser reads every event."""

import json
import re
from collections import Counter

import pytest

from sim.report.exports.chosen import moments_of
from sim.report.exports.shiviz import PARSER, shiviz_lines
from sim.report.exports.spoken import Spoken
from sim.report.inside import Inside
from sim.words import Words
from tests.sim.report.builders import recording

SETTINGS = {"workload.transactions": "20", "network.loss": "0.1"}
Event = tuple[str, dict[str, int], str]


def events(call: str | None, labels: dict[str, str] | None = None) -> list[Event]:
    found = recording("bank", 1, SETTINGS)
    spoken = Spoken(found, Inside(found))
    if labels is not None:
        spoken._names.words = Words(labels)
    lines = list(shiviz_lines(moments_of(found, call), spoken))
    assert lines[:2] == [PARSER, ""]
    # ShiViz's expressions are those of JavaScript.
    pattern = re.compile(PARSER.replace("(?<", "(?P<").replace(".*", "[^\n\r\u2028\u2029]*"))
    matched = [
        pattern.fullmatch("\n".join(pair)) for pair in zip(lines[2::2], lines[3::2], strict=True)
    ]
    assert None not in matched
    return [(m["host"], json.loads(m["clock"]), m["event"]) for m in matched if m is not None]


def test_a_host_counts_its_own_events_one_by_one() -> None:
    for call in (None, "k1/12"):
        counts: Counter[str] = Counter()
        for host, clock, _ in events(call):
            counts[host] += 1
            assert clock[host] == counts[host]


def test_no_clock_knows_of_more_than_has_happened() -> None:
    counts: Counter[str] = Counter()
    for host, clock, _ in events(None):
        counts[host] += 1
        assert all(clock[other] <= counts[other] for other in clock)


def test_whoever_hears_knows_what_the_sender_knew() -> None:
    found = events("k1/12")

    sent = next(clock for host, clock, said in found if host == "k1")
    heard = next(clock for host, clock, said in found if said.startswith("from k1"))
    assert sent.items() <= heard.items()


def test_a_message_that_gets_lost_is_told_where_it_left() -> None:
    lost = [(host, said) for host, _, said in events(None) if "(lost: loss)" in said]

    assert lost
    assert all(said.startswith("to ") for _, said in lost)


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\u2028"])
def test_a_key_with_a_line_break_is_told_in_one_line(end: str) -> None:
    told = [said for _, _, said in events(None, {"account0": f"account{end}0"})]

    assert any("update account 0" in said for said in told)
    assert any("promised account 0" in said for said in told)


def test_one_call_has_its_own_events_alone() -> None:
    assert 10 < len(events("k1/12")) < len(events(None)) / 5
