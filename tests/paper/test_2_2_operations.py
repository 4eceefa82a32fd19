"""§2.2: operations on single items, beside transactions."""

import pytest

from network.messages import Reading, Scan, WriteRefused, Written
from tests.builders import (
    TABLE,
    Partition,
    Stage,
    add,
    cancel,
    check,
    commit,
    delete,
    item,
    json_add,
    json_put,
    prepare,
    put,
    read,
    single,
    write,
)


def scan(partition: Partition, limit: int = 10) -> tuple[list[str], int]:
    page = partition.ask(Scan(TABLE, None, None, None, True, limit, None, {}, {}, ""))
    return sorted(one["k"][1] for one in page.items), page.scanned_count


def test_a_written_item_is_read() -> None:
    """§2.2."""
    partition = Partition()

    assert partition.ask(write(put("a", 3))) == Written(None)

    assert partition.value("a") == 3


def test_a_missing_item_is_read_as_missing() -> None:
    """§2.2."""
    partition = Partition()

    assert partition.ask(read("a")).readings == (Reading(None, 0, None),)


def test_a_read_of_an_ongoing_item_shows_what_was_committed_last() -> None:
    """§2.2, §3.3: GetItem neither waits nor fails because of a transaction."""
    partition = Partition()
    partition.ask(write(put("a", 1)))

    partition.ask(prepare(put("a", 2)))

    assert partition.value("a") == 1


def test_a_placeholder_is_invisible_to_a_read() -> None:
    """§3.3: what was promised about a missing item is no item."""
    partition = Partition()

    partition.ask(prepare(put("a", 2)))

    assert partition.value("a") is None


def test_a_placeholder_is_neither_found_nor_counted_by_a_scan() -> None:
    """§2.2: Query and Scan."""
    partition = Partition()
    partition.ask_each(write(put("b")), write(put("c")), prepare(put("a")))

    assert scan(partition) == (["b", "c"], 2)


def test_a_placeholder_uses_up_no_limit_of_a_scan() -> None:
    """§2.2."""
    partition = Partition()
    partition.ask_each(*[prepare(put(f"i{n}"), transaction=f"t{n}") for n in range(20)])
    partition.ask(write(put("b")))

    assert scan(partition, limit=1) == (["b"], 1)


def test_a_scan_shows_what_was_committed_last() -> None:
    """§2.2: read committed."""
    partition = Partition()
    partition.ask_each(write(put("a")), prepare(delete("a"), us=10**9))

    assert scan(partition) == (["a"], 1)


@pytest.mark.parametrize("action", [put("a", 9), add("a"), delete("a")], ids=["put", "add", "del"])
@pytest.mark.parametrize("ongoing", [put("a", 2), check("a")], ids=["write", "check"])
def test_a_write_of_an_ongoing_item_is_rejected_and_changes_nothing(
    action: object, ongoing: object
) -> None:
    """§3.3: also where the transaction only checks the item."""
    partition = Partition()
    partition.ask_each(write(put("a", 1)), prepare(ongoing, us=10**9))  # type: ignore[arg-type]  # Of two lists.
    before = partition.record("a")

    reply = partition.ask(write(action))  # type: ignore[arg-type]  # Same.

    assert isinstance(reply, WriteRefused)
    assert reply.error == "TransactionConflictException"
    assert partition.last.changes is None
    assert partition.record("a") is before


def test_a_write_that_fails_its_condition_changes_nothing() -> None:
    """§2.2."""
    partition = Partition()
    partition.ask(write(put("a", 1)))
    before, table = partition.record("a"), partition.state()

    reply = partition.ask(write(put("a", 2, "attribute_not_exists(k)")))

    assert reply.error == "ConditionalCheckFailedException"
    assert partition.record("a") is before
    assert partition.state() is table


@pytest.mark.parametrize("end", [commit("a"), cancel("a")], ids=["commit", "cancel"])
def test_an_item_is_writable_again_when_its_transaction_has_ended(end: object) -> None:
    """§3.3."""
    partition = Partition()
    partition.ask_each(prepare(put("a", 1)), end)  # type: ignore[arg-type]  # Of two kinds.

    assert partition.ask(write(put("a", 5))) == Written(None)


def test_a_write_returns_what_was_asked_for() -> None:
    """§2.2."""
    partition = Partition()
    partition.ask(write(put("a", 1)))

    assert partition.ask(write(add("a", 2), "ALL_NEW")) == Written(item("a", 3))


def test_operations_come_through_the_whole_cluster() -> None:
    """§2.2."""
    stage = Stage()
    stage.do("PutItem", single(json_put("a", 1)))
    stage.do("UpdateItem", single(json_add("a", 4)))

    assert stage.get("a") == 5
    assert stage.get("b") is None
