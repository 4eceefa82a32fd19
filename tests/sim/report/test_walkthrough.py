"""docs/reading-a-report.md: what it says of its two runs is so."""

import re
from collections.abc import Sequence

import pytest

from coordinator.ledger import State
from network.messages import Recover, Reject, Stalled, Votes
from network.placement import LEDGER_TABLE
from sim.report.page import run_of
from sim.report.recording import Durable, Noted, Recording, Sent
from tests.pictures import PAGE, PICTURES, TAKEN, recorded

TEXT = PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def conflict() -> Recording:
    return recorded("two-that-conflict")


@pytest.fixture(scope="module")
def crash() -> Recording:
    return recorded("crash")


def sent(made: Recording) -> list[Sent]:
    return [moment for moment in made.moments if isinstance(moment, Sent)]


def noted(made: Recording, event: str) -> Sequence[Noted]:
    return [one for one in made.moments if isinstance(one, Noted) and one.event == event]


def decided(made: Recording, state: State) -> Durable:
    """Return when the ledger had a transaction in this state."""
    return next(
        moment
        for moment in made.moments
        if isinstance(moment, Durable)
        for (table, _), record in moment.changes.records
        if table == LEDGER_TABLE and record is not None and record.item is not None
        if record.item["State"][1] == state
    )


def ms(us: int) -> str:
    return f"{us / 1000:.3f}".rstrip("0").rstrip(".")


def test_the_first_client_meets_the_second_and_is_cancelled(conflict: Recording) -> None:
    outcomes = {one.call: one.outcome for one in conflict.operations}
    calls = {one["call"]: one for one in run_of(conflict)["calls"]}

    assert (outcomes["k1/6"], outcomes["k2/1"]) == ("cancelled", "committed")
    assert (calls["k1/6"]["names"], calls["k2/1"]["names"]) == (["t1"], ["t2"])
    assert decided(conflict, State.CANCELLING).call == "k1/6"
    assert decided(conflict, State.COMMITTING).us < decided(conflict, State.CANCELLING).us


def test_the_rejection_leaves_when_the_promise_is_durable(conflict: Recording) -> None:
    vote = next(
        one
        for one in sent(conflict)
        if isinstance(one.message, Votes)
        and one.source == "p2"
        and isinstance(one.message.votes[0], Reject)
    )
    promise = next(
        one
        for one in conflict.moments
        if isinstance(one, Durable) and one.host == "p2" and one.call == "k2/1"
    )

    assert vote.call == "k1/6"
    assert vote.us == promise.us
    assert f"{ms(vote.us)} ms" in TEXT


def test_the_coordinator_crashes_at_the_commit_point(crash: Recording) -> None:
    (down,) = noted(crash, "host.crashed")
    decision = decided(crash, State.COMMITTING)

    assert (down.host, down.us) == ("c1", decision.us)
    assert f"{ms(down.us)} ms" in TEXT
    assert f"t={down.us}" in TEXT
    lost = [one for one in sent(crash) if one.because == "host down"]
    assert (lost[0].source, lost[0].target, lost[0].us) == ("l1", "c1", decision.us)


def test_the_other_coordinator_brings_it_to_its_end(crash: Recording) -> None:
    reports = [one for one in sent(crash) if isinstance(one.message, Stalled)]
    orders = [one for one in sent(crash) if isinstance(one.message, Recover)]

    assert [(one.source, one.us) for one in reports] == [("p1", 84_000), ("p2", 84_000)]
    assert {one.target: one.because for one in orders} == {"c2": "", "c1": "host down"}
    assert [one.host for one in noted(crash, "recovery.began")] == ["c2"]
    assert crash.operations[-1].outcome == "committed"
    (up,) = [one for one in noted(crash, "host.started") if one.us]
    assert crash.operations[-1].returned_us > up.us


def test_every_picture_of_the_page_is_there_and_small() -> None:
    shown = set(re.findall(r"\(pictures/([\w-]+)\.png\)", TEXT))

    assert shown == {picture.name for picture in TAKEN}
    for name in shown:
        assert 1_000 < (PICTURES / f"{name}.png").stat().st_size < 200_000
