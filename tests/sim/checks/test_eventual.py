"""Eventual reads: what no follower may show is refused, and what is merely old is let through."""

import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from items.to_json import item_to_json
from items.values import Item
from network.messages import Envelope, Eventual, Message, Read, Reading, Readings
from partition.record import Record
from partition.storage import Changes
from sim.checkers.calm import check_calm
from sim.checkers.eventual import check_eventual
from sim.checkers.evidence import Evidence
from sim.checkers.instants import Instants
from sim.cluster_run import Run
from sim.followed import Followed, Version
from sim.history import History, Operation
from sim.scenario import load
from sim.workloads.requests import create_table
from tests.builders import at, item, ts

SMALL = {"workload.transactions": "60", "faults.steps": "[]"}


# As clients see it --------------------------------------------------------------------------------


@cache
def ran() -> Run:
    going = Run(load("stale-reads", SMALL), 1)
    assert going.go().ok
    return going


def evidence() -> Evidence:
    return Evidence(ran().history, ran().witness, ran().workload.tables)


def late_gets(known: Evidence) -> Iterator[tuple[Operation, list[Version]]]:
    """Give the answers of followers to GetItem, with all versions of their items."""
    assert known.followed is not None
    versions = {known.place(key): found for key, found in known.followed.versions.items()}
    for operation in known.calls:
        if operation.name == "GetItem" and known.is_late(operation) and operation.answer:
            ((place, _),) = known.gets(operation)
            yield operation, versions[place]


def told(operation: Operation, answer: Any) -> set[str]:
    """Have a client told something else, and return what the check finds."""
    known = evidence()
    changed = operation._replace(answer=answer)
    known.calls = [changed if one.place == operation.place else one for one in known.calls]
    return {finding.kind for finding in check_eventual(known)}


def shown(value: Item | None) -> dict[str, Any]:
    return {} if value is None else {"Item": item_to_json(value)}


def test_a_run_has_late_answers_and_no_finding() -> None:
    followed = ran().cluster.followed
    assert followed is not None
    assert any(one.age_us for one in followed.answers)
    assert list(check_eventual(evidence())) == []


def test_a_value_that_nobody_wrote_is_refused() -> None:
    operation, _ = next(late_gets(evidence()))
    false = {**operation.answer["Item"], "points": {"N": "999"}}

    assert told(operation, {"Item": false}) == {"never current"}


def test_a_value_from_the_future_is_refused() -> None:
    operation, future = next(
        (operation, version)
        for operation, versions in late_gets(evidence())
        for version in versions
        if version.us > operation.returned_us
    )

    assert told(operation, shown(future.item)) == {"never current"}


def test_every_older_version_is_let_through() -> None:
    operation, versions = next(
        (operation, versions)
        for operation, versions in late_gets(evidence())
        if sum(version.us <= operation.returned_us for version in versions) > 2
    )

    for version in versions:
        if version.us <= operation.returned_us:
            assert told(operation, shown(version.item)) == set()
    assert told(operation, {}) == set()  # As before its first write.


@pytest.mark.parametrize("name", ["Query", "Scan"])
def test_each_item_of_a_page_is_judged(name: str) -> None:
    known = evidence()
    operation = next(one for one in known.calls if one.name == name and known.is_late(one))
    *others, last = operation.answer["Items"]
    false = {**last, "points": {"N": "999"}}

    assert told(operation, {**operation.answer, "Items": [*others, false]}) == {"never current"}


def test_each_item_of_a_batch_is_judged() -> None:
    known = evidence()
    operation = next(
        one for one in known.calls if one.name == "BatchGetItem" and known.is_late(one)
    )
    (first, *others) = operation.answer["Responses"]["scores"]
    false = {**first, "points": {"N": "999"}}
    answer = {**operation.answer, "Responses": {"scores": [*others, false]}}

    assert told(operation, answer) == {"never current"}


def test_what_a_follower_had_no_part_in_of_a_batch_is_no_late_entry() -> None:
    known = evidence()
    entries = [one for one in known.operations if "." in one.call and one.name == "GetItem"]
    late = {one.call.partition(".")[0] for one in entries if known.is_late(one)}
    strong = [one for one in entries if one.call.partition(".")[0] in late and known.is_read(one)]
    chosen = next(one for one in strong if one.answer)
    false = {"Item": {**chosen.answer["Item"], "points": {"N": "999"}}}
    (attempt,) = chosen.attempts
    changed = known.by_attempt[attempt] = chosen._replace(answer=false)
    known.operations[known.operations.index(chosen)] = changed

    assert {one.transactions for one in Instants(known).findings} == {(chosen.call,)}


def test_of_a_batch_the_tables_that_are_not_asked_for_what_is_current_may_be_late() -> None:
    known = evidence()
    batch = next(one for one in known.calls if one.name == "BatchGetItem" and known.is_late(one))
    asked = {**batch.request["RequestItems"], "others": {"Keys": [], "ConsistentRead": True}}
    history = History()
    for one in ran().history:
        is_it = one.call == batch.call
        history.add(one._replace(request={"RequestItems": asked}) if is_it else one)
    tables = (*ran().workload.tables, create_table("others", "id"))

    mixed = Evidence(history, ran().witness, tables)

    assert mixed.late == known.late


def test_a_strong_read_is_never_taken_for_one_that_may_be_late() -> None:
    known = evidence()

    assert all(
        not operation.request.get("ConsistentRead")
        for operation in known.calls
        if known.is_late(operation)
    )


def test_a_follower_that_differs_in_the_end_is_unfinished() -> None:
    going = Run(load("stale-reads", {**SMALL, "workload.transactions": "5"}), 1)
    assert going.go().ok
    names = going.witness.table_names
    assert list(check_calm(going.cluster, names)) == []

    follower = going.cluster.follower("f1")
    assert follower is not None
    follower.state.keep_only(type(follower.state.range)(0, 0))

    (finding,) = check_calm(going.cluster, names)
    assert finding.kind == "unfinished"
    assert "f1" in finding.explanation


# As the witness sees it ---------------------------------------------------------------------------


@dataclass
class Loop:
    now_us: int = 0


@dataclass
class Server:
    """Stands in for a follower: its name and incarnation are all that is looked at."""

    name: str
    incarnation: int

    @property
    def host(self) -> "Server":
        return self


class Bench:
    """The witness of followers, told what became durable and what was shown."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.followed = Followed(self.loop, lambda: 0)
        self.lsn = 0

    def durable(self, name: str, value: int | None) -> None:
        self.loop.now_us += 10
        self.lsn += 1
        record = None if value is None else Record(item(name, value), ts(1), self.lsn)
        self.followed.durable("p1", Changes("k1#1", ts(1), ((at(name), record),), (), self.lsn))

    def shown(self, *readings: tuple[str, int | None, int], by: str = "f1", start: int = 1) -> None:
        """Let a follower show values, with their LSNs."""
        question = Read(tuple([at(name) for name, _, _ in readings]), 0, "k1#2")
        answer: Message = Readings(
            tuple([
                Reading(None if value is None else item(name, value), lsn, None)
                for name, value, lsn in readings
            ])
        )  # fmt: skip
        envelope = Envelope("r1", 1, 0, Eventual(question))
        server: Any = Server(by, start)
        self.followed.answered(server, envelope, answer)

    def kinds(self) -> list[str]:
        return [wrong.kind for wrong in self.followed.wrongs()]

    @property
    def ages_us(self) -> list[int]:
        return [answer.age_us for answer in self.followed.answers]


def test_what_is_kept_of_an_answer_is_small() -> None:
    count = 5_000
    bench = Bench()
    bench.durable("a", 1)

    tracemalloc.start()
    for _ in range(count):
        bench.shown(("a", 1, 1))
    kept_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert bench.ages_us == [0] * count
    assert kept_bytes < 50 * count


def test_what_is_latest_has_no_age_and_what_is_older_has_that_of_its_successor() -> None:
    bench = Bench()
    bench.durable("a", 1)
    bench.shown(("a", 1, 1))
    bench.durable("a", 2)
    bench.loop.now_us += 5
    bench.shown(("a", 1, 1))
    bench.shown(("a", None, 0))

    assert bench.ages_us == [0, 5, 15]
    assert bench.kinds() == ["out of order"]  # It was there, and then it was not yet.


def test_what_no_disk_ever_had_is_garbage() -> None:
    bench = Bench()
    bench.durable("a", 1)

    bench.shown(("a", 9, 1))
    bench.shown(("a", 1, 9))

    assert bench.kinds() == ["garbage shown"] * 2


def test_what_becomes_durable_later_was_shown_too_early() -> None:
    bench = Bench()
    bench.shown(("a", 1, 1))
    bench.durable("a", 1)

    assert bench.kinds() == ["shown too early"]


def test_one_follower_may_not_go_back() -> None:
    bench = Bench()
    bench.durable("a", 1)
    bench.durable("a", 2)

    bench.shown(("a", 2, 2))
    bench.shown(("a", 1, 1))

    assert bench.kinds() == ["out of order"]


def test_another_one_or_the_same_after_a_restart_may() -> None:
    bench = Bench()
    bench.durable("a", 1)
    bench.durable("a", 2)

    bench.shown(("a", 2, 2))
    bench.shown(("a", 1, 1), by="f2")
    bench.shown(("a", 1, 1), start=2)

    assert bench.kinds() == []


def test_one_answer_is_of_one_moment() -> None:
    bench = Bench()
    bench.durable("a", 1)
    bench.durable("a", 2)
    bench.durable("b", 3)

    bench.shown(("a", 2, 2), ("b", 3, 3))
    assert bench.kinds() == []
    bench.shown(("a", 1, 1), ("b", 3, 3), start=2)

    assert bench.kinds() == ["out of order"]


def test_two_versions_of_two_items_that_were_there_at_once_are_let_through() -> None:
    bench = Bench()
    bench.durable("a", 1)
    bench.durable("b", 2)
    bench.durable("a", 3)

    bench.shown(("a", 1, 1), ("b", 2, 2))
    bench.shown(("a", 3, 3), ("b", 2, 2))

    assert bench.kinds() == []


def test_a_deleted_item_is_missing_and_may_still_be_shown() -> None:
    bench = Bench()
    bench.durable("a", 1)
    bench.durable("a", None)

    bench.shown(("a", 1, 1))
    bench.shown(("a", None, 2))

    assert bench.kinds() == []
    assert bench.ages_us == [0, 0]  # It was deleted at this very moment.


def test_an_item_that_was_there_at_the_last_delete_is_not_missing() -> None:
    bench = Bench()
    bench.durable("a", 1)
    bench.durable("b", 2)
    bench.durable("b", None)

    bench.shown(("a", None, 0))  # As it was at first.
    assert bench.kinds() == []
    bench.shown(("a", None, 3))

    assert bench.kinds() == ["garbage shown"]


def test_a_delete_beside_a_later_write_of_the_same_append_is_no_older_version() -> None:
    bench = Bench()
    bench.durable("a", 1)
    both = ((at("a"), None), (at("b"), Record(item("b", 2), ts(2), 3)))  # LSNs 2 and 3.
    bench.followed.durable("p1", Changes("t1", ts(2), both, (), 3))

    bench.shown(("b", 2, 3), ("a", None, 2))

    assert bench.kinds() == []
    assert bench.ages_us == [0]
