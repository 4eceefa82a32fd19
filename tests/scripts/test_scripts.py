"""Every golden script, played: what is written is what happens, and nothing is left behind.

`TWOPHASE_REWRITE=1 pytest tests/scripts` writes down what happens now.  Whoever commits that can
explain each line of the difference.
"""

import os
from pathlib import Path

import pytest

from coordinator.ledger import State, entry_of
from network.placement import LEDGER_TABLE
from sim.checkers.all import check_run
from sim.script import TABLES, Player, rewrite

SCRIPTS = sorted(Path(__file__).parent.glob("*.txt"))
REWRITES = os.environ.get("TWOPHASE_REWRITE") == "1"
CALM_US = 90_000_000  # Longer than any client waits.
CALMS_MAX = 5


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_what_a_script_says_is_what_happens(path: Path) -> None:
    written = path.read_text(encoding="utf-8")
    player = Player()

    played = rewrite(written, player)

    if REWRITES:
        path.write_text(played, encoding="utf-8")
    else:
        assert played.splitlines() == written.splitlines()
    assert findings(player) == []


def test_every_script_says_what_it_is_about() -> None:
    assert SCRIPTS
    for path in SCRIPTS:
        assert path.read_text(encoding="utf-8").startswith("# "), path.name


def findings(player: Player) -> list[str]:
    """Heal everything, let it come to its end, and say what is wrong then."""
    calm_down(player)
    left = unfinished(player)
    for _ in range(CALMS_MAX):
        player.cluster.loop.run_for(CALM_US)
        player.settle()
        left = unfinished(player)
        if not left:
            break
    _, found = check_run(player.history, player.witness, player.cluster, TABLES)
    return [*left, *(str(one) for one in found)]


def calm_down(player: Player) -> None:
    network = player.cluster.network
    for (source, target), link in list(network.links.items()):
        link.cut = False
        network.release(source, target)
    for name in player.cluster.all_names():
        player.cluster.start(name)


def unfinished(player: Player) -> list[str]:
    """Say what is still ongoing on any disk, or undecided or not carried out in the ledger."""
    left = []
    for name in player.cluster.disks:
        for (table, key), record in player.cluster.records_of(name):
            if record.ongoing is not None:
                left.append(f"{name}: {record.ongoing.transaction} is still ongoing on {key}")
            if table == LEDGER_TABLE and record.item is not None:
                entry = entry_of(record.item)
                if entry.state is not State.COMPLETED:
                    left.append(f"{name}: {entry.transaction.id} is {entry.state}")
    return left
