"""At most once: the three questions in their order, floors, and copies under way."""

from hypothesis import given
from hypothesis import strategies as st

from network.messages import Forgotten, Restarted, Written
from network.once import ANSWERS_PER_SENDER_MAX, Once

ANSWER = Written(None)


def full(newest: int = ANSWERS_PER_SENDER_MAX + 10) -> Once:
    """Make a memory that had to forget the answers of the first ten numbers."""
    once = Once(1)
    for number in range(1, newest + 1):
        once.answer("k1", number, ANSWER)
    return once


def test_a_new_request_is_carried_out() -> None:
    assert Once(1).earlier("k1", 1, 1) is None


def test_a_copy_is_answered_from_memory() -> None:
    once = Once(1)
    once.answer("k1", 1, ANSWER)

    assert once.earlier("k1", 1, 1) == ANSWER


def test_a_request_for_another_incarnation_is_refused() -> None:
    once = Once(2)

    assert once.earlier("k1", 1, 1) == Restarted(2)
    assert once.earlier("k1", 1, 0) == Restarted(2)
    assert once.earlier("k1", 1, 3) == Restarted(2)


def test_the_incarnation_is_asked_before_the_memory() -> None:
    once = Once(2)
    once.answer("k1", 1, ANSWER)

    assert once.earlier("k1", 1, 1) == Restarted(2)


def test_the_memory_is_asked_before_the_floor() -> None:
    once = full()
    once.answer("k1", 3, ANSWER)  # Remembered again, and far below the floor.

    assert once.earlier("k1", 3, 1) == ANSWER


def test_what_is_below_the_floor_is_refused() -> None:
    once = full()

    assert once.earlier("k1", 10, 1) == Forgotten()
    assert once.earlier("k1", 11, 1) == ANSWER


def test_a_request_that_overtook_the_floor_is_refused_although_nobody_saw_it() -> None:
    once = Once(1)
    for number in range(2, ANSWERS_PER_SENDER_MAX + 20):
        once.answer("k1", number, ANSWER)

    assert once.earlier("k1", 1, 1) == Forgotten()


def test_a_floor_never_falls() -> None:
    once = Once(1, answers_max=1)
    for number in (5, 3, 9):  # 5 is forgotten, and then 3.
        once.answer("k1", number, ANSWER)

    assert once.earlier("k1", 5, 1) == Forgotten()


def test_every_sender_has_a_floor_of_its_own() -> None:
    assert full().earlier("k2", 1, 1) is None


def test_a_copy_of_what_is_under_way_is_not_carried_out() -> None:
    once = Once(1)

    once.begin("k1", 1)

    assert once.earlier("k1", 1, 1) == Forgotten()


def test_the_answer_to_what_was_under_way_is_remembered() -> None:
    once = Once(1)
    once.begin("k1", 1)

    once.answer("k1", 1, ANSWER)

    assert once.earlier("k1", 1, 1) == ANSWER


@given(st.lists(st.integers(1, 1_500), max_size=1_500))
def test_nothing_is_carried_out_twice_whatever_arrives(numbers: list[int]) -> None:
    once, done = Once(1), []
    for number in numbers:
        if once.earlier("k1", number, 1) is None:
            done.append(number)
            once.answer("k1", number, ANSWER)

    assert len(done) == len(set(done))
