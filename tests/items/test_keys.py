import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from items.errors import VALIDATION, DynamoDBError
from items.keys import (
    Key,
    KeyAttribute,
    KeySchema,
    key_attributes,
    key_names,
    key_of_item,
    key_of_request,
    key_order,
    placement_hash,
)
from items.values import AttributeValue, Item, compare
from tests.items.strategies import numbers

ACCOUNTS = KeySchema(KeyAttribute("pk", "S"))
ORDERS = KeySchema(KeyAttribute("pk", "S"), KeyAttribute("sk", "N"))
BLOBS = KeySchema(KeyAttribute("pk", "B"), KeyAttribute("sk", "S"))


def s(text: str) -> AttributeValue:
    return ("S", text)


def n(digits: str) -> AttributeValue:
    return ("N", digits)


def test_a_key_is_found_in_its_item() -> None:
    item = {"sk": n("7"), "pk": s("a"), "coins": n("1")}

    assert key_of_item(ACCOUNTS, item) == (s("a"),)
    assert key_of_item(ORDERS, item) == (s("a"), n("7"))


@pytest.mark.parametrize("key", [(s("a"), n("7")), (s("a"), n("0"))])
def test_a_key_gives_back_its_attributes(key: Key) -> None:
    attributes = key_attributes(ORDERS, key)

    assert tuple(attributes) == key_names(ORDERS) == ("pk", "sk")
    assert key_of_item(ORDERS, attributes) == key_of_request(ORDERS, attributes) == key


@pytest.mark.parametrize(
    ("schema", "item", "message"),
    [
        (ACCOUNTS, {}, "invalid: Missing the key pk in the item"),
        (ORDERS, {"pk": s("a")}, "invalid: Missing the key sk in the item"),
        (ACCOUNTS, {"pk": n("1")}, "invalid: Type mismatch for key pk expected: S actual: N"),
        (
            ORDERS,
            {"pk": s("a"), "sk": ("NULL", True)},
            "invalid: Type mismatch for key sk expected: N actual: NULL",
        ),
        (
            ACCOUNTS,
            {"pk": s("")},
            "One or more parameter values are not valid. The AttributeValue for a key attribute"
            " cannot contain an empty string value. Key: pk",
        ),
        (
            BLOBS,
            {"pk": ("B", b""), "sk": s("a")},
            "One or more parameter values are not valid. The AttributeValue for a key attribute"
            " cannot contain an empty binary value. Key: pk",
        ),
        (
            ACCOUNTS,
            {"pk": s("é" * 1025)},
            "invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes",
        ),
        (
            BLOBS,
            {"pk": ("B", b"a"), "sk": s("a" * 1025)},
            "invalid: Aggregated size of all range keys has exceeded the size limit of 1024 bytes",
        ),
    ],
)
def test_an_item_without_a_proper_key_is_refused(
    schema: KeySchema, item: Item, message: str
) -> None:
    with pytest.raises(DynamoDBError) as refusal:
        key_of_item(schema, item)

    assert refusal.value.kind is VALIDATION
    assert refusal.value.message == message.replace(
        "invalid:", "One or more parameter values were invalid:"
    )


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"pk": s("a")},
        {"sk": n("1")},
        {"pk": n("1"), "sk": n("1")},
        {"pk": s("a"), "sk": s("1")},
        {"pk": s("a"), "other": n("1")},
        {"pk": s("a"), "sk": n("1"), "other": n("1")},
        {"pk": s(""), "sk": s("wrong type first")},
    ],
)
def test_a_request_must_name_the_schemas_attributes_and_no_other(attributes: Item) -> None:
    with pytest.raises(DynamoDBError) as refusal:
        key_of_request(ORDERS, attributes)

    assert refusal.value.message == "The provided key element does not match the schema"


def test_a_request_may_not_name_an_empty_or_oversized_key() -> None:
    with pytest.raises(DynamoDBError, match="cannot contain an empty string value"):
        key_of_request(ACCOUNTS, {"pk": s("")})
    with pytest.raises(DynamoDBError, match="maximum size limit of2048 bytes"):
        key_of_request(ACCOUNTS, {"pk": s("a" * 2049)})


def test_keys_of_exactly_the_size_allowed_are_keys() -> None:
    key = (("B", b"\xff" * 2048), s("a" * 1024))

    assert key_of_item(BLOBS, key_attributes(BLOBS, key)) == key


def test_items_with_one_partition_key_live_in_one_place() -> None:
    assert placement_hash((s("a"), n("1"))) == placement_hash((s("a"), n("2")))
    assert placement_hash((s("a"),)) != placement_hash((("B", b"a"),))
    assert placement_hash((s("1"),)) != placement_hash((n("1"),))


def test_places_never_change() -> None:
    """Stored data was placed by these very figures."""
    keys: list[Key] = [(s("a"),), (s("é"),), (n("1"),), (("B", b"\x00\xff"),)]

    assert [placement_hash(key) for key in keys] == PLACES


PLACES = [608427494, 2653769912, 684535551, 733042437]


def test_places_are_spread_evenly() -> None:
    quarters = [placement_hash((s(f"account-{i}"),)) >> 30 for i in range(4000)]

    assert all(900 < quarters.count(quarter) < 1100 for quarter in range(4))


def test_another_process_places_keys_alike() -> None:
    program = "from items.keys import placement_hash; print(placement_hash((('S', 'a'),)))"
    hashes = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert hashes == {f"{placement_hash((s('a'),))}\n"}


@given(st.lists(st.tuples(st.sampled_from("abc").map(s), numbers().map(n)), min_size=2))
def test_a_scan_meets_neighbours_by_partition_key_in_the_order_of_their_sort_keys(
    keys: list[Key],
) -> None:
    ordered = sorted(keys, key=key_order)

    for one, two in pairwise(ordered):
        if one[0] == two[0]:
            assert compare(one[1], two[1]) <= 0
        else:
            assert placement_hash(one) <= placement_hash(two)
    partitions = [key[0] for key in ordered]
    changes = sum(one != two for one, two in pairwise(partitions))
    assert changes == len(set(partitions)) - 1


def test_keys_whose_places_are_equal_still_have_an_order() -> None:
    """Two partition keys with one hash must not be taken for one another."""
    assert key_order((s("a"),)) != key_order((s("b"),))
    assert key_order((s("a"),))[1:] < key_order((s("b"),))[1:]


def test_all_that_is_wrong_with_the_partition_key_comes_before_the_sort_key() -> None:
    schema = KeySchema(KeyAttribute("pk", "S"), KeyAttribute("sk", "N"))

    with pytest.raises(DynamoDBError, match=r"empty string value\. Key: pk"):
        key_of_item(schema, {"pk": ("S", "")})
    with pytest.raises(DynamoDBError, match="Size of hashkey"):
        key_of_item(schema, {"pk": ("S", "x" * 2_049)})
    with pytest.raises(DynamoDBError, match="Missing the key sk"):
        key_of_item(schema, {"pk": ("S", "x")})
