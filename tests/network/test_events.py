"""Events: which of them nodes note about themselves, and which only a witness tells of."""

from pathlib import Path

from network.events import EVENTS, WITNESSED

ROOT = Path(__file__).parent.parent.parent
NODES = ("network", "partition", "coordinator", "replication", "router")


def test_what_no_node_notes_a_witness_tells() -> None:
    paths = [path for package in NODES for path in (ROOT / package).rglob("*.py")]
    sources = [path.read_text(encoding="utf-8") for path in paths if path.name != "events.py"]
    noted = {event for event in EVENTS if any(f'"{event}"' in source for source in sources)}

    assert noted == EVENTS.keys() - WITNESSED
