"""Placement: every key has one owner, and the owner's range is what it says (§3.1)."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from items.actions import allowed_on
from network.placement import (
    HASHES,
    LEDGER_TABLE,
    TABLES_TABLE,
    Placement,
    Range,
    changing,
    is_internal,
    placement_of,
)
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


# Splits -------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 2**31), st.integers(1, HASHES - 1)), max_size=8), keys)
def test_after_any_splits_every_hash_has_one_owner(
    splits: list[tuple[int, int]], key: tuple[tuple[str, str]]
) -> None:
    placed = placement(3, 2)
    record = placed.record
    for n, (which, at) in enumerate(splits):
        share = record.partitions[which % len(record.partitions)]
        if share.range.first < at < share.range.end:
            record = record.split(share.node, at, f"p{4 + n}")

    placed.learn(record)

    ranges = [share.range for share in placed.shares("t")]
    assert [ranges[0].first, ranges[-1].end] == [0, HASHES]
    assert all(one.end == other.first for one, other in pairwise(ranges))
    assert [node for node in placed.partitions if placed.range_of(node).has(key)] == [
        placed.owner("t", key)
    ]


def test_a_split_gives_the_upper_part_to_the_child() -> None:
    placed = placement(2)
    record = placed.record.split("p1", 1_000, "p3")

    assert placed.learn(record)

    assert placed.owners("t") == ("p1", "p3", "p2")
    assert (placed.range_of("p1"), placed.range_of("p3")) == (
        Range(0, 1_000),
        Range(1_000, HASHES // 2),
    )
    assert placed.owners(LEDGER_TABLE) == ("l1",)


def test_only_what_is_newer_is_learned() -> None:
    placed = placement(2)
    first = placed.record.split("p1", 1_000, "p3")
    second = first.split("p3", 2_000, "p4")
    assert placed.learn(second)

    assert not placed.learn(first)
    assert not placed.learn(second)
    assert not placed.learn(None)
    assert placed.owners("t") == ("p1", "p3", "p4", "p2")


def test_what_one_node_learns_is_not_known_to_another() -> None:
    one = placement(2)
    other = one.copy()

    one.learn(one.record.split("p1", 1_000, "p3"))

    assert other.owners("t") == ("p1", "p2")


def test_the_configured_place_of_a_hash_never_changes() -> None:
    placed = placement(2)
    before = [placed.configured_place("t", place) for place in (0, 1_000, HASHES - 1)]

    placed.learn(placed.record.split("p1", 1_000, "p3"))

    assert before == [placed.configured_place("t", place) for place in (0, 1_000, HASHES - 1)]
    assert before == [0, 0, 1]


@pytest.mark.parametrize("count", [1, 2])
def test_a_placement_is_written_over_the_one_before_it_only(count: int) -> None:
    """By its number: nothing, then 1, then 2 and so on."""
    records = [placement(2).record]
    for n in range(count):
        records.append(records[-1].split("p1", 1_000 - n, f"p{3 + n}"))
    before = changing(records[-2]).item if count > 1 else None
    late = changing(records[-1].unchanged()).item

    write = changing(records[-1])

    assert allowed_on(write, before)
    assert not allowed_on(write, write.item)
    assert not allowed_on(write, late)
    assert placement_of(write.item) == records[-1]
