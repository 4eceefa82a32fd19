"""What is unfinished in calm is told with why: how far it is, and whom it waits for."""

import pytest

from router.server import RouterServer
from sim.checkers.calm import check_calm, is_settled, unfinished_tables
from sim.checkers.finding import Finding
from sim.cluster import Cluster
from sim.cluster_run import Run
from sim.scenario import load
from sim.script import Player

WRITTEN = "k1: write put(a, 0) put(b, 0)"


def told(*blocks: str) -> list[str]:
    """Play blocks of a script, and say what is unfinished then."""
    player = Player()
    for block in blocks:
        player.play(line.strip() for line in block.strip().splitlines())
    found = list(check_calm(player.cluster, player.witness.table_names))
    assert is_settled(player.cluster) == (not found)
    assert {one.kind for one in found} <= {"unfinished"}
    return [one.explanation for one in found]


def test_what_is_finished_is_settled() -> None:
    assert told(WRITTEN) == []


def test_a_transaction_that_nobody_decides_is_told_from_both_sides() -> None:
    found = told(WRITTEN, "hold p1>c1 p2>c1\nk1: write put(a, 1) put(b, 1)", "crash c1")

    assert len(found) == 3
    assert all("it waits for a decision, and the ledger has none" in one for one in found[:2])
    assert found[2].endswith("as PREPARING: everything is promised, and nobody has decided")


def test_a_transaction_that_waits_for_another_says_for_which() -> None:
    found = told(
        "cluster coordinators=2",
        WRITTEN,
        "hold p1>c1\nk1: write put(a, 1) [via=c1]",
        "hold p1>c2\nk2: write put(a, 2) put(b, 2) [via=c2]",
        "crash c1\ncrash c2",
    )

    waiting = next(one for one in found if "it has no promise of" in one)
    assert "is ongoing there, on p1" in waiting


def test_a_commit_that_has_not_arrived_is_told() -> None:
    found = told(
        WRITTEN,
        "hold p2>c1\nk1: write put(a, 1) put(b, 1)",
        "hold c1>p2\nrelease p2>c1",
        "crash c1",
    )

    assert len(found) == 2
    assert found[0].endswith("it is decided, and its commit has not been carried out here")
    assert "as COMMITTING: p2 has not carried it out on items b" in found[1]


def test_an_end_that_nobody_noted_is_told() -> None:
    found = told(
        WRITTEN, "hold p1>c1\nk1: write put(a, 1)", "hold p2>c1\nrelease p1>c1", "crash c1"
    )
    assert found == []  # It is completed: p2 has no part in it.

    found = told(WRITTEN, "k1: write put(a, 1) put(b, 1) [via=c1]\nhold c1>p1 c1>p2", "crash c1")
    assert all("nobody" in one or "no promise" in one or "waits" in one for one in found)


# Tables that are on their way.

DELETE = {
    "TableName": "Tasks",
    "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "by-person"}}],
}


async def delete_index(router: RouterServer) -> None:
    await router.api.call("UpdateTable", DELETE, call=None, request="k9#1")


class WithTheMoverDead(Run):
    """A run whose trouble ends as a router crashes that was to delete an index."""

    def _calm(self) -> list[Finding]:
        cluster, router = self.cluster, self.cluster.servers["r1"]
        assert isinstance(router, RouterServer)
        cluster.hosts["r1"].spawn(delete_index(router))
        while not any(unfinished_tables(cluster)):
            self.loop.run_for(100)
        cluster.crash("r1")
        cluster.start("r1")
        return super()._calm()


def with_the_mover_dead() -> Run:
    settings = {"workload.transactions": "10", "faults.crashes": "0", "network.loss": "0"}
    return WithTheMoverDead(load("indexes", settings), 1)


def test_a_table_whose_mover_is_dead_is_taken_to_its_end_in_the_calm() -> None:
    going = with_the_mover_dead()

    assert going.go().findings == ()
    assert list(unfinished_tables(going.cluster)) == []


def test_a_table_that_nobody_takes_to_its_end_is_told_with_its_indexes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Cluster, "look_for_tables", lambda _: None)

    found = [one for one in with_the_mover_dead().go().findings if one.checker == "calm"]

    assert [one.explanation for one in found] == [
        "l1: table Tasks is still UPDATING, its index by-person DELETING:"
        " nobody has taken it to its end"
    ]
