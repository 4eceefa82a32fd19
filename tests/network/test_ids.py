"""Names and numbers: unique by construction, and ordered as they are meant to be."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from network.ids import NEVER, Timestamp, first_number, incarnation_of, transaction_id

counts = st.integers(1, 2**32 - 1)
nodes = st.integers(1, 999).map("c{}".format)
draws = st.integers(0, 2**26 - 1)
minted = st.tuples(nodes, counts, counts)


@given(st.integers(1, 2**31), st.integers(1, 2**32 - 1))
def test_a_number_says_which_incarnation_gave_it(incarnation: int, count: int) -> None:
    assert incarnation_of(first_number(incarnation) + count) == incarnation


@given(st.integers(0, 2**31))
def test_a_later_incarnation_has_higher_numbers(incarnation: int) -> None:
    assert first_number(incarnation) + 2**32 - 1 < first_number(incarnation + 1) + 1


@given(minted, draws)
def test_a_transaction_has_an_id_in_the_shape_of_a_uuid(
    of: tuple[str, int, int], draw: int
) -> None:
    node, incarnation, count = of

    made = transaction_id(node=node, incarnation=incarnation, count=count, chance=draw)

    assert str(uuid.UUID(made)) == made
    assert uuid.UUID(made).version == 8
    assert uuid.UUID(made).variant == uuid.RFC_4122


@given(minted, minted, draws)
def test_two_transactions_never_have_one_id(
    one: tuple[str, int, int], other: tuple[str, int, int], draw: int
) -> None:
    ids = [
        transaction_id(node=node, incarnation=incarnation, count=count, chance=draw)
        for node, incarnation, count in (one, other)
    ]

    assert (ids[0] == ids[1]) == (one == other)


@given(st.integers(0, 2**63), nodes)
def test_a_timestamp_that_was_written_is_read(us: int, node: str) -> None:
    assert Timestamp.of(str(Timestamp(us, node))) == Timestamp(us, node)


def test_timestamps_are_ordered_by_time_and_then_by_name() -> None:
    assert NEVER < Timestamp(1, "") < Timestamp(1, "c1") < Timestamp(1, "c2") < Timestamp(2, "c1")
