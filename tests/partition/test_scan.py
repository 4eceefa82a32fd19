"""Pages of a scan: which items, in which order, and where to go on (§2.2)."""

import operator
from collections.abc import Callable
from decimal import Context, Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from items.keys import Key, KeyAttribute, KeySchema, placement_hash
from items.values import AttributeValue, size_bytes, sort_key
from network.ids import TableId
from network.messages import OpenTable, Page, Scan
from partition.key_order import GONE_MAX, KeyOrder, just_after, sort_range
from partition.record import Record
from partition.scan import page
from tests.builders import Partition, add, cancel, check, commit, delete, prepare, put, ts, write
from tests.builders import key as key_called

MEGABYTE = 1 << 20
OWNERS = ("ann", "bob", "cyd")  # Partition keys.


def key(owner: str, number: int) -> Key:
    return (("S", owner), ("N", str(number)))


def item(owner: str, number: int, **more: AttributeValue) -> dict[str, AttributeValue]:
    return {"owner": ("S", owner), "number": ("N", str(number)), **more}


def in_order(keys: Any) -> list[Key]:
    """Sort keys the plain way: by place, by partition key, by number."""
    return sorted(keys, key=lambda one: (placement_hash(one), one[0][1], Decimal(one[1][1])))


class Shelf:
    """Records of one table, and their order."""

    def __init__(self, *keys: Key) -> None:
        self.records: dict[Key, Record] = {}
        self.order = KeyOrder()
        for one in keys:
            self.put(one)

    def put(self, one: Key, **more: AttributeValue) -> None:
        made = item(one[0][1], int(one[1][1]), **more)
        self._keep(one, Record(made, ts(1), len(self.records) + 1))

    def promise(self, one: Key) -> None:
        """Keep a record without an item, as of something that is ongoing there."""
        self._keep(one, Record(None, ts(1), 7))

    def remove(self, one: Key) -> None:
        self.records.pop(one, None)

    def _keep(self, one: Key, record: Record) -> None:
        is_new = one not in self.records
        self.records[one] = record
        if is_new:
            self.order.add(one, self.records)

    def page(self, bytes_max: int = MEGABYTE, **question: Any) -> Page:
        return page(scan(**question), self.order, self.records, bytes_max, 99)

    def walk(self, bytes_max: int = MEGABYTE, **question: Any) -> list[Page]:
        """Ask for page after page until there is no more."""
        pages = [self.page(bytes_max, **question)]
        while pages[-1].last is not None:
            pages.append(self.page(bytes_max, **{**question, "after": pages[-1].last}))
        return pages

    def shown(self) -> list[Key]:
        """Return the keys that are to be found, in order."""
        return in_order(one for one, record in self.records.items() if record.item is not None)


def scan(**more: Any) -> Scan:
    plain: dict[str, Any] = {
        "table": TableId("t"),
        "partition_value": None,
        "sort_condition": None,
        "after": None,
        "forward": True,
        "limit": 1_000,
        "filter": None,
        "names": {},
        "values": {},
        "request": "",
    }
    return Scan(**{**plain, **more})


def keys_of(*pages: Page) -> list[Key]:
    return [(one["owner"], one["number"]) for found in pages for one in found.items]


def numbers(*pages: Page) -> list[int]:
    return [int(one[1][1]) for one in keys_of(*pages)]


def anns(*found: int) -> Shelf:
    return Shelf(*[key("ann", number) for number in found])


# Order and pages ----------------------------------------------------------------------------------


def test_items_come_by_place_and_within_a_partition_key_by_sort_key() -> None:
    everything = [key(owner, number) for number in (10, -3, 9) for owner in OWNERS]

    assert keys_of(Shelf(*everything).page()) == in_order(everything)


def test_backwards_is_the_same_the_other_way() -> None:
    shelf = Shelf(*[key(owner, number) for number in range(4) for owner in OWNERS])

    assert keys_of(shelf.page(forward=False)) == shelf.shown()[::-1]


def test_nothing_is_an_empty_page() -> None:
    assert Shelf().page() == Page((), (), 0, None, 99)


def test_a_page_tells_each_items_lsn_and_the_last_one_of_all() -> None:
    found = anns(1, 2, 3).page()

    assert found.lsns == (1, 2, 3)
    assert found.lsn == 99


@pytest.mark.parametrize(("forward", "expected"), [(True, [3, 4]), (False, [1, 0])])
def test_a_page_begins_behind_where_the_last_one_ended(forward: bool, expected: list[int]) -> None:
    shelf = anns(0, 1, 2, 3, 4)

    assert numbers(shelf.page(after=key("ann", 2), forward=forward)) == expected


@pytest.mark.parametrize(("forward", "expected"), [(True, [3]), (False, [1])])
def test_a_page_may_begin_where_there_is_nothing_any_more(
    forward: bool, expected: list[int]
) -> None:
    shelf = anns(1, 2, 3)
    shelf.page()

    shelf.remove(key("ann", 2))

    assert numbers(shelf.page(after=key("ann", 2), forward=forward)) == expected


def test_a_full_page_says_where_to_go_on_even_if_nothing_follows() -> None:
    found = anns(1, 2).page(limit=2)

    assert (numbers(found), found.last) == ([1, 2], key("ann", 2))
    assert anns(1, 2).page(limit=3).last is None


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("limit", [1, 2, 5, 7])
def test_pages_find_everything_once(limit: int, forward: bool) -> None:
    shelf = Shelf(*[key(owner, number) for number in range(4) for owner in OWNERS])

    pages = shelf.walk(limit=limit, forward=forward)

    assert keys_of(*pages) == (shelf.shown() if forward else shelf.shown()[::-1])
    assert [one.scanned_count for one in pages[:-1]] == [limit] * (len(pages) - 1)


# Size ---------------------------------------------------------------------------------------------


def test_a_page_ends_with_the_item_that_makes_it_big_enough() -> None:
    shelf = anns(1, 2, 3)
    size = size_bytes(item("ann", 1))

    assert numbers(shelf.page(size + 1)) == [1, 2]
    assert shelf.page(size + 1).last == key("ann", 2)
    assert numbers(shelf.page(size)) == [1]


def test_one_item_is_a_page_however_big_it_is() -> None:
    shelf = anns(1, 2)

    assert [numbers(one) for one in shelf.walk(1)] == [[1], [2]]


def test_a_page_of_full_size_that_is_the_last_has_nothing_to_go_on_to() -> None:
    shelf = anns(1, 2)

    assert shelf.page(2 * size_bytes(item("ann", 1))).last is None


@pytest.mark.parametrize("forward", [True, False])
def test_pages_by_size_find_everything_once(forward: bool) -> None:
    shelf = Shelf()
    for number in range(20):
        shelf.put(key("ann", number), text=("S", "x" * (number * 37 % 100)))

    pages = shelf.walk(150, forward=forward)

    assert len(pages) > 5
    assert keys_of(*pages) == (shelf.shown() if forward else shelf.shown()[::-1])


# Filters ------------------------------------------------------------------------------------------

EVEN: dict[str, Any] = {"filter": "attribute_exists(even)", "names": {}, "values": {}}


def half_even(count: int) -> Shelf:
    shelf = Shelf()
    for number in range(count):
        more: dict[str, AttributeValue] = {} if number % 2 else {"even": ("BOOL", True)}
        shelf.put(key("ann", number), **more)
    return shelf


def test_a_filter_hides_items_that_count_as_looked_at() -> None:
    found = half_even(6).page(limit=3, **EVEN)

    assert numbers(found) == [0, 2]
    assert found.lsns == (1, 3)
    assert (found.scanned_count, found.last) == (3, key("ann", 2))


def test_a_page_goes_on_behind_an_item_that_its_filter_hides() -> None:
    found = half_even(6).page(limit=4, **EVEN)

    assert numbers(found) == [0, 2]
    assert found.last == key("ann", 3)


def test_hidden_items_weigh_as_well() -> None:
    shelf = half_even(6)

    assert shelf.page(1, after=key("ann", 0), **EVEN).scanned_count == 1


def test_a_filter_has_names_and_values() -> None:
    more: dict[str, Any] = {
        "filter": "#n > :two",
        "names": {"#n": "number"},
        "values": {":two": ("N", "2")},
    }

    assert numbers(anns(1, 2, 3, 10).page(**more)) == [3, 10]


# Placeholders and keys that come and go -----------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_placeholders_are_skipped_and_not_counted(limit: int) -> None:
    shelf = anns(1, 3, 5)
    for number in (0, 2, 4, 6):
        shelf.promise(key("ann", number))

    found = shelf.page(limit=limit)

    assert numbers(found) == [1, 3, 5][:limit]
    assert found.scanned_count == limit
    assert found.last == key("ann", 2 * limit - 1)


def test_placeholders_alone_are_an_empty_page() -> None:
    shelf = Shelf()
    shelf.promise(key("ann", 1))

    assert shelf.page(limit=1) == Page((), (), 0, None, 99)


def test_a_placeholder_that_becomes_an_item_is_found_once() -> None:
    shelf = anns(1)
    shelf.promise(key("ann", 2))
    shelf.page()

    shelf.put(key("ann", 2))

    assert numbers(shelf.page()) == [1, 2]


@pytest.mark.parametrize("others", [0, 1, 30, 120])
def test_a_key_that_is_made_again_is_found_once(others: int) -> None:
    shelf = anns(*range(1, others + 2))
    shelf.page()

    for _ in range(3):
        shelf.remove(key("ann", 1))
        shelf.put(key("ann", 1))

    assert numbers(shelf.page()) == list(range(1, others + 2))


@pytest.mark.parametrize("others", [0, 1, 30, 120])
def test_a_key_that_is_gone_is_not_found(others: int) -> None:
    shelf = anns(*range(others + 1))
    shelf.page()

    shelf.remove(key("ann", 0))

    assert numbers(shelf.page()) == list(range(1, others + 1))


@pytest.mark.parametrize("others", [0, 1, 30, 120])
def test_a_key_that_is_made_again_before_anybody_looks_is_found_once(others: int) -> None:
    shelf = anns(*range(others + 1))

    for _ in range(3):
        shelf.remove(key("ann", 0))
        shelf.put(key("ann", 0))

    assert numbers(shelf.page()) == list(range(others + 1))
    assert numbers(shelf.page(forward=False)) == list(range(others, -1, -1))


def test_a_table_that_nobody_scans_keeps_few_keys_in_mind() -> None:
    shelf = anns(1)

    for number in range(2, 3 * GONE_MAX):
        shelf.put(key("ann", number))
        shelf.remove(key("ann", number))

    assert len(shelf.order) <= GONE_MAX + 2
    assert numbers(shelf.page()) == [1]


def test_a_table_that_is_scanned_forgets_keys_that_are_gone() -> None:
    shelf = anns(*range(GONE_MAX + 200))
    shelf.page()
    for number in range(GONE_MAX + 199):
        shelf.remove(key("ann", number))

    assert numbers(shelf.page()) == [GONE_MAX + 199]
    assert len(shelf.order) == 1


# Queries ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("owner", [*OWNERS, "nobody"])
def test_a_query_finds_one_partition_key(owner: str, forward: bool) -> None:
    shelf = Shelf(*[key(one, number) for number in (3, 1, 2) for one in OWNERS])

    pages = shelf.walk(limit=2, partition_value=("S", owner), forward=forward)

    expected = [one for one in shelf.shown() if one[0] == ("S", owner)]
    assert keys_of(*pages) == (expected if forward else expected[::-1])


@pytest.mark.parametrize("forward", [True, False])
@pytest.mark.parametrize("start", OWNERS)
@pytest.mark.parametrize("owner", OWNERS)
def test_a_query_that_begins_elsewhere_stays_with_its_partition_key(
    owner: str, start: str, forward: bool
) -> None:
    shelf = Shelf(*[key(one, number) for number in (1, 2, 3) for one in OWNERS])
    question: dict[str, Any] = {"partition_value": ("S", owner), "forward": forward}

    found = shelf.page(after=key(start, 2), **question)

    assert keys_of(found) == expected(shelf, after=key(start, 2), **question)


def test_the_type_of_a_partition_key_belongs_to_it() -> None:
    shelf = Shelf(key("1", 5))

    assert numbers(shelf.page(partition_value=("S", "1"))) == [5]
    assert numbers(shelf.page(partition_value=("N", "1"))) == []


CONDITIONS: list[tuple[str, tuple[int, ...], list[int]]] = [
    ("=", (2,), [2]),
    ("<", (2,), [-1, 1]),
    ("<=", (2,), [-1, 1, 2]),
    (">", (2,), [3, 10]),
    (">=", (2,), [2, 3, 10]),
    ("BETWEEN", (1, 3), [1, 2, 3]),
    ("BETWEEN", (4, 9), []),
    ("=", (7,), []),
]


@pytest.mark.parametrize(("operator_", "operands", "expected"), CONDITIONS)
def test_a_sort_condition_leaves_out_what_it_is_not_true_of(
    operator_: str, operands: tuple[int, ...], expected: list[int]
) -> None:
    shelf = anns(10, 3, 2, 1, -1)
    condition = (operator_, tuple(("N", str(number)) for number in operands))

    found = shelf.page(partition_value=("S", "ann"), sort_condition=condition)

    assert numbers(found) == expected
    assert found.scanned_count == len(expected)
    backwards = shelf.page(partition_value=("S", "ann"), sort_condition=condition, forward=False)
    assert numbers(backwards) == expected[::-1]


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
CONTENTS: dict[str, st.SearchStrategy[Any]] = {
    "S": st.text("aäz€😀", max_size=3),
    "B": st.binary(max_size=3),
    "N": st.integers(-99, 99),
}


def operands(kind: str) -> st.SearchStrategy[tuple[str, list[Any]]]:
    return st.lists(CONTENTS[kind], min_size=3, max_size=3).map(lambda found: (kind, found))


def value(kind: str, content: Any) -> AttributeValue:
    return kind, str(content) if kind == "N" else content


def meets(condition: str, operands: tuple[AttributeValue, ...], own: AttributeValue) -> bool:
    begin, end = sort_range(condition, operands)
    place = sort_key(own)
    return (begin is None or begin <= place) and (end is None or place < end)


@given(st.sampled_from("SBN").flatmap(operands))
def test_sort_values_compare_as_their_contents_do(drawn: tuple[str, list[Any]]) -> None:
    kind, (one, low, high) = drawn
    own, first, second = (value(kind, content) for content in (one, low, high))

    for sign, holds in COMPARISONS.items():
        assert meets(sign, (first,), own) is holds(one, low)
    assert meets("BETWEEN", (first, second), own) is (low <= one <= high)
    if kind != "N":
        assert meets("begins_with", (first,), own) is one.startswith(low)


@pytest.mark.parametrize("digits", ["0", "1", "-1", "9" * 38, "-" + "9" * 38, "9" * 38 + "0" * 88])
def test_no_number_is_between_one_and_what_comes_just_after(digits: str) -> None:
    number = Decimal(digits)
    next_one = number.next_plus(Context(prec=38)) if number else Decimal("1E-130")

    assert number < just_after(("N", digits)) < next_one


@pytest.mark.parametrize(
    ("kind", "start", "most"), [("S", "a", "\U0010ffff" * 255), ("B", b"a", b"\xff" * 1023)]
)
def test_the_last_key_that_begins_with_something_does(kind: str, start: Any, most: Any) -> None:
    assert meets("begins_with", ((kind, start),), (kind, start + most))


def test_strings_are_in_the_order_of_their_bytes_in_utf_8() -> None:
    # UTF-16, which counts 😀 as two of its units, has it before U+FFFD.
    assert meets("<", (("S", "😀"),), ("S", "\ufffd"))


def test_a_query_looks_only_at_what_its_sort_condition_asks_for() -> None:
    looked_at: list[Key] = []
    shelf = anns(*range(1_000))

    class Records(dict[Key, Record]):
        def get(self, one: Key, default: Any = None) -> Any:
            looked_at.append(one)
            return super().get(one, default)

    shelf.records = Records(shelf.records)
    for condition in (("=", (("N", "500"),)), ("BETWEEN", (("N", "500"), ("N", "509")))):
        for forward in (True, False):
            shelf.page(partition_value=("S", "ann"), sort_condition=condition, forward=forward)

    assert len(looked_at) == 2 * (1 + 10)


# Everything together ------------------------------------------------------------------------------

keys = st.builds(key, st.sampled_from(OWNERS), st.integers(-9, 60))
steps = st.lists(
    st.tuples(st.sampled_from(["put", "put", "promise", "remove", "look"]), keys), max_size=60
)
questions = st.fixed_dictionaries(
    {"limit": st.integers(1, 20), "forward": st.booleans()},
    optional={
        "partition_value": st.sampled_from(OWNERS).map(lambda owner: ("S", owner)),
        "after": keys,
        "filter": st.just("attribute_exists(even)"),
    },
)
everything = [key(owner, number) for owner in OWNERS for number in range(50)]


@example([], [("put", key("ann", 1)), ("look", key("ann", 1)), ("put", key("ann", 1))], {}, 99)
@given(st.just(everything) | st.just([]), steps, questions, st.integers(1, 600))
def test_a_scan_is_a_sorted_list_in_pages(
    before: list[Key], done: list[tuple[str, Key]], question: dict[str, Any], bytes_max: int
) -> None:
    shelf = Shelf(*before)
    for what, one in done:
        match what:
            case "put":
                even = {"even": ("BOOL", True)} if int(one[1][1]) % 2 == 0 else {}
                shelf.put(one, **even)
            case "promise":
                shelf.promise(one)
            case "remove":
                shelf.remove(one)
            case _:
                assert keys_of(shelf.page()) == shelf.shown()

    pages = shelf.walk(bytes_max, **question)

    looked_at = expected(shelf, **question)
    assert sum(one.scanned_count for one in pages) == len(looked_at)
    assert keys_of(*pages) == [
        one
        for one in looked_at
        if "filter" not in question or "even" in (shelf.records[one].item or {})
    ]
    assert all(1 <= one.scanned_count <= question.get("limit", 1_000) for one in pages[:-1])


def expected(
    shelf: Shelf,
    *,
    forward: bool = True,
    partition_value: AttributeValue | None = None,
    after: Key | None = None,
    **_: Any,
) -> list[Key]:
    """Return the keys that a question asks for, looked up in a plain sorted list."""
    found = shelf.shown()
    if after is not None:
        found = in_order({*found, after})
        place = found.index(after)
        found = found[place + 1 :] if forward else found[:place]
    if partition_value is not None:
        found = [one for one in found if one[0] == partition_value]
    return found if forward else found[::-1]


# On a partition -----------------------------------------------------------------------------------


def names(partition: Partition, **question: Any) -> list[str]:
    return [one["k"][1] for one in partition.ask(scan(**question)).items]


def by_place(*found: str) -> list[str]:
    return sorted(found, key=lambda name: placement_hash(key_called(name)))


def test_a_scan_shows_what_is_committed_and_nothing_that_is_ongoing() -> None:
    partition = Partition()
    partition.ask_each(write(put("a")), write(put("b")))

    partition.ask(prepare(put("c"), delete("a"), check("d", "attribute_not_exists(k)"), us=1 << 60))

    assert names(partition) == by_place("a", "b")
    partition.ask(commit("c", "a", "d"))
    assert names(partition) == by_place("b", "c")


def test_a_scan_finds_no_trace_of_what_was_cancelled() -> None:
    partition = Partition()
    partition.ask_each(prepare(put("a"), put("b")), cancel("a", "b"))

    assert names(partition) == []


def test_a_scan_finds_what_was_deleted_and_made_again_once() -> None:
    partition = Partition()
    partition.ask_each(write(put("a")), write(put("b")))
    assert names(partition) == by_place("a", "b")

    partition.ask_each(write(delete("a")), write(put("a")), write(delete("b")), write(add("b")))

    assert names(partition) == by_place("a", "b")


def test_a_scan_after_a_restart_finds_the_same_in_the_same_order() -> None:
    partition = Partition()
    partition.ask_each(*(write(put(f"i{n}")) for n in range(20)))
    partition.ask(write(delete("i3")))
    before = names(partition)

    partition.restart()

    assert names(partition) == before
    assert len(before) == 19


def test_a_page_tells_the_partitions_last_lsn() -> None:
    partition = Partition()
    partition.ask_each(write(put("a")), write(put("b")), write(delete("b")))

    found = partition.ask(scan())

    assert (found.lsn, found.lsns) == (3, (1,))


def test_a_table_has_its_own_order() -> None:
    partition = Partition()
    partition.ask(OpenTable(TableId("other"), KeySchema(KeyAttribute("k", "S"))))
    partition.ask(write(put("a")))

    assert partition.ask(scan(table=TableId("other"))) == Page((), (), 0, None, 1)
