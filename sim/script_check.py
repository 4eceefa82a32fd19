"""What is wrong when a golden script is over: everything is healed, and the run is judged."""

from coordinator.ledger import State, entry_of
from network.placement import LEDGER_TABLE
from sim.checkers.all import check_run
from sim.checkers.finding import Finding
from sim.script import Player
from sim.script_stage import TABLES

CALM_US = 90_000_000  # Longer than any client waits.
CALMS_MAX = 5


def judged(player: Player) -> tuple[list[str], list[Finding]]:
    """Heal everything, let it come to its end; return what is unfinished, and what is wrong."""
    calm_down(player)
    left = unfinished(player)
    for _ in range(CALMS_MAX):
        player.cluster.loop.run_for(CALM_US)
        player.stage.settle()
        left = unfinished(player)
        if not left:
            break
    _, found = check_run(player.history, player.witness, player.cluster, TABLES)
    return left, found


def calm_down(player: Player) -> None:
    """End all faults, and bring back who is down."""
    cluster = player.cluster
    player.stage.steps.over()
    for (source, target), link in list(cluster.network.links.items()):
        link.cut = False
        cluster.network.release(source, target)
    for name in cluster.all_names():
        cluster.start(name)


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
