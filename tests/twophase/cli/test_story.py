"""Stories: what belongs to a transaction, and how it is drawn."""

import io
import re
from collections.abc import Sequence

import pytest
from rich.console import Console

from network.messages import Done
from sim.cluster_run import Run
from sim.report.inside import Inside
from sim.scenario import load
from sim.words import Words
from tests.sim.report.builders import recording
from twophase.cli import story
from twophase.cli.following import Followed, Follower, Noted, Sent

COLUMNS = (40, 80, 120)
ANY = Done((True,))


def followed(name: str, seed: int, **settings: str) -> Follower:
    keys = {key.replace("__", "."): value for key, value in settings.items()}
    run = Run(load(name, {"workload.transactions": "12", **keys}), seed)
    follower = Follower()
    run.listen(follower)
    run.go()
    return follower


@pytest.fixture(scope="module")
def calm() -> Follower:
    return followed("orders-and-payments", 1)


@pytest.fixture(scope="module")
def lossy() -> Follower:
    """Every message is in danger, and twelve partitions are too many columns."""
    trouble = {"network__loss": "0.3", "network__repeat": "0.2", "faults__crashes": "9"}
    return followed("hot-keys", 1, cluster__partitions="12", **trouble)


def drawn(
    one: Followed, columns: int, hosts: Sequence[Noted] = (), words: Words | None = None
) -> list[str]:
    text = io.StringIO()
    story.draw(Console(file=text, width=columns), one, hosts, words or Words())
    return text.getvalue().splitlines()


def kinds(one: Followed) -> list[str]:
    return [type(line.message).__name__ for line in one.lines if isinstance(line, Sent)]


def test_the_first_three_transactions_are_followed(calm: Follower) -> None:
    assert [one.operation for one in calm.followed] == ["TransactWriteItems"] * 3


def test_each_transaction_has_one_name_in_all_stories_and_in_the_report() -> None:
    follower = followed("two-that-conflict", 1)
    report = Inside(recording("two-that-conflict", 1, {"workload.transactions": "12"}))

    names = {}
    for one in follower.followed:
        said = " ".join(drawn(one, 120, (), follower.words))
        (names[one.call],) = set(re.findall(r"enter (t\d+) as", said))

    assert sorted(names.values()) == ["t1", "t2"]
    assert names == {report.call_of(one): name for one, name in report.names.items()}


def test_a_write_transaction_is_followed_from_request_to_answer(calm: Follower) -> None:
    said = kinds(calm.followed[0])

    assert said[0] == "Request"
    order = ["WriteTransaction", "Prepare", "Votes", "Commit", "Done", "Finished", "Response"]
    places = [said.index(kind) for kind in order]
    assert places == sorted(places)
    assert said.count("Write") >= 3, "begin, decide and complete, in the ledger"


def test_a_cancelled_transaction_shows_the_rejection(calm: Follower) -> None:
    lines = drawn(calm.followed[1], 120)

    assert any("reject ConditionalCheckFailed" in line for line in lines)
    assert any("CANCELLING" in line and "◆" in line for line in lines)


def test_a_read_transaction_is_followed_through_both_rounds() -> None:
    follower = followed("hot-keys", 1)
    read = next(one for one in follower.followed if one.operation == "TransactGetItems")
    lines = drawn(read, 120)

    assert any("round 1" in line for line in lines)
    assert any("round 2" in line for line in lines)


def test_time_flows_down(calm: Follower) -> None:
    for one in calm.followed:
        times = [float(line.split()[0]) for line in drawn(one, 120)[1:]]

        assert times[0] == 0
        assert times == sorted(times)


@pytest.mark.parametrize("columns", COLUMNS)
def test_a_line_never_wraps(columns: int, calm: Follower, lossy: Follower) -> None:
    for follower in (calm, lossy):
        for one in follower.followed:
            lines = drawn(one, columns, follower.hosts)

            assert all(len(line) <= columns for line in lines)
            # Each line begins with its time: nothing was broken in two.
            firsts = {line.split()[0].replace(".", "") for line in lines[1:]}
            assert all(first.isdigit() or first == "…" for first in firsts)


def test_a_message_that_is_lost_says_why() -> None:
    one = Followed("k1/1", "TransactWriteItems")
    sent = Sent(0, "k1", "r1", ANY)
    sent.lost = "host down"
    one.add(sent)
    (line,) = drawn(one, 80)[1:]

    assert "✗" in line
    assert " lost " in line
    assert "host down: " in line


def test_a_message_that_arrives_twice_says_when() -> None:
    one = Followed("k1/1", "TransactWriteItems")
    sent = Sent(0, "k1", "r1", ANY)
    sent.arrived_us = [1_500, 9_000]
    one.add(sent)
    (line,) = drawn(one, 80)[1:]

    assert line.split()[:2] == ["0.0", "1.5"]
    assert "twice (9.0)" in line


def test_a_question_that_is_asked_again_says_so(lossy: Follower) -> None:
    again = [
        line
        for one in lossy.followed
        for line in one.lines
        if isinstance(line, Sent) and line.again
    ]

    assert again


def test_crashes_of_those_who_take_part_are_drawn() -> None:
    one = Followed("k1/1", "TransactWriteItems")
    one.add(Sent(0, "k1", "r1", ANY))
    one.add(Sent(9, "r1", "k1", ANY))
    hosts = [Noted(5, "r1", "host.crashed"), Noted(6, "p9", "host.crashed")]
    lines = drawn(one, 80, hosts)

    assert len(lines) == 4
    assert "✗" in lines[2]
    assert lines[2].endswith("crashed")


def test_of_a_long_story_the_middle_is_left_out() -> None:
    one = Followed("k1/1", "TransactWriteItems")
    for us in range(story.LINES_MAX * 2):
        one.add(Sent(us, "k1", "r1", ANY))

    assert len(drawn(one, 80)) == story.LINES_MAX + 2
    assert any("lines are left out" in line for line in drawn(one, 80))


def test_where_columns_are_few_the_last_one_is_shared_and_names_its_nodes(lossy: Follower) -> None:
    lines = drawn(lossy.followed[0], 80)

    assert "+" in lines[0]
    assert any(": " in line for line in lines[1:])
