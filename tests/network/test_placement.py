"""Placement: every key has one owner, and the owner's range is what it says (§3.1)."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from network.placement import HASHES, LEDGER_TABLE, TABLES_TABLE, Placement, is_internal
from tests.items.strategies import texts

counts = st.integers(1, 300)
keys = texts().map(lambda text: (("S", text),))


def placement(partitions: int, ledgers: int = 1) -> Placement:
    return Placement(
        [f"p{n}" for n in range(1, partitions + 1)], [f"l{n}" for n in range(1, ledgers + 1)]
    )


@given(counts, counts)
def test_the_ranges_cover_every_hash_once(partitions: int, ledgers: int) -> None:
    placed = placement(partitions, ledgers)

    for nodes in (placed.partitions, placed.ledgers):
        ranges = [placed.range_of(node) for node in nodes]
        assert [ranges[0].first, ranges[-1].end] == [0, HASHES]
        assert all(one.end == other.first for one, other in pairwise(ranges))
        assert all(one.first < one.end for one in ranges)


@given(counts, counts, keys)
def test_an_owner_has_the_keys_that_it_owns_and_nobody_else_has(
    partitions: int, ledgers: int, key: tuple[tuple[str, str]]
) -> None:
    placed = placement(partitions, ledgers)

    for table in ("t", LEDGER_TABLE):
        having = [node for node in placed.owners(table) if placed.range_of(node).has(key)]
        assert having == [placed.owner(table, key)]


@given(counts, keys, texts())
def test_items_with_one_partition_key_are_neighbours(
    partitions: int, key: tuple[tuple[str, str]], sort: str
) -> None:
    placed = placement(partitions)

    assert placed.owner("t", key) == placed.owner("t", (*key, ("S", sort)))


def test_internal_tables_live_on_ledger_nodes() -> None:
    placed = placement(3, 2)

    assert placed.owners(LEDGER_TABLE) == placed.owners(TABLES_TABLE) == ("l1", "l2")
    assert placed.owners("t") == ("p1", "p2", "p3")
    assert is_internal(LEDGER_TABLE)
    assert not is_internal("t")
