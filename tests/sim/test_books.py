"""The books beside a partition: they believe no refusal, no charge and no admission by itself."""

from dataclasses import replace
from typing import Any

from network.ids import first_number
from network.messages import (
    Done,
    Envelope,
    Message,
    Prepare,
    Split,
    Throttled,
    Votes,
    WriteRefused,
    Written,
)
from network.messages import SetTable as Set
from network.settings import TableSettings, Throughput
from partition import singletons
from partition.machine import Output
from partition.meters import REFUSED, Meter
from sim.books import Books
from sim.witness import Witness
from tests.builders import (
    SECOND_US,
    TABLE,
    Partition,
    add,
    cancel,
    check,
    commit,
    delete,
    prepare,
    put,
    write,
)
from tests.partition.halves import AT, LOW
from tests.partition.test_meters import big, page, reading

WHOSE = "00000001-0001-8000-8000-000000000001"


class Watched(Partition):
    """A partition of which each step is checked; its table gets so many units a second."""

    def __init__(self, units: int = 2) -> None:
        super().__init__()
        self.books = Books()
        self.ask(Set(TABLE, TableSettings(1, Throughput(units, units))))

    def ask(self, message: Message, *, number: int = 0, source: str = "c1") -> Any:
        reply = super().ask(message, number=number, source=source)
        self.look(message, self.last, number=number or self._number)
        return reply

    def look(self, message: Message, output: Output, *, number: int = 0) -> None:
        """Let the books see a step that was, or that was not."""
        if self.machine.meters is not None:
            envelope = Envelope("c1", number or first_number(9), 0, message)
            self.books.stepped(self.machine, envelope, output, self.elapsed_us)

    @property
    def meter(self) -> Meter:
        assert self.machine.meters is not None
        return self.machine.meters.all[TABLE]

    def found(self) -> list[str]:
        return [one.kind for one in self.books.wrongs]


def spent() -> Watched:
    made = Watched()
    made.ask_each(write(big("x", 2)), reading("x", "x"))
    return made


# Right ------------------------------------------------------------------------------------------


def test_a_partition_that_does_everything_right_is_believed() -> None:
    made = Watched(200)
    made.ask_each(
        write(put("a")),
        write(put("a", condition="attribute_not_exists(k)")),
        write(add("a")),
        write(delete("b")),
        reading("a"),
        reading("a", eventual=True),
        reading("a", "b", round_=1),
        reading("a", "b", round_=2),
        page(),
        page("attribute_not_exists(k)"),
        prepare(put("a"), check("b", "attribute_not_exists(k)"), us=10**9),
        prepare(put("a"), check("b", "attribute_not_exists(k)"), us=10**9),
        prepare(put("a"), put("c"), transaction="t2", us=10**9 + 1),
        write(put("a")),
        commit("a", "b"),
        commit("a", "b"),
        prepare(
            put("c", condition="attribute_exists(k)"), put("d"), transaction="t3", us=2 * 10**9
        ),
        cancel("c", "d", transaction="t3"),
    )

    assert made.found() == []


def test_who_refuses_when_there_is_nothing_is_believed() -> None:
    made = spent()

    assert made.ask(write(put("a"))) == singletons.THROTTLED
    assert made.ask(reading("a")) == Throttled()
    assert made.ask(prepare(put("a"))) == Votes((REFUSED,))
    made.elapsed_us += SECOND_US
    assert made.ask(prepare(put("a"))) != Votes((REFUSED,))

    assert made.found() == []
    totals = made.books.totals()
    assert totals is not None
    assert (totals.refused_writes, totals.refused_reads) == (2, 1)
    assert totals.write_units == 2 + 2


def test_a_copy_of_a_refusal_is_believed_whenever_it_comes() -> None:
    made = spent()
    made.ask(write(put("a")), number=7)
    made.elapsed_us += 60 * SECOND_US

    assert made.ask(write(put("a")), number=7) == singletons.THROTTLED
    assert made.found() == []


def test_a_restart_begins_new_books() -> None:
    made = spent()
    made.restart()
    made.elapsed_us += SECOND_US

    replies = made.ask_each(*(write(put(name), incarnation=2) for name in "abcde"))

    assert [type(reply) for reply in replies] == [Written] * 4 + [WriteRefused]
    assert made.found() == []


def test_a_restarted_partition_that_first_hears_of_another_change_has_its_old_bucket() -> None:
    made = spent()
    made.restart()
    made.elapsed_us += SECOND_US
    settings = made.state().settings
    assert made.ask(Set(TABLE, replace(settings, revision=settings.revision + 1))) == Done(())

    replies = made.ask_each(*(write(put(name), incarnation=2) for name in "abcde"))

    assert [type(reply) for reply in replies] == [Written] * 4 + [WriteRefused]
    assert made.found() == []


def test_a_restarted_partition_had_its_whole_share_until_it_began_to_split() -> None:
    units = 10
    made = Watched(units)
    made.restart()
    assert made.ask(Split(AT, "p2")) == Done(())  # The first step that its new books see.

    replies = made.ask_each(*[write(put(LOW), incarnation=2)] * units)

    assert singletons.THROTTLED not in replies
    assert made.found() == []


def test_a_restarted_partition_whose_split_had_begun_never_had_its_whole_share() -> None:
    made = Watched(10)
    made.ask(Split(AT, "p2"))
    made.restart()
    assert made.ask(Split(AT, "p2")) == Done(())  # A copy, and the first step in the new books.

    replies = made.ask_each(*[write(put(LOW), incarnation=2)] * 10)

    assert singletons.THROTTLED in replies
    assert made.found() == []


def test_a_table_on_demand_has_no_books() -> None:
    made = Partition()
    books = Books()
    made.ask(write(put("a")))

    assert made.machine.meters is None
    assert books.totals() is None


# Wrong ------------------------------------------------------------------------------------------


def test_who_refuses_while_there_are_units_is_found_out() -> None:
    for message, reply in (
        (write(put("a")), singletons.THROTTLED),
        (reading("a"), Throttled()),
        (page(), Throttled()),
        (prepare(put("a")), Votes((REFUSED,))),
    ):
        made = Watched()

        made.look(message, Output(None, reply))

        assert made.found() == ["refused for nothing"]


def test_who_charges_too_much_too_little_or_for_nothing_is_found_out() -> None:
    for message, halves in (
        (write(put("a", condition="attribute_exists(k)")), 2),
        (reading("a"), -1),
        (reading("a", round_=2), 2),
        (commit("a"), 2),
        (prepare(put("a")), -2),
    ):
        made = Watched(100)
        before = made.found()
        made.meter.take_writes(halves)
        made.meter.take_reads(halves)

        made.ask(message)

        assert before == []
        assert "charged wrongly" in made.found()


def test_who_lets_anything_through_with_a_debt_is_found_out() -> None:
    made = spent()
    assert made.meter.writes is not None
    made.meter.writes.level += 10**18  # As if the clock had been set forward.

    made.ask(prepare(put("a")))

    assert made.found() == ["let through"]


# Reasons ----------------------------------------------------------------------------------------


class Beside:
    """A cluster as a witness beside one partition sees it."""

    def __init__(self, made: Watched) -> None:
        self._made = made
        self.marks: list[str] = []

    def note(self, event: str) -> None:
        self.marks.append(event)

    def is_incarnation_up(self, name: str, incarnation: int) -> bool:
        return False

    def elapsed_us(self) -> int:
        return self._made.elapsed_us

    def serving(self) -> tuple[str, ...]:
        return ("p1",)


def lies(made: Watched, order: Prepare) -> tuple[list[str], list[str]]:
    """Say which lies a witness finds in a refusal of this order, and what it notes."""
    witness, beside = Witness(), Beside(made)
    witness.enter(beside)
    witness.books = made.books
    envelope = Envelope("c1", first_number(1) + 1, 0, order)
    witness.stepped(made.machine, envelope, Output(None, Votes((REFUSED,) * len(order.actions))))
    return [lie for _, lie in witness.lies], beside.marks


def test_a_reason_is_true_only_while_there_is_nothing_left() -> None:
    order = prepare(put("a"), transaction=WHOSE)
    made = spent()

    assert lies(made, order) == ([], ["capacity.throttled", "prepare.throttled"])
    made.elapsed_us += SECOND_US
    assert lies(made, order)[0] == ["its partition took new work"]


def test_what_was_promised_is_never_too_much() -> None:
    made = spent()
    made.elapsed_us += SECOND_US
    order = prepare(put("a"), transaction=WHOSE)
    made.ask(order)

    assert lies(made, order)[0] == ["it was promised already: no new work"]
