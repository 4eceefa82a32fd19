"""Secondary indexes: which entries an item has, and what a change does to them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from items import indexes
from items.indexes import GONE, Index
from items.keys import Key, KeyAttribute, KeySchema
from items.values import Item

TABLE = KeySchema(KeyAttribute("k", "S"), KeyAttribute("s", "S"))
KEY: Key = ("S", "a"), ("S", "b")
FULL = KeySchema(KeyAttribute("x", "S"), KeyAttribute("y", "N"))
INDEXES = (
    Index("all", "t#all#0", FULL, "ALL"),
    Index("keys", "t#keys#0", KeySchema(KeyAttribute("x", "S")), "KEYS_ONLY"),
    Index("some", "t#some#0", KeySchema(KeyAttribute("y", "N")), "INCLUDE", ("x", "z")),
    Index(
        "inverted", "t#inverted#0", KeySchema(TABLE.sort or TABLE.partition, TABLE.partition), "ALL"
    ),
    Index(
        "local",
        "t#local#0",
        KeySchema(KeyAttribute("k", "S"), KeyAttribute("y", "N")),
        "KEYS_ONLY",
        is_local=True,
    ),
)
VALUES = st.one_of(
    st.sampled_from([("S", "1"), ("S", "2"), ("S", ""), ("N", "1"), ("N", "2"), ("BOOL", True)])
)
ITEMS = st.none() | st.dictionaries(st.sampled_from("xyz"), VALUES).map(
    lambda more: {"k": KEY[0], "s": KEY[1], **more}
)


def entries(index: Index, item: Item | None) -> dict[Key, Item]:
    """Say what an index has of an item, in other words than the rules'."""
    if item is None:
        return {}
    schema = index.schema
    wanted = [schema.partition, *([schema.sort] if schema.sort else [])]
    values = [item.get(one.name) for one in wanted]
    found = []
    for one, value in zip(wanted, values, strict=True):
        if value is None or value[0] != one.type or value[1] == "":
            return {}
        found.append(value)
    names = {"k", "s", *(one.name for one in wanted), *index.included}
    shown = {n: v for n, v in item.items() if index.projection == "ALL" or n in names}
    return {(*found, *(KEY[1:] if index.is_local else KEY)): shown}


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.sampled_from(INDEXES), st.lists(ITEMS, max_size=6))
def test_an_index_that_hears_of_every_change_has_what_the_item_comes_to(
    index: Index, history: list[Item | None]
) -> None:
    kept: dict[Key, Item] = {}
    before: Item | None = None
    for after in history:
        changes = list(indexes.changed_entries(index, TABLE, KEY, before, after))
        assert len({place for place, _ in changes}) == len(changes)
        for place, entry in changes:
            assert kept.get(place) != entry, "what stays as it was is not sent"
            kept[place] = entry
        before = after
        assert {place: one for place, one in kept.items() if one != GONE} == entries(index, after)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.sampled_from(INDEXES), ITEMS)
def test_where_an_entry_is_can_be_told_and_read_again(index: Index, item: Item | None) -> None:
    place = indexes.entry_key(index, KEY, item)
    if place is None:
        return
    attributes = indexes.entry_attributes(index, TABLE, place)

    assert set(attributes) == set(indexes.names_of(index, TABLE))
    assert item is not None
    assert attributes.items() <= item.items()
    assert indexes.entry_key_of_request(index, TABLE, attributes) == place


def test_what_is_missing_may_be_written_and_what_cannot_be_a_key_may_not() -> None:
    indexes.refuse_unindexable(INDEXES, {"k": KEY[0], "s": KEY[1]}, is_update=False)
    indexes.refuse_unindexable(INDEXES, {"x": ("S", "1"), "y": ("N", "0")}, is_update=True)


def test_an_item_weighs_more_where_a_local_index_shows_it() -> None:
    plain: Item = {"k": KEY[0], "s": KEY[1], "x": ("S", "1")}
    shown: Item = {**plain, "y": ("N", "1")}

    alone = indexes.collection_bytes(INDEXES, TABLE, KEY, plain)
    both = indexes.collection_bytes(INDEXES, TABLE, KEY, shown)

    assert alone == sum(len(name) + 1 for name in plain)
    assert both == alone + 3 + (2 + 2 + 3)  # The attribute, and the entry: k, s and y.
