"""From the outbox to the index: across silence, crashes and splits, and only what is durable."""

import pytest

from network.placement import Range
from sim.settings import Shape
from tests.router.harness import World
from tests.router.indexed import Json, index, query, table, texts

PETS = table("pk", types={"pk": "S", "food": "S"}, remote=[index("by-food", "food")])


def world_of_pets(partitions: int = 4) -> World:
    world = World(shape=Shape(clients=0, partitions=partitions))
    world.ok("CreateTable", PETS)
    world.wait_for_status("pets", "ACTIVE")
    return world


def pet(name: str, food: str) -> Json:
    return texts(pk=name, food=food)


def owner(world: World, value: str) -> str:
    return world.cluster.placement_now().owner("t", (("S", value),))


def elsewhere(world: World, name: str) -> str:
    """Find a food whose entries another partition keeps than the pet's own."""
    return next(f"food {n}" for n in range(99) if owner(world, f"food {n}") != owner(world, name))


def eaters(world: World, food: str) -> list[str]:
    return sorted(
        item["pk"]["S"] for item in world.ok("Query", query("by-food", "food", food))["Items"]
    )


def outboxes(world: World) -> int:
    return sum(
        key[0].endswith("#outbox")
        for name in world.cluster.partitions
        for key in world.cluster.disks[name].contents.records
    )


def test_an_entry_waits_for_an_owner_that_is_down() -> None:
    world = world_of_pets()
    food = elsewhere(world, "rex")
    world.cluster.crash(owner(world, food))
    world.put(pet("rex", food))
    world.loop.run_for(10_000_000)
    assert outboxes(world) == 1

    world.cluster.start(owner(world, food))
    world.loop.run_for(3_000_000)

    assert eaters(world, food) == ["rex"]
    assert outboxes(world) == 0


def test_an_entry_survives_the_crash_of_its_sender() -> None:
    world = world_of_pets()
    food, sender = elsewhere(world, "rex"), owner(world, "rex")
    link = world.cluster.network.link(sender, owner(world, food))
    link.cut = True
    world.put(pet("rex", food))
    world.loop.run_for(100_000)

    world.cluster.crash(sender)
    link.cut = False
    world.loop.run_for(1_000_000)
    assert eaters(world, food) == []
    world.cluster.start(sender)
    world.loop.run_for(1_000_000)

    assert eaters(world, food) == ["rex"]


def test_who_is_away_holds_up_nobody_else() -> None:
    world = world_of_pets()
    away = elsewhere(world, "rex")
    foods = [f"meal {n}" for n in range(40)]
    there = next(food for food in foods if owner(world, food) != owner(world, away))
    world.cluster.crash(owner(world, away))
    world.put(pet("rex", away))
    sender = owner(world, "rex")
    name = next(f"pet {n}" for n in range(99) if owner(world, f"pet {n}") == sender)

    world.put(pet(name, there))
    world.loop.run_for(50_000)

    assert eaters(world, there) == [name]


@pytest.mark.parametrize("who", ["sender", "owner"])
def test_an_entry_finds_its_way_through_a_split(who: str) -> None:
    world = world_of_pets(2)
    cluster = world.cluster
    food, sender = elsewhere(world, "rex"), owner(world, "rex")
    keeper = owner(world, food)
    cluster.network.link(sender, keeper).cut = True
    names = [f"pet {n}" for n in range(200) if owner(world, f"pet {n}") == sender][:12]
    for name in names:
        world.put(pet(name, food))
    parent = sender if who == "sender" else keeper
    served: Range = cluster.placement.range_of(parent)
    child = cluster.add_for_split(parent)
    cluster.start(child)

    assert cluster.split(parent, (served.first + served.end) // 2, child)
    world.loop.run_for(3_000_000)
    assert cluster.placement_now().record.number == 1
    cluster.network.link(sender, keeper).cut = False
    world.loop.run_for(8_000_000)

    assert eaters(world, food) == sorted(names)
    assert outboxes(world) == 0


def test_many_entries_go_in_few_messages() -> None:
    """What waits while one message is under way goes with the next."""
    world = world_of_pets(1)
    link = world.cluster.network.link("p1", "p1")
    link.cut = True
    for n in range(150):
        world.put(pet(f"pet {n}", "fish"))
    link.cut = False
    sent = count_of(world)
    world.loop.run_for(3_000_000)

    assert len(eaters(world, "fish")) == 150
    assert count_of(world) - sent < 10


def count_of(world: World) -> int:
    """Count what the partition has said to itself."""
    return int(world.cluster.network.link("p1", "p1").sent)


class Crasher:
    """Crashes a host as its next write is about to be durable; a `sim.disk.DiskWatcher`."""

    def __init__(self, world: World) -> None:
        self.cluster, self.crashes = world.cluster, 0

    def appended(self, host: str, number: int) -> None: ...

    def durable_next(self, host: str, number: int) -> None:
        self.crashes += 1
        self.cluster.disks[host].watcher = None
        self.cluster.crash(host, keeps=0)

    def durable_now(self, host: str, number: int) -> None: ...


def test_a_write_that_is_lost_leaves_nothing_in_an_index() -> None:
    world = world_of_pets()
    food, sender = elsewhere(world, "rex"), owner(world, "rex")
    crasher = Crasher(world)
    world.put(pet("tim", food))
    world.loop.run_for(100_000)
    world.cluster.disks[sender].watcher = crasher

    answer = world.ask("PutItem", {"TableName": "pets", "Item": pet("rex", food)})
    world.cluster.start(sender)
    world.loop.run_for(5_000_000)

    assert (answer.status, crasher.crashes) == (500, 1)
    assert world.get(texts(pk="rex")) is None
    assert eaters(world, food) == ["tim"]
