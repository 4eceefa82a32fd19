"""Secondary indexes in one partition, asked directly: what waits, what is kept, what is refused."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from items.actions import Check, Put, Update
from items.indexes import GONE, Index, collection_bytes, index_id
from items.keys import Key, KeyAttribute, KeySchema
from items.limits import ITEM_SIZE_BYTES_MAX
from items.values import Item
from network.ids import NEVER, TableId, first_number
from network.messages import (
    Accept,
    Backfill,
    Done,
    DropTable,
    Envelope,
    Filled,
    IndexEntry,
    NotMine,
    OfRange,
    OpenTable,
    Page,
    Propagate,
    Read,
    Reject,
    Scan,
    Serve,
    SetTable,
    Split,
    Votes,
    WriteRefused,
    Written,
)
from network.settings import TableSettings
from partition import indexed
from partition.indexed import is_outbox, outbox_of
from partition.machine import Machine
from partition.now import Now
from partition.options import PartitionOptions
from partition.sqlite import SqliteStorage
from partition.storage import Changes
from sim.mutants.catalogue import MUTANTS, applied
from tests.builders import EVERYTHING, Partition, cancel, commit, delete, prepare, ts, write
from tests.partition.halves import AT, CONFIGURED, GIVEN, Child, settle
from tests.partition.mailbox import Mailbox

PETS = TableId("pets")
SORTED = KeySchema(KeyAttribute("k", "S"), KeyAttribute("s", "S"))
BY_FOOD = Index(
    "by-food", index_id(PETS, "by-food", 0), KeySchema(KeyAttribute("food", "S")), "ALL"
)
BY_AGE = Index(
    "by-age",
    index_id(PETS, "by-age", 0),
    KeySchema(KeyAttribute("k", "S"), KeyAttribute("age", "N")),
    "KEYS_ONLY",
    is_local=True,
)
SETTINGS = TableSettings(indexes=(BY_FOOD, BY_AGE))


def pet(s: str = "1", *, k: str = "rex", **attributes: Any) -> Item:
    kinds = {str: "S", int: "N", bool: "BOOL"}
    typed = {name: (kinds[type(value)], str(value)) for name, value in attributes.items()}
    return {"k": ("S", k), "s": ("S", s), **typed}


def own_key(s: str = "1", k: str = "rex") -> Key:
    return ("S", k), ("S", s)


def putting(item: Item) -> Put:
    return Put(PETS, (item["k"], item["s"]), item)


def setting(expression: str, **values: Any) -> Update:
    typed = {f":{name}": value for name, value in values.items()}
    return Update(PETS, own_key(), ("k", "s"), expression, None, {}, typed)


class Pets(Partition):
    """A partition with a table that has indexes, and one of them."""

    def __init__(self, options: PartitionOptions | None = None, *items: Item) -> None:
        self.options = options or PartitionOptions()
        super().__init__()
        assert self.ask(OpenTable(TableId(BY_FOOD.id), BY_FOOD.schema)) == Done(())
        assert self.ask(OpenTable(PETS, SORTED, SETTINGS)) == Done(())
        for item in items:
            assert self.ask(write(putting(item))) == Written(None)

    def _start(self, stored: Any) -> Machine:
        return Machine("p1", EVERYTHING, stored, self.options, self.elapsed_us)

    def waiting(self) -> dict[Key, Item]:
        """Return what waits, by the place of its entry."""
        entries = self.machine.entries
        found = {}
        for key, record in entries.waiting():
            place = entries.place_of(key)
            assert place is not None
            assert place[0] == BY_FOOD.id
            assert record.item is not None
            found[place[1]] = record.item
        return found

    def by_age(self, k: str = "rex") -> list[str]:
        page = self.ask(scan(BY_AGE.id, k))
        assert isinstance(page, Page)
        return [item["s"][1] for item in page.items]

    def by_food(self, food: str) -> list[Item]:
        page = self.ask(scan(BY_FOOD.id, food))
        assert isinstance(page, Page)
        return list(page.items)


def scan(table: str, value: str) -> Scan:
    return Scan(TableId(table), ("S", value), None, None, True, 100, None, {}, {}, "")


def place(food: str, s: str = "1", k: str = "rex") -> Key:
    return ("S", food), *own_key(s, k)


def entry(food: str, us: int, item: Item = GONE) -> Propagate:
    return Propagate(TableId(BY_FOOD.id), (IndexEntry(place(food), item, ts(us)),))


# What changes -------------------------------------------------------------------------------------


def test_what_an_index_is_to_hear_is_in_the_append_of_its_item() -> None:
    pets = Pets()

    question = write(putting(pet(food="fish")))
    output = pets.machine.step(Envelope("r1", first_number(1) + 99, 0, question), Now(1, 1))

    assert output.changes is not None
    assert [key[0] for key, _ in output.changes.records] == [PETS, outbox_of(PETS)]
    assert pets.waiting() == {place("fish"): pet(food="fish")}


def test_an_item_that_moves_leaves_its_old_place() -> None:
    pets = Pets(None, pet(food="fish"))

    pets.ask(write(setting("SET food = :f", f=("S", "beef"))))

    assert pets.waiting() == {place("fish"): GONE, place("beef"): pet(food="beef")}


def test_an_item_without_the_index_key_is_in_no_index() -> None:
    pets = Pets(None, pet(), pet("2", food="fish"))

    assert pets.waiting() == {place("fish", "2"): pet("2", food="fish")}
    assert pets.by_age() == []
    pets.ask(write(setting("SET age = :a", a=("N", "3"))))
    assert pets.by_age() == ["1"]
    pets.ask(write(setting("REMOVE age")))
    assert pets.by_age() == []


def test_what_an_index_does_not_show_is_not_sent() -> None:
    pets = Pets()
    keys_only = replace(BY_FOOD, projection="KEYS_ONLY")
    pets.ask(SetTable(PETS, TableSettings(1, indexes=(keys_only,))))
    pets.ask(write(putting(pet(food="fish", name="Rex"))))
    (waits,) = pets.machine.entries.waiting()
    pets.machine.entries.arrived([(waits[0], waits[1].timestamp)])

    pets.ask(write(setting("SET nick = :n", n=("S", "Rexy"))))

    assert pets.waiting() == {}


def test_entries_wait_until_the_transaction_is_committed() -> None:
    pets = Pets()
    item = pet(food="fish", age=1)
    pets.ask(prepare(putting(item)))
    assert pets.waiting() == {}
    assert pets.by_age() == []

    pets.ask(replace(commit(), keys=((PETS, own_key()),)))

    assert pets.waiting() == {place("fish"): item}
    assert pets.by_age() == ["1"]


def test_a_cancelled_transaction_leaves_no_entry() -> None:
    pets = Pets(None, pet(food="fish", age=1))
    pets.ask(prepare(replace(delete(), table=PETS, key=own_key()), us=10**9))

    pets.ask(replace(cancel(), keys=((PETS, own_key()),)))

    assert pets.waiting() == {place("fish"): pet(food="fish", age=1)}
    assert pets.by_age() == ["1"]


def test_what_waits_is_the_latest_word_for_its_place() -> None:
    pets = Pets(None, pet(food="fish"))
    for n in range(10):
        pets.ask(write(setting("SET food = :f, n = :n", f=("S", "fish"), n=("N", str(n)))))

    assert pets.waiting() == {place("fish"): pet(food="fish", n=9)}


def test_a_word_that_was_acknowledged_too_late_stays_for_the_newer_one() -> None:
    pets = Pets(None, pet(food="fish"))
    ((key, sent),) = pets.machine.entries.waiting()
    pets.ask(write(setting("SET n = :n", n=("N", "1"))))

    assert pets.machine.entries.arrived([(key, sent.timestamp)]) is None
    ((_, newer),) = pets.machine.entries.waiting()
    changes = pets.machine.entries.arrived([(key, newer.timestamp)])

    assert changes is not None
    assert changes.records == ((key, None),)
    assert pets.waiting() == {}


def test_a_restart_finds_what_waits_and_the_local_order() -> None:
    pets = Pets(None, pet("2", food="fish", age=1), pet("1", food="beef", age=2), pet("3", age=0))

    pets.restart()

    assert set(pets.waiting()) == {place("fish", "2"), place("beef", "1")}
    assert pets.by_age() == ["3", "2", "1"]


# What is kept for others --------------------------------------------------------------------------


def test_an_entry_is_taken_if_it_is_newer() -> None:
    pets = Pets()

    assert pets.ask(entry("fish", 10, pet(food="fish", n=1))) == Done((True,))
    assert pets.ask(entry("fish", 9, pet(food="fish", n=0))) == Done((False,))
    assert pets.ask(entry("fish", 10, pet(food="fish", n=1))) == Done((False,))
    assert pets.by_food("fish") == [pet(food="fish", n=1)]
    assert pets.ask(entry("fish", 11)) == Done((True,))
    assert pets.by_food("fish") == []


def late_copy(pets: Pets) -> list[Item]:
    """Put, delete, and then a copy of the first message, which was held up on its way."""
    pets.ask(entry("fish", 10, pet(food="fish")))
    pets.ask(entry("fish", 11))
    pets.ask(entry("meat", 12, pet(food="meat")))  # Anything, so that the machine may forget.
    pets.ask(entry("fish", 10, pet(food="fish")))
    return pets.by_food("fish")


def test_a_late_copy_brings_nothing_back() -> None:
    assert late_copy(Pets()) == []


@pytest.mark.parametrize("name", ["removals-are-forgotten", "indexes-compare-no-versions"])
def test_without_tombstones_or_versions_a_late_copy_would(name: str) -> None:
    with applied(MUTANTS[name]):
        assert late_copy(Pets()) == [pet(food="fish")]


def test_a_tombstone_goes_when_no_copy_can_come_any_more() -> None:
    pets = Pets(PartitionOptions(tombstones_kept_us=1_000))
    index = TableId(BY_FOOD.id)
    pets.ask(entry("fish", 11))
    pets.elapsed_us = 999
    pets.ask(entry("meat", 12, pet(food="meat")))
    assert (index, place("fish")) in pets.contents.records

    pets.elapsed_us = 1_000
    pets.ask(entry("meat", 13, pet(food="meat")))
    assert (index, place("fish")) not in pets.contents.records
    assert (index, place("meat")) in pets.contents.records


def test_a_restart_counts_the_age_of_tombstones_anew() -> None:
    pets = Pets(PartitionOptions(tombstones_kept_us=1_000))
    pets.ask(entry("fish", 11))
    pets.elapsed_us = 900
    pets.restart()
    pets.ask(entry("meat", 12))

    pets.elapsed_us = 1_800
    pets.ask(entry("meat", 13))
    assert pets.ask(entry("fish", 10, pet(food="fish"))) == Done((False,))


def test_a_tombstone_that_was_overtaken_is_not_taken_for_one() -> None:
    pets = Pets(PartitionOptions(tombstones_kept_us=1_000))
    pets.ask(entry("fish", 11))
    pets.ask(entry("fish", 12, pet(food="fish")))

    pets.elapsed_us = 5_000
    pets.ask(entry("meat", 13))

    assert pets.by_food("fish") == [pet(food="fish")]


def test_of_a_dropped_index_everything_is_acknowledged_and_nothing_kept() -> None:
    pets = Pets()
    assert pets.ask(Propagate(TableId("other"), ())) == NotMine("other")

    pets.ask(DropTable(TableId(BY_FOOD.id)))

    assert pets.ask(entry("fish", 10, pet(food="fish"))) == Done(())
    assert pets.contents.records == {}


# A table that changes, a partition that splits ----------------------------------------------------


def test_an_index_that_is_younger_than_its_items_is_filled_page_by_page() -> None:
    pets = Pets()
    pets.ask(SetTable(PETS, TableSettings(1)))
    for n in range(5):
        pets.ask(write(putting(pet(str(n), food="fish"))))
    pets.ask(write(putting(pet("odd", food=3))))  # Nothing that this index could hold.
    pets.ask(SetTable(PETS, TableSettings(2, indexes=(BY_FOOD,))))
    assert pets.waiting() == {}

    last, pages = None, 0
    while True:
        filled = pets.ask(Backfill(PETS, BY_FOOD.id, last, 2))
        assert isinstance(filled, Filled)
        last, pages = filled.last, pages + 1
        if last is None:
            break

    assert pages == 4
    assert set(pets.waiting()) == {place("fish", str(n)) for n in range(5)}
    assert 0 < filled.oldest <= filled.lsn
    pets.ask(write(putting(pet("new", food="fish"))))
    waiting = sorted(pets.machine.entries.waiting(), key=lambda one: one[1].lsn, reverse=True)
    while waiting:
        assert pets.ask(Backfill(PETS, BY_FOOD.id, None, 0)).oldest == waiting[-1][1].lsn
        arrived, one = waiting.pop()
        pets.machine.entries.arrived([(arrived, one.timestamp)])
    assert pets.ask(Backfill(PETS, BY_FOOD.id, None, 0)).oldest == 0
    assert pets.ask(Backfill(PETS, "none", None, 2)) == NotMine(PETS)


def filled_later() -> tuple[Pets, Filled]:
    """Return pets that are younger than their index, and the answer when they were brought in."""
    pets = Pets()
    pets.ask(SetTable(PETS, TableSettings(1)))
    pets.ask(write(putting(pet(food="fish"))))
    pets.ask(SetTable(PETS, TableSettings(2, indexes=(BY_FOOD,))))
    filled = pets.ask(Backfill(PETS, BY_FOOD.id, None, 10))
    assert isinstance(filled, Filled)
    return pets, filled


def test_what_is_brought_in_again_waits_as_long_as_the_first_time() -> None:
    """Two routers fill one index: neither may take it for full because of the other."""
    pets, first = filled_later()

    again = pets.ask(Backfill(PETS, BY_FOOD.id, None, 10))

    assert again.lsn > first.lsn
    assert again.oldest == first.oldest <= first.lsn


def test_a_newer_word_for_a_place_waits_as_long_as_the_one_before() -> None:
    pets, filled = filled_later()
    pets.ask(write(setting("SET n = :n", n=("N", "1"))))

    assert pets.ask(Backfill(PETS, BY_FOOD.id, None, 0)).oldest == filled.oldest


def test_a_newer_word_waits_from_when_the_one_before_has_arrived() -> None:
    """Else an item that is written all the time would keep an index from ever being full."""
    pets, filled = filled_later()
    ((key, sent),) = pets.machine.entries.waiting()
    pets.ask(write(setting("SET n = :n", n=("N", "1"))))

    assert pets.machine.entries.arrived([(key, sent.timestamp)]) is None

    assert pets.ask(Backfill(PETS, BY_FOOD.id, None, 0)).oldest > filled.lsn
    assert pets.waiting() == {place("fish"): pet(food="fish", n=1)}


def test_a_dropped_table_takes_what_waits_along() -> None:
    pets = Pets(None, pet(food="fish"))

    pets.ask(DropTable(PETS))

    assert pets.waiting() == {}
    assert pets.contents.records == {}
    assert pets.ask(scan(BY_AGE.id, "rex")) == NotMine(BY_AGE.id)


def split_pets() -> tuple[Pets, Child]:
    parent = Pets()
    for n in range(16):
        parent.ask(write(putting(pet("1", k=f"pet {n}", food="fish", age=n))))
    child = Child()
    assert parent.ask(Split(AT, "p2")) == Done(())
    for message in parent.machine.carries():
        assert child.ask(message, source="p1") == Done(())
    return parent, child


def names(entries: Iterable[Any]) -> set[str]:
    return {key[0][1] for (_, key), _ in entries}


def test_what_waits_moves_with_its_item() -> None:
    parent, child = split_pets()
    everybody = {f"pet {n}" for n in range(16)}
    below = names(parent.machine.entries.waiting())
    assert 0 < len(below) < 16
    assert child.machine.entries.waiting() == []  # Before it serves: it may never come to that.

    settle(parent, GIVEN)
    assert child.ask(Serve(GIVEN)) == Done(())

    above = names(child.machine.entries.waiting())
    assert below | above == everybody
    assert not below & above
    child.restart()
    assert names(child.machine.entries.waiting()) == above


def test_a_split_that_is_undone_gives_back_what_waits() -> None:
    parent, child = split_pets()

    settle(parent, CONFIGURED.unchanged())

    assert len(parent.waiting()) == 16
    assert child.machine.entries.waiting() == []


def test_a_child_has_the_local_order_of_what_it_serves() -> None:
    parent, child = split_pets()
    settle(parent, GIVEN)
    child.ask(Serve(GIVEN))
    for partition in (parent, child):
        own = names(partition.machine.entries.waiting())
        assert 0 < len(own) < 16
        for n in range(16):
            question = OfRange(partition.machine.holding.range, scan(BY_AGE.id, f"pet {n}"))
            page = partition.ask(question)
            assert isinstance(page, Page)
            assert len(page.items) == (f"pet {n}" in own)


# What is refused ----------------------------------------------------------------------------------

TYPE = (
    "One or more parameter values were invalid: Type mismatch for Index Key food Expected: S"
    " Actual: N IndexName: by-food"
)
EMPTY = (
    "One or more parameter values are not valid. A value specified for a secondary index key is not"
    " supported. The AttributeValue for a key attribute cannot contain an empty string value."
    " IndexName: by-food, IndexKey: food"
)
EMPTY_UPDATE = (
    "One or more parameter values are not valid. The update expression attempted to update a"
    " secondary index key to a value that is not supported. The AttributeValue for a key attribute"
    " cannot contain an empty string value."
)


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (putting(pet(food=3)), TYPE),
        (putting(pet(food="")), EMPTY),
        (
            putting(pet(food="x" * 2049)),
            "One or more parameter values were invalid: Size of hashkey has exceeded the maximum"
            " size limit of2048 bytes",
        ),
        (
            setting("SET food = :f", f=("N", "3")),
            "The update expression attempted to update the secondary index key to unsupported type",
        ),
        (setting("SET food = :f", f=("S", "")), EMPTY_UPDATE),
        (
            setting("SET food = :f", f=("S", "x" * 2049)),
            "The update expression attempted to update the secondary index key beyond allowed size"
            " limits.",
        ),
    ],
)
def test_an_item_that_no_index_could_hold_is_refused(action: Any, text: str) -> None:
    pets = Pets(None, pet())

    alone = pets.ask(write(action))
    votes = pets.ask(prepare(action, us=10**9))

    assert isinstance(alone, WriteRefused)
    assert (alone.error, alone.message) == ("ValidationException", text)
    assert isinstance(votes, Votes)
    (vote,) = votes.votes
    assert isinstance(vote, Reject)
    assert (vote.reason.code, vote.reason.message) == ("ValidationError", text)
    assert pets.ask(Read(((PETS, own_key()),), 0, "")).readings[0].item == pet()


def aged(food: Any) -> Pets:
    """Have an item that is older than the index, with what that could not hold."""
    pets = Pets()
    pets.ask(SetTable(PETS, TableSettings(1)))
    pets.ask(write(putting(pet(food=food))))
    pets.ask(SetTable(PETS, TableSettings(2, indexes=(BY_FOOD,))))
    return pets


@pytest.mark.parametrize("food", [3, "", "x" * 2049])
def test_an_update_may_leave_what_is_older_than_the_index_as_it_is(food: Any) -> None:
    pets = aged(food)
    update = setting("SET nick = :n", n=("S", "Rexy"))

    assert pets.ask(write(update)) == Written(None)
    assert pets.ask(prepare(update, us=10**9)) == Votes((Accept(),))
    assert pets.waiting() == {}  # It is still in no index.


@pytest.mark.parametrize(
    "action",
    [
        putting(pet(food=3, nick="Rexy")),  # The very value, and chosen again.
        setting("SET food = :f", f=("N", "4")),
    ],
)
def test_what_is_older_than_the_index_is_not_written_again(action: Any) -> None:
    pets = aged(3)

    assert isinstance(pets.ask(write(action)), WriteRefused)
    assert codes(pets.ask(prepare(action, us=10**9))) == ["ValidationError"]


def test_an_item_that_is_older_than_the_index_comes_into_it_once_it_fits() -> None:
    pets = aged(3)

    pets.ask(write(setting("SET food = :f", f=("S", "fish"))))

    assert set(pets.waiting()) == {place("fish")}


def codes(answer: Any) -> list[str]:
    assert isinstance(answer, Votes)
    return [vote.reason.code for vote in answer.votes if isinstance(vote, Reject)]


def test_a_collection_that_grows_too_large_is_refused() -> None:
    small = PartitionOptions(collection_bytes_max=100)
    pets = Pets(small, pet("1", note="x" * 30), pet("2", note="x" * 30))
    third = putting(pet("3", note="x" * 30))

    alone, votes = pets.ask(write(third)), pets.ask(prepare(third, us=10**9))

    assert isinstance(alone, WriteRefused)
    assert alone.error == "ItemCollectionSizeLimitExceededException"
    assert codes(votes) == ["ItemCollectionSizeLimitExceeded"]
    # Another collection has room, one may shrink, and then there is room again.
    assert pets.ask(write(putting(pet("3", k="tim", note="x" * 30)))) == Written(None)
    assert pets.ask(write(putting(pet("2")))) == Written(None)
    assert pets.ask(write(putting(pet("3", note="x" * 20)))) == Written(None)


def test_entries_of_local_indexes_count_for_their_collection() -> None:
    pets = Pets(PartitionOptions(collection_bytes_max=50), pet("1", note="x" * 30))
    assert isinstance(pets.ask(write(setting("SET age = :a", a=("N", "12345")))), WriteRefused)
    assert pets.ask(write(setting("SET agf = :a", a=("N", "12345")))) == Written(None)


def test_entries_of_local_indexes_count_for_their_item() -> None:
    pets = Pets(PartitionOptions(), pet(age=7, note=""))
    weight = collection_bytes(SETTINGS.indexes, SORTED, own_key(), pet(age=7, note=""))
    room = "x" * (ITEM_SIZE_BYTES_MAX - weight)
    put = putting(pet(age=7, note=room + "x"))
    update = setting("SET note = :n", n=("S", room + "x"))

    refused = [pets.ask(write(action)) for action in (put, update)]
    votes = pets.ask(prepare(put, us=10**9))

    assert [one.message for one in refused if isinstance(one, WriteRefused)] == [
        "Item size has exceeded the maximum allowed size",
        "Item size to update has exceeded the maximum allowed size",
    ]
    assert codes(votes) == ["ValidationError"]
    assert pets.ask(write(setting("SET note = :n", n=("S", room)))) == Written(None)
    # Outside of the index there is room for more.
    assert pets.ask(write(putting(pet(note=room + "x")))) == Written(None)


def test_an_index_that_does_not_keep_up_holds_up_its_table() -> None:
    pets = Pets(PartitionOptions(outbox_max=1), pet(food="fish"))
    action = putting(pet("2", food="fish"))

    alone, votes = pets.ask(write(action)), pets.ask(prepare(action, us=10**9))

    assert isinstance(alone, WriteRefused)
    assert alone.error == "ProvisionedThroughputExceededException"
    assert "global secondary indexes" in alone.message
    assert codes(votes) == ["ProvisionedThroughputExceeded"]
    (waits,) = pets.machine.entries.waiting()
    pets.machine.entries.arrived([(waits[0], waits[1].timestamp)])
    assert pets.ask(write(action)) == Written(None)


def test_a_check_queues_nothing_and_is_not_held_up() -> None:
    pets = Pets(PartitionOptions(outbox_max=1), pet(food="fish"))

    votes = pets.ask(prepare(Check(PETS, own_key(), "attribute_exists(k)"), us=10**9))

    assert votes == Votes((Accept(),))
    assert len(pets.waiting()) == 1


def test_names_of_outboxes_and_indexes_are_told_apart() -> None:
    assert is_outbox(outbox_of("t"))
    assert not is_outbox(index_id("t", "outbox", 0))
    assert indexed.is_index(index_id("t", "outbox", 0))
    assert not indexed.is_index(outbox_of("t"))
    assert not indexed.is_index("t")


# In a file ----------------------------------------------------------------------------------------


def test_what_waits_and_what_is_kept_are_rows_that_a_person_can_read(tmp_path: Path) -> None:
    mailbox, pets = Mailbox(), Pets(None, pet(food="fish"))
    pets.ask(entry("meat", 7, pet("2", food="meat")))
    disk = SqliteStorage(tmp_path / "p1.sqlite", "p1", mailbox.post)
    disk.load()
    done: list[int] = []
    contents = pets.contents
    records, tables = tuple(contents.records.items()), tuple(contents.tables.values())
    disk.append(Changes("", NEVER, records, tables, contents.lsn), lambda: done.append(1))
    mailbox.deliver(lambda: bool(done))
    stored = disk.load()
    disk.close()

    assert dict(stored.records) == contents.records
    with closing(sqlite3.connect(tmp_path / "p1.sqlite")) as file:
        rows = dict(file.execute("SELECT table_id, key FROM records WHERE table_id LIKE '%#%'"))
    assert rows == {
        outbox_of(PETS): f'[{{"S":"rex"}},{{"S":"1"}},{{"S":"{BY_FOOD.id}"}},{{"S":"fish"}},'
        '{"S":"rex"},{"S":"1"}]',
        BY_FOOD.id: '[{"S":"meat"},{"S":"rex"},{"S":"1"}]',
    }
    again = Machine("p1", EVERYTHING, stored, PartitionOptions(), 0)
    assert [key for key, _ in again.entries.waiting()] == [
        key for key, _ in pets.machine.entries.waiting()
    ]
