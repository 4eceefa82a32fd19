"""The tiny worlds that come with the product, the smallest first.

Each has something that a protocol may get wrong, and no more than that takes; together they find
every mutant of the list that this project's mutants began with.  `a` lives on p1, and of two
partitions `d` on p2; of three, `e` on p2 and `d` on p3.
"""

from collections.abc import Mapping

from sim.search.explore.world import Limits, World, world_of

TWO_ITEMS = "a=0 d=0"
WRITE = "k1: write update(a, 1) update(d, 1)"

_ALL = (
    world_of(
        "refused",
        "a write transaction of which one partition must say no",
        "k1: write update(a, 1) put(d, 1 if missing showing) update(b, 1)",
        there=TWO_ITEMS,
    ),
    world_of(
        "impatient",
        "the same, and a coordinator that may wait no longer",
        "k1: write update(a, 1) put(d, 1 if missing)",
        there=TWO_ITEMS,
        limits=Limits(timeouts=1),
    ),
    world_of(
        "refused-taken-over",
        "the same, and recovery that takes over from a coordinator that is only slow",
        "k1: write update(a, 1) put(d, 1 if missing)",
        there=TWO_ITEMS,
        limits=Limits(takeovers=1),
    ),
    world_of(
        "copied",
        "a write transaction, and one message that comes twice",
        WRITE,
        there=TWO_ITEMS,
        limits=Limits(repeats=1),
    ),
    world_of(
        "crashed",
        "a write transaction, a crash, and recovery that may take over from the living",
        WRITE,
        there=TWO_ITEMS,
        limits=Limits(crashes=1, takeovers=1),
    ),
    world_of(
        "asked-again",
        "a write transaction that its client asks for again, of another coordinator",
        WRITE,
        there=TWO_ITEMS,
        limits=Limits(retries=1),
    ),
    world_of(
        "refused-asked-again",
        "a put that is refused and asked for again, and a delete that would let it through",
        "k1: write put(a, 1 if missing)\nk2: delete a",
        there="a=0",
        limits=Limits(retries=1),
    ),
    world_of(
        "zombie",
        "a write transaction that two coordinators drive, of which one may give up waiting",
        WRITE,
        there=TWO_ITEMS,
        limits=Limits(takeovers=1, timeouts=1),
    ),
    world_of(
        "looked-at",
        "a write transaction that makes an item, and somebody who looks at both",
        "k1: write update(a, 1) put(d, 1)\nk2: get a\nk3: get d",
        there="a=0",
    ),
    world_of(
        "hastily-looked-at",
        "the same two items, and a coordinator that may wait no longer",
        f"{WRITE}\nk2: get a\nk3: get d",
        there=TWO_ITEMS,
        limits=Limits(timeouts=1),
    ),
    world_of(
        "perhaps-deleted",
        "a transaction that would delete an item, and is refused, and somebody who looks",
        "k1: write delete(a) put(d, 1 if missing)\nk2: get a",
        there=TWO_ITEMS,
    ),
    world_of(
        "copied-put",
        "two puts of one item, a copy of one of them, and a crash",
        "k1: put a 1\nk2: put a 2",
        there="a=0",
        limits=Limits(repeats=1, crashes=1),
    ),
    world_of(
        "written-into",
        "a conditional write transaction, and a put of one of its items",
        "k1: write update(a, 1 if = 0) update(d, 1)\nk2: put a 2",
        there=TWO_ITEMS,
    ),
    world_of(
        "deleted-into",
        "a conditional write transaction, and a delete of one of its items",
        "k1: write update(a, 1 if = 0) update(d, 1)\nk2: delete a",
        there=TWO_ITEMS,
    ),
    world_of(
        "put-and-deleted",
        "a transaction that puts an item, a delete of it, and one message that comes twice",
        "k1: write put(a, 1) update(d, 1)\nk2: delete a",
        there="d=0",
        limits=Limits(repeats=1),
    ),
    world_of(
        "older-put",
        "a transaction that deletes an item, a delete beside it, and an older put",
        "k1: write delete(a)\nk2: delete b\nk3: write put(a, 3)",
        there="a=0 b=0",
        clocks_ms={"c1": 10, "c2": 5},
    ),
    world_of(
        "two-writers",
        "two write transactions that want the same two items",
        f"{WRITE}\nk2: write update(d, 2) update(a, 2)",
        there=TWO_ITEMS,
    ),
    world_of(
        "older-writer",
        "the same, but the second one's clock is behind",
        f"{WRITE}\nk2: write update(d, 2) update(a, 2)",
        there=TWO_ITEMS,
        clocks_ms={"c1": 10, "c2": 5},
    ),
    world_of(
        "checked",
        "two transactions that each check what the other one writes",
        "k1: write check(a if = 0) update(d, 1)\nk2: write check(d if = 0) update(a, 2)",
        there=TWO_ITEMS,
    ),
    world_of(
        "checked-later",
        "a transaction that checks an item, and an older one that writes it",
        "k1: write check(a if = 0) update(d, 1)\nk2: write update(a, 2)",
        there=TWO_ITEMS,
        clocks_ms={"c1": 10, "c2": 5},
    ),
    world_of(
        "two-new",
        "two transactions that each want to be the one who makes an item",
        "k1: write put(a, 1 if missing) update(d, 1)\nk2: write put(a, 2 if missing)",
        there="d=0",
    ),
    world_of(
        "read",
        "a write transaction and a read transaction, and one answer that is lost",
        f"{WRITE}\nk2: read a d",
        there=TWO_ITEMS,
        limits=Limits(losses=1),
    ),
    world_of(
        "two-writers-crashed",
        "two write transactions that want the same two items, and a crash",
        f"{WRITE}\nk2: write update(d, 2) update(a, 2)",
        there=TWO_ITEMS,
        limits=Limits(crashes=1),
    ),
    world_of(
        "comes-and-goes",
        "an item that comes and goes between the two rounds of a read transaction",
        "k1: write put(a, 1) put(e, 1)\nk2: write delete(a) put(d, 2)\nk3: read a e d",
        there="e=0 d=0",
        partitions=3,
    ),
    world_of(
        "made-anew",
        "an item that goes and is made anew between the two rounds of a read transaction",
        "k1: write delete(a) put(e, 1)\nk2: write put(a, 2) put(d, 2)\nk3: read a e d",
        there="a=0 e=0 d=0",
        partitions=3,
    ),
)
WORLDS: Mapping[str, World] = {world.name: world for world in _ALL}
