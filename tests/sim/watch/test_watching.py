"""What a live view is made from: events in, a picture out; it agrees with the run's own books."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from network.lossy import Link
from network.messages import Log, Request, to_frame
from network.placement import LEDGER_TABLE, is_internal
from network.weather import CARRIED, LOST, REPEATED, Uniform, Weather
from sim.chance import NamedChance
from sim.cluster import Cluster
from sim.cluster_run import Run
from sim.figures import figures_of
from sim.result import Result
from sim.scenario import load
from sim.trace import Event
from sim.watch.nodes import folded, in_order
from sim.watch.picture import DOWN, PAUSED, UP, Node, Picture
from sim.watch.watching import DECIDED_MAX, HAPPENED_MAX, NAMES_MAX, RecentWords, Watching


def watched(scenario: str, seed: int = 1, **settings: str) -> tuple[Run, Result, Watching]:
    """Run a scenario to its end while somebody watches."""
    keys = {name.replace("__", "."): value for name, value in settings.items()}
    run, watching = Run(load(scenario, keys), seed), Watching()
    run.listen(watching)
    result = run.go()
    watching.answered(run.history)
    return run, result, watching


# A transaction, step by step.


def test_a_transaction_is_followed_from_its_request_to_its_end() -> None:
    run, watching = Run(load("one-transaction"), 1), Watching()
    seen: list[tuple[str, str, str]] = []
    told = 0

    def look(event: Event) -> None:
        nonlocal told
        watching.answered(run.history.since(told))
        told = len(run.history)
        for going in watching.picture().going:
            if going.call == "k1/5":
                signs = " ".join(f"{part.item}{part.said}" for part in going.parts)
                step = going.name, going.phase, signs
                if step not in seen[-1:]:
                    seen.append(step)
        watching(event)

    run.listen(look)
    run.go()

    assert seen == [
        ("", "TransactWriteItems asked", ""),
        ("", "at c1", "a d"),
        ("t1", "at c1", "a d"),
        ("t1", "PREPARING", "a d"),
        ("t1", "PREPARING", "a? d"),
        ("t1", "PREPARING", "a? d?"),
        ("t1", "PREPARING", "a✓ d?"),
        ("t1", "PREPARING", "a✓ d✓"),
        ("t1", "COMMITTING", "a✓ d✓"),
        ("t1", "COMMITTING", "a■ d✓"),
        ("t1", "COMMITTING", "a■ d■"),
        ("t1", "COMMITTING, told committed", "a■ d■"),
    ]


def test_a_decision_is_told_with_its_reasons_by_item() -> None:
    _, _, watching = watched("two-that-conflict")

    decided = [
        (one.outcome, {part.item: part.said for part in one.parts})
        for one in watching.picture().decided
    ]

    assert decided == [
        ("committed", {"d": "", "a": ""}),
        ("cancelled", {"a": "TransactionConflict", "d": "TransactionConflict"}),
    ]
    assert watching.picture().reasons == {"TransactionConflict": 2}


def test_what_happened_is_told_in_words_and_in_order() -> None:
    _, _, watching = watched("one-transaction")

    happened = [(one.kind, one.where, one.said) for one in watching.picture().happened]

    begins = happened.index(("delivered", "k1>r1", "TransactWriteItems"))
    assert happened[begins : begins + 8] == [
        ("delivered", "k1>r1", "TransactWriteItems"),
        ("delivered", "r1>c1", "write update a, put d"),
        ("delivered", "c1>l1", "enter t1 as PREPARING"),
        ("delivered", "l1>c1", "this is incarnation 1, ask anew"),
        ("delivered", "c1>l1", "enter t1 as PREPARING"),
        ("durable", "l1", "t1 is PREPARING"),
        ("delivered", "l1>c1", "written"),
        ("delivered", "c1>p1", "prepare t1 @48ms.c1: update a"),
    ]


# The same as the run's own books.


ALL_FAULTS = {"faults__all": "2", "workload__transactions": "40"}


@pytest.mark.parametrize(
    ("scenario", "seed"),
    [("bank", 3), ("orders-and-payments", 3), ("change-feed", 6)],
    ids=["bank", "orders and payments", "a ledger that splits"],
)
def test_at_the_end_the_picture_says_what_the_run_says(scenario: str, seed: int) -> None:
    run, result, watching = watched(scenario, seed, **ALL_FAULTS)
    picture = watching.picture()

    assert picture.outcomes == dict(figures_of(result.history).outcomes)
    assert picture.messages == result.messages
    assert picture.troubles == ()
    assert {node.state for node in picture.nodes} == {UP}
    assert [one for one in picture.going if one.name] == []
    assert disks_in(picture) == disks_of(run.cluster)


def disks_in(picture: Picture) -> dict[str, Mapping[str, int]]:
    return {node.name: dict(node.counts) for node in picture.nodes if node.name[0] in "pl"}


def disks_of(cluster: Cluster) -> dict[str, dict[str, int]]:
    """Count what the disks have, which nobody has watched."""
    found: dict[str, dict[str, int]] = {}
    for name in cluster.partitions:
        records = [one for key, one in cluster.records_of(name) if not is_internal(key[0])]
        ongoing = sum(one.ongoing is not None for one in records)
        lsn = cluster.disks[name].contents.lsn
        found[name] = {"records": len(records), "ongoing": ongoing, "lsn": lsn}
    for name in cluster.ledgers:
        states = Counter(
            str(record.item["State"][1])
            for key, record in cluster.records_of(name)
            if key[0] == LEDGER_TABLE and record.item is not None
        )
        found[name] = {"entries": states.total(), **states}
    return found


def test_watching_changes_nothing() -> None:
    bare = Run(load("bank", {"workload.transactions": "30"}), 7).go()

    _, seen, _ = watched("bank", 7, workload__transactions="30")

    assert seen.digest == bare.digest
    assert seen.messages == bare.messages


def test_in_the_middle_of_a_run_the_picture_says_what_the_disks_have() -> None:
    """Counts that only come right in the end, when all is calm, would be no use."""
    run, watching = Run(load("bank", {"workload.transactions": "50"}), 2), Watching()
    run.listen(watching)
    compared = [0]

    def compare(event: Event) -> None:
        if event.name == "message.delivered" and run.cluster.trace.delivered_count % 40 == 0:
            assert disks_in(watching.picture()) == disks_of(run.cluster)
            compared[0] += any(
                node.counts and dict(node.counts).get("ongoing")
                for node in watching.picture().nodes
            )

    run.listen(compare)
    run.go()

    assert compared[0] > 3, "promises were seen while they lasted"


# Faults.


def fault(name: str, **fields: Any) -> Event:
    return Event(1_000, name, fields)


def started(*hosts: str) -> Watching:
    watching = Watching()
    for host in hosts:
        watching(fault("host.started", host=host))
    return watching


def seen_of(watching: Watching, host: str) -> tuple[str, tuple[str, ...]]:
    node = next(one for one in watching.picture().nodes if one.name == host)
    return node.state, node.troubles


def test_a_host_is_up_or_down_or_paused() -> None:
    watching = started("p1")
    states = [seen_of(watching, "p1")[0]]
    for name in ("paused", "resumed", "crashed", "started", "paused", "crashed"):
        watching(fault(f"host.{name}", host="p1"))
        states.append(seen_of(watching, "p1")[0])

    assert states == [UP, PAUSED, UP, DOWN, UP, PAUSED, DOWN]
    assert watching.picture().troubles == ("p1 down",)


def test_a_fault_of_links_shows_at_all_their_hosts_until_it_ends() -> None:
    watching = started("c1", "p1", "p2", "p3")
    watching(fault("link.cut", link="c1>p1"))
    watching(fault("network.split", groups="c1 p1 | p2"))

    assert [seen_of(watching, host)[1] for host in ("c1", "p1", "p2", "p3")] == [
        ("cut", "split"),
        ("cut", "split"),
        ("split",),
        (),
    ]
    assert watching.picture().troubles == ("c1>p1 cut", "c1 p1 | p2 split")

    watching(fault("network.united", groups="c1 p1 | p2"))

    assert seen_of(watching, "p2") == (UP, ())
    assert watching.picture().troubles == ("c1>p1 cut",)


def test_faults_are_told_in_words() -> None:
    watching = started("l1", "c1")
    for name, fields in (
        ("host.crashed", {"host": "l1"}),
        ("host.started", {"host": "l1"}),
        ("clock.jumped", {"host": "c1", "by_us": -500}),
        ("disk.slowed", {"host": "l1", "times": 20}),
        ("link.cut", {"link": "c1>l1"}),
        ("step.happened", {"step": "crash p1 before its vote"}),
    ):
        watching(fault(name, **fields))

    assert [one.said for one in watching.picture().lost] == [
        "l1 crashed",
        "l1 started",
        "c1: clock jumped by -0.5 ms",
        "l1: disk slowed ×20",
        "c1>l1 cut",
        "step came: crash p1 before its vote",
    ]


# Messages on their way.


def link(source: str = "k1", target: str = "r1") -> Link:
    return Link(source, target, 0, Weather(Uniform(1, 1)), NamedChance(1))


def message(name: str, number: int, **more: Any) -> Event:
    frame = to_frame("k1", number, 0, Request("GetItem", {}, f"k1/{number}", 1))
    return Event(5, name, {"link": link(), "number": number, "frame": frame, **more})


def test_messages_are_on_their_way_until_each_copy_has_arrived_or_is_lost() -> None:
    watching = Watching()
    flying = []
    for event in (
        message("message.sent", 1, fate=CARRIED),
        message("message.sent", 2, fate=REPEATED),
        message("message.sent", 3, fate=LOST),
        message("message.lost", 3, because="loss"),
        message("message.delivered", 2),
        message("message.held", 1),
        message("message.delivered", 2),
        message("message.lost", 1, because="link cut"),
    ):
        watching(event)
        flying.append(watching.picture().flying)

    assert flying == [1, 3, 4, 3, 2, 2, 1, 0]
    assert [(one.kind, one.where) for one in watching.picture().lost] == [
        ("repeated", "k1>r1"),
        ("lost", "k1>r1"),
        ("lost, link cut", "k1>r1"),
    ]


def test_a_node_is_busy_until_it_replies_or_crashes() -> None:
    watching = started("r1")
    watching(message("message.sent", 1, fate=CARRIED))
    watching(message("message.delivered", 1))

    assert watching.picture().nodes[0].has == "1 request"

    watching(fault("host.crashed", host="r1"))

    assert watching.picture().nodes[0].has == ""


def test_a_follower_has_heard_of_its_partitions_log_up_to_a_place() -> None:
    watching = started("f1")
    for number, upto in ((1, 40), (2, 30)):  # The second one was overtaken.
        fields = {"link": link("p1", "f1"), "number": number}
        frame = to_frame("p1", number, 0, Log(1, 0, upto, b""))
        watching(Event(5, "message.sent", {**fields, "frame": frame, "fate": CARRIED}))
        watching(Event(6, "message.delivered", {**fields, "frame": frame}))

    assert watching.picture().nodes[0].has == "log to 40"


def test_who_reads_streams_is_no_client_whose_calls_are_in_flight() -> None:
    watching = started("s1")
    frame = to_frame("s1", 1, 0, Request("GetRecords", {}, None, 1))
    fields = {"link": link("s1", "r1"), "number": 1, "frame": frame, "fate": CARRIED}
    watching(Event(5, "message.sent", fields))

    assert watching.picture().going == ()
    assert watching.picture().flying == 1


# Limits.


def test_what_is_shown_is_limited_however_long_a_run_is() -> None:
    _, _, watching = watched("orders-and-payments", workload__transactions="70")
    picture = watching.picture()

    assert watching.decisions > DECIDED_MAX
    assert len(picture.decided) == DECIDED_MAX
    assert len(picture.happened) == HAPPENED_MAX


def test_transactions_of_long_ago_have_no_names_any_more() -> None:
    words = RecentWords()
    names = [words.transaction(f"id {n}") for n in range(NAMES_MAX + 2)]

    assert (names[0], names[-1]) == ("t1", f"t{NAMES_MAX + 2}")
    assert words.transaction(f"id {NAMES_MAX + 1}") == names[-1]
    assert words.transaction("id 0") == f"t{NAMES_MAX + 3}"
    assert len(words._transactions) == NAMES_MAX


# Rows.


def node(name: str, state: str = UP, **counts: int) -> Node:
    kinds = {"p": "partition", "k": "client", "c": "coordinator"}
    return Node(name, kinds[name[0]], state, (), "", tuple(counts.items()))


def test_nodes_stand_in_the_order_of_a_requests_way() -> None:
    hosts = ["p10", "p2", "l1", "c1", "m1", "k2", "k1", "r1", "x1"]

    assert in_order(hosts) == ["k1", "k2", "r1", "c1", "l1", "p2", "p10", "m1", "x1"]


def test_nodes_of_a_kind_are_folded_only_where_there_is_no_room() -> None:
    nodes = (
        node("k1"),
        node("k2"),
        node("c1"),
        node("c2", writes=1),
        node("p1", records=2, ongoing=1, lsn=9),
        node("p2", DOWN, records=3, ongoing=0, lsn=4),
    )

    assert folded(nodes, 6) == nodes
    assert [one.name for one in folded(nodes, 5)] == ["k1-k2", "c1", "c2", "p1", "p2"]
    assert [one.name for one in folded(nodes, 4)] == ["k1-k2", "c1", "c2", "p1-p2"]
    assert [one.name for one in folded(nodes, 1)] == ["k1-k2", "c1-c2", "p1-p2"]


def test_a_folded_row_names_who_is_down_and_adds_the_rest_up() -> None:
    nodes = (node("p1", records=2, ongoing=1, lsn=9), node("p2", DOWN, records=3, lsn=4))

    (row,) = folded(nodes, 1)

    assert (row.name, row.state, row.troubles) == ("p1-p2", "1 up", ("p2 down",))
    assert row.has == "5 records, 1 ongoing, LSN 9"
