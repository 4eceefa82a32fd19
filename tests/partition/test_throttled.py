"""A partition that takes no new work: what is under way, and what is repeated, is not new."""

from network.messages import (
    Accept,
    Done,
    Message,
    NotMine,
    Read,
    Readings,
    Reject,
    Scan,
    Throttled,
    Votes,
    WriteRefused,
    Written,
)
from tests.builders import TABLE, Partition, at, cancel, check, commit, prepare, put, read, write

REASON = "ProvisionedThroughputExceeded"


def throttled(*before: Message) -> Partition:
    made = Partition()
    made.ask_each(*before)
    made.machine.throttled = True
    return made


def reasons(votes: Votes) -> list[str]:
    return [vote.reason.code for vote in votes.votes if isinstance(vote, Reject)]


def test_a_first_prepare_is_refused_at_every_item_and_promises_nothing() -> None:
    made = throttled()

    votes = made.ask(prepare(put("a"), put("b"), check("c")))

    assert reasons(votes) == [REASON] * 3
    assert made.last.changes is None
    assert made.record("a").ongoing is None


def test_a_prepare_that_was_accepted_before_is_accepted_again() -> None:
    order = prepare(put("a"), put("b"))
    made = throttled(order)

    assert made.ask(order) == Votes((Accept(), Accept()))


def test_what_was_promised_is_committed_or_cancelled() -> None:
    made = throttled(prepare(put("a", 3)), prepare(put("b"), transaction="t2"))

    assert made.ask(commit("a")) == Done((True,))
    assert made.ask(cancel("b", transaction="t2")) == Done((True,))
    made.machine.throttled = False
    assert made.value("a") == 3


def test_a_prepare_that_was_refused_is_judged_anew_later() -> None:
    made = throttled()
    made.ask(prepare(put("a")))

    made.machine.throttled = False

    assert made.ask(prepare(put("a"))) == Votes((Accept(),))


def test_a_write_is_refused_and_its_copy_as_well_whatever_happens_meanwhile() -> None:
    made = throttled()
    refused = made.ask(write(put("a")), number=7)

    made.machine.throttled = False

    assert isinstance(refused, WriteRefused)
    assert refused.error == "ProvisionedThroughputExceededException"
    assert made.ask(write(put("a")), number=7) == refused
    assert made.value("a") is None


def test_a_copy_of_a_write_that_was_carried_out_is_answered() -> None:
    made = Partition()
    first = made.ask(write(put("a")), number=7)

    made.machine.throttled = True

    assert isinstance(first, Written)
    assert made.ask(write(put("a")), number=7) == first


def test_reads_and_scans_are_refused_and_the_second_round_is_not() -> None:
    made = throttled(write(put("a")))

    assert made.ask(read("a")) == Throttled()
    assert made.ask(Read((at("a"),), 1, "")) == Throttled()
    assert isinstance(made.ask(Read((at("a"),), 2, "")), Readings)
    assert made.ask(Scan(TABLE, None, None, None, True, 10, None, {}, {}, "")) == Throttled()


def test_what_is_not_here_is_told_before() -> None:
    made = throttled()

    assert isinstance(made.ask(Read((at("a", "elsewhere"),), 0, "")), NotMine)
