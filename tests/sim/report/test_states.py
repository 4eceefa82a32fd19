"""What the page says that each disk has: the same as the disks have."""

import pytest

from network.placement import LEDGER_TABLE, is_internal
from sim.cluster_run import Run
from sim.report.diagram import node_names
from sim.report.naming import Names
from sim.report.recording import Durable, Recording
from sim.report.states import GONE, writes_of
from tests.sim.report.builders import recorded_run

RUNS = {
    "singletons and deletes": ("game-shop", 2, {"workload.transactions": "60"}),
    "crashes and torn writes": (
        "bank",
        3,
        {"workload.transactions": "60", "faults.crashes": "4", "faults.torn_writes": "2"},
    ),
    "a split": ("bank", 4, {"workload.transactions": "60", "faults.partition_splits": "2"}),
}


@pytest.fixture(params=RUNS, scope="module")
def known(request: pytest.FixtureRequest) -> tuple[Recording, Run]:
    return recorded_run(*RUNS[request.param])


def replayed(recording: Recording) -> tuple[Names, dict[int, dict[object, object]]]:
    """Go through the changes as the page does."""
    names = Names(recording.moments)
    for name in node_names(recording.moments):
        names.nodes[name] = len(names.nodes)
    disks: dict[int, dict[object, object]] = {}
    for write in writes_of(recording.moments, names, []):
        kept = disks.setdefault(write["node"], {})
        for place, row in write["records"]:
            if row == GONE:
                kept.pop(place, None)
            else:
                kept[place] = row
    return names, disks


def test_each_disk_has_in_the_end_what_the_page_says(known: tuple[Recording, Run]) -> None:
    recording, run = known
    names, disks = replayed(recording)
    seen = 0
    for name, disk in run.cluster.disks.items():
        kept = disks.get(names.nodes[name], {})
        records = {
            key: record
            for key, record in disk.contents.records.items()
            if key[0] == LEDGER_TABLE or not is_internal(key[0])
        }
        assert len(kept) == len(records), name
        for key, record in records.items():
            place = str(key[1][0][1]) if key[0] == LEDGER_TABLE else names.item(key)
            row = kept[place]
            assert isinstance(row, list)
            if key[0] != LEDGER_TABLE:
                assert row[2] == record.lsn
                assert row[1] == names.words.timestamp(record.timestamp)
            seen += 1
    assert seen > 20


def test_every_durable_change_is_told(known: tuple[Recording, Run]) -> None:
    recording, _ = known
    names = Names(recording.moments)
    for name in node_names(recording.moments):
        names.nodes[name] = len(names.nodes)
    told = writes_of(recording.moments, names, [])

    assert len(told) == sum(isinstance(moment, Durable) for moment in recording.moments)
    assert {"promised", "applied", "freed", "PREPARING", "COMPLETED"} <= {
        one["what"] for one in told
    }
