"""A write that waits in a router until all else has come to rest, and its client has left."""

from pathlib import Path

import pytest

from sim.result import Result
from sim.run import run
from sim.scenario import load

SCENARIO = """
[workload]
name = "listed"
clients = 1
there = "a=x b=y"
requests = "k1: put a 1\\nk1: put b 2"
linger_us = 0

[cluster]
routers = 1

[protocol]
table_cache_us = 1

[client]
attempts_max = 1
attempt_deadline_us = 20_000

[faults]
steps = ["cut r1>l1 before request #1 is sent for 20s"]
"""
SEEDS = range(1, 5)


def runs(directory: Path, asks_again_us: int, settings: dict[str, str]) -> list[Result]:
    """Run it while the router asks the ledger again for its table in the midst of calm."""
    path = directory / "late.toml"
    path.write_text(SCENARIO)
    pause = str(asks_again_us)
    keys = {"protocol.repeat_first_us": pause, "protocol.repeat_most_us": pause}
    return [run(load(str(path), keys | settings), seed) for seed in SEEDS]


@pytest.mark.parametrize("asks_again_us", [104_000, 111_000, 118_000, 125_000, 132_000])
def test_readers_of_streams_see_it(tmp_path: Path, asks_again_us: int) -> None:
    streams = {
        "cluster.partitions": "1",
        "cluster.streams": "NEW_IMAGE",
        "cluster.stream_readers": "3",
    }

    for result in runs(tmp_path, asks_again_us, streams):
        assert result.findings == ()


@pytest.mark.parametrize("asks_again_us", [20_000, 25_000, 40_000])
def test_all_regions_see_it_in_the_end(tmp_path: Path, asks_again_us: int) -> None:
    regions = {"regions.names": "2", "regions.delay_us": "1000..2000"}

    for result in runs(tmp_path, asks_again_us, regions):
        assert result.findings == ()


def test_a_reader_that_gives_up_soon_comes_to_the_end_nevertheless() -> None:
    """Its streams are asked of fifty ledger nodes, which takes longer than it waits."""
    hurry = {"client.attempt_deadline_us": "12361", "cluster.ledgers": "50"}
    streams = {"cluster.streams": "NEW_IMAGE", "workload.transactions": "5"}

    for seed in SEEDS:
        assert run(load("game-shop", hurry | streams), seed).findings == ()


def test_a_reader_of_much_has_time_as_long_as_it_gets_on() -> None:
    """A page takes seconds here, so that all of them take longer than calm may last."""
    slow = {"network.delay_us": "300000..700000", "client.attempt_deadline_us": "10000000"}
    much = {"workload.transactions": "60", "workload.clients": "20", "cluster.partitions": "8"}
    expiring = {"cluster.stream_readers": "2", "protocol.iterator_valid_us": "1500000"}

    for seed in SEEDS:
        assert run(load("change-feed", slow | much | expiring), seed).findings == ()
