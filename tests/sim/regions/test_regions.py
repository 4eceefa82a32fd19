"""Runs of several regions: they end alike, and what the announcement warns of can be seen."""

import subprocess
import sys
from functools import cache

import pytest

from sim.checkers.finding import Finding
from sim.cluster_run import Run
from sim.keys import ScenarioError
from sim.regions.run import RegionsRun
from sim.result import Result
from sim.run import run
from sim.scenario import load
from sim.trace import Event

SMALL = {"workload.transactions": "25"}
MANY, SOME = 300, 4  # Seeds of the long run, and of the ordinary one.
ALONE = (
    "from sim.run import run\nfrom sim.scenario import load\n"
    "print(run(load('global-tables', {'workload.transactions': '25'}), 3).digest)"
)


@cache
def one() -> Result:
    return run(load("global-tables"), 1)


def test_two_regions_agree_in_the_end_and_every_check_holds() -> None:
    result = one()

    assert result.findings == ()
    assert result.checks[-2:] == ("replication", "snapshots")
    assert result.regions is not None
    assert [each.name for each in result.regions.regions] == ["us-east-1", "eu-west-1"]
    assert all(each.outcomes["committed"] and each.arrived for each in result.regions.regions)
    assert result.regions.is_gone
    assert result.faults["region_cuts"] == 1


def test_readers_elsewhere_see_what_the_announcement_warns_of() -> None:
    found = one().regions

    assert found is not None
    assert found.partial
    assert found.lost
    assert 0 < found.lost_updates <= len(found.lost)
    assert "in one transaction" in found.partial[0].explanation
    assert "as it was before" in found.partial[0].explanation
    assert "is gone, although its client was told" in found.lost[0].explanation
    assert all(call.startswith(("us-east-1.k", "eu-west-1.k")) for call in found.lost[0].calls)


def test_the_lag_is_at_least_what_a_link_takes() -> None:
    found = one().regions

    assert found is not None
    assert found.lag_us is not None
    assert 30_000 < found.lag_us.p50 <= found.lag_us.p99 <= found.lag_us.most


def test_the_same_seed_is_the_same_run_in_any_process() -> None:
    here = run(load("global-tables", SMALL), 3).digest
    there = subprocess.run(
        [sys.executable, "-c", ALONE], capture_output=True, text=True, check=True
    )

    assert run(load("global-tables", SMALL), 3).digest == here
    assert there.stdout.strip() == here
    assert run(load("global-tables", SMALL), 4).digest != here


def test_nodes_of_one_name_draw_differently_in_two_regions() -> None:
    going = RegionsRun(load("global-tables", SMALL), 1)
    first, second = (each.cluster.chance.site("p1 clock") for each in going.runs)

    assert [first.below(1_000) for _ in range(9)] != [second.below(1_000) for _ in range(9)]


def test_what_happens_is_told_with_the_regions_names() -> None:
    links: dict[str, bool] = {}

    def listen(event: Event) -> None:
        if event.name == "message.sent":
            link = event.fields["link"]
            links[f"{link.source}>{link.target}"] = True

    run(load("global-tables", SMALL), 1, listeners=(listen,))

    assert {"us-east-1.k1>us-east-1.r1", "eu-west-1.x1>eu-west-1.p1"} <= set(links)
    assert {"us-east-1.x1>eu-west-1.x1", "eu-west-1.x1>us-east-1.x1"} <= set(links)
    assert all(name.count(".") == 2 for name in links)


def test_what_all_ends_with_is_read_though_no_units_are_left() -> None:
    few = {"cluster.read_units": "1", "cluster.write_units": "1", "regions.names": "2"}

    for transactions in ("true", "false"):
        settings = {**few, "workload.transactions": "10", "regions.transactions": transactions}
        result = run(load("hot-keys", settings), 1)

        assert result.findings == ()


IMPATIENT = {
    "client.attempts_max": "2",
    "client.attempt_deadline_us": "36000",
    "network.delay_us": "2000..6000",
}
ONCE = {"client.attempts_max": "1", "faults.crashes": "30", "cluster.routers": "5"}


@pytest.mark.parametrize("limits", [{"protocol.answer_deadline_us": "1000"}, IMPATIENT, ONCE])
def test_what_all_ends_with_is_read_whatever_the_time_limits(limits: dict[str, str]) -> None:
    settings = {**SMALL, **limits, "regions.transactions": "true"}

    for seed in range(3):
        assert run(load("global-tables", settings), seed).findings == ()


def test_a_run_of_one_cluster_refuses_several_regions() -> None:
    with pytest.raises(ScenarioError, match="has several regions, and this looks into one cluster"):
        Run(load("global-tables"), 1)


def test_transactions_are_refused_unless_they_are_asked_for() -> None:
    result = run(load("global-tables", {**SMALL, "regions.transactions": "false"}), 1)
    refused = [each for each in result.history if each.is_transaction]

    assert result.findings == ()
    assert refused
    assert {each.error for each in refused if not each.is_unknown} == {"ValidationException"}
    assert "Transactions are disabled on global tables" in refused[0].answer["message"]
    assert result.regions is not None
    assert result.regions.partial == ()


def test_two_writes_of_one_moment_are_one_write_in_the_end() -> None:
    # Both regions do the same at the same µs: the region's name decides.
    step = {
        "regions.names": "2",
        "regions.transactions": "true",
        "network.delay_us": "0",
        "network.loss": "0",
        "network.repeat": "0",
        "faults.crashes": "0",
        "disk.sync_us": "300",
        "client.think_us": "1",
        "cluster.routers": "1",
        "cluster.coordinators": "1",
        "workload.clients": "1",
        "workload.transactions": "30",
        "workload.hot": "1",
        "workload.actions": "1",
        "workload.mix": "100w",
        "workload.deletes": "0",
        "workload.checks": "0",
    }
    going = RegionsRun(load("hot-keys", step), 1)
    result = going.go()
    moments = [
        {write.version.us for write in seen.writes if write.version.region == seen.region}
        for seen in going.seen
    ]

    assert len(moments[0] & moments[1]) > 10
    assert result.findings == ()


@pytest.mark.slow
def test_no_seed_finds_anything(soak: bool) -> None:
    troubled = {
        "faults.partition_splits": "2",
        "faults.crashes": "3",
        "regions.cuts": "2",
        "network.loss": "0.03",
        "cluster.clock_skew_us": "50000",
        **({} if soak else SMALL),
    }
    three = {**troubled, "regions.names": "3"}
    for settings in (troubled, three):
        for seed in range(MANY if soak else SOME):
            result = run(load("global-tables", settings), seed)
            assert result.findings == (), f"seed {seed}"


def test_where_a_node_has_failed_it_is_told_what_was_left_unfinished_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    behind = Finding("replication", "unfinished", "eu-west-1 has not heard of it", ())
    going = RegionsRun(load("global-tables", SMALL), 1)

    def fail(_: object) -> list[Finding]:
        going.runs[1].failures.append(("p1", ValueError("this is wrong")))
        return [behind]

    monkeypatch.setattr("sim.regions.run.check_caught_up", fail)
    result = going.go()

    assert result.checks == ("nodes",)
    assert result.findings[0] == behind
    assert result.findings[1].explanation.startswith("eu-west-1.p1 has a bug: ValueError: this is")


def test_an_invariant_is_not_asked_for_where_regions_overwrite_each_other() -> None:
    settings = {"regions.names": "2", "regions.transactions": "true", "workload.transactions": "25"}
    result = run(load("bank", settings), 0)

    assert result.findings == ()
    assert "invariant" not in result.checks
