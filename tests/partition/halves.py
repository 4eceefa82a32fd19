"""A partition that splits in the middle of the hash space: names on either side, and its child."""

import pytest

from items.keys import placement_hash
from network.messages import Done, Message, Serve, Split
from network.placement import HASHES, NOTHING, Placement, PlacementRecord
from partition.machine import Machine
from partition.options import PartitionOptions
from partition.split import Holding
from partition.storage import Contents, Stored
from tests.builders import Partition, key

AT = HASHES // 2
LOW, LOWER = [name for name in "abcdefghijklm" if placement_hash(key(name)) < AT][:2]
HIGH, HIGHER = [name for name in "abcdefghijklm" if placement_hash(key(name)) >= AT][:2]
CONFIGURED = Placement(["p1"], ["l1"]).record
GIVEN = CONFIGURED.split("p1", AT, "p2")


class Child(Partition):
    """A new node with an empty disk, which owns nothing yet."""

    def __init__(self) -> None:
        super().__init__(NOTHING, Contents())

    def _start(self, stored: Stored) -> Machine:
        return Machine("p2", NOTHING, stored, PartitionOptions(), self.elapsed_us)


def carry(parent: Partition, child: Partition) -> None:
    """Let the child have all that the parent's split carries to it."""
    for message in parent.machine.carries():
        assert child.ask(message, source="p1") == Done(())


def settle(partition: Partition, placement: PlacementRecord) -> None:
    """Tell a partition what the placement says now."""
    partition.contents.take(partition.machine.settle(placement, partition.elapsed_us))


def both(*before: Message) -> tuple[Partition, Child]:
    """Return a parent that was asked all this, and the child that its split has led to."""
    parent, child = Partition(), Child()
    parent.ask_each(*before, Split(AT, "p2"))
    carry(parent, child)
    settle(parent, GIVEN)
    assert child.ask(Serve(GIVEN)) == Done(())
    return parent, child


def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the hashes of records that are looked at from now on, whether they are to be kept."""
    looked_at: list[int] = []
    keeps = Holding.keeps

    def noted(holding: Holding, place: int) -> bool:
        looked_at.append(place)
        return keeps(holding, place)

    monkeypatch.setattr(Holding, "keeps", noted)
    return looked_at
