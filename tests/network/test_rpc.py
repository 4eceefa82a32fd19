"""Questions and answers: asked again, given up, and answered in the order asked."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from network.host import Host
from network.ids import first_number
from network.lossy import LossyNetwork
from network.messages import Done, Envelope, Forgotten, Message, Restarted, from_frame, to_frame
from network.rpc import Patience, Peers
from network.weather import Uniform, Weather
from sim.chance import NamedChance
from sim.clock import SkewedClock
from sim.loop import VirtualLoop, new_loop
from tests.builders import Silence

FIRM = Patience(1_000, 8_000, None)
SHORT = Patience(1_000, 8_000, 20_000)
ONCE = Patience(1_000, 8_000, 20_000, repeats=False)
QUESTION, YES, NO = Forgotten(), Done((True,)), Done((False,))


class Talk:
    """A node that asks, on a network of one delay; the tests answer by hand."""

    def __init__(self, *targets: str, seed: int = 1, incarnation: int = 1) -> None:
        self.loop: VirtualLoop = new_loop()
        self.chance = NamedChance(seed)
        self.network = LossyNetwork(self.loop, self.chance, Weather(Uniform(10, 10)), Silence())
        self.heard: list[tuple[int, str, Envelope]] = []
        for target in targets or ("b",):
            self.join(target)
        self.host = self._host(incarnation)
        self.peers = Peers(self.host)
        self.network.join("a", self._receive)

    def _host(self, incarnation: int) -> Host:
        return Host(
            "a",
            incarnation,
            loop=self.loop,
            transport=self.network,
            clock=SkewedClock(self.loop),
            timers=self.loop,
            chance=self.chance,
        )

    def join(self, target: str) -> None:
        def receive(frame: bytes) -> None:
            self.heard.append((self.loop.now_us, target, from_frame(frame)))

        self.network.join(target, receive)

    def _receive(self, frame: bytes) -> None:
        envelope = from_frame(frame)
        self.peers.answered(envelope.reply_to, envelope.message)

    def ask(self, *targets: str, patience: Patience = FIRM) -> Any:
        return self.peers.ask_all([(target, QUESTION) for target in targets], patience)

    def answer(self, number: int, message: Message = YES, source: str = "b") -> None:
        self.network.send(source, "a", to_frame(source, 1, number, message))

    def wait(self, duration_us: int = 100) -> None:
        self.loop.run_for(duration_us)

    def numbers(self, target: str = "b") -> list[int]:
        return [envelope.number for _, heard, envelope in self.heard if heard == target]

    def number(self, target: str = "b") -> int:
        (found,) = self.numbers(target)
        return found

    def when_us(self) -> list[int]:
        return [us for us, _, _ in self.heard]


def test_a_question_is_answered() -> None:
    talk = Talk()
    future = talk.ask("b")
    talk.wait()

    talk.answer(talk.number())
    talk.wait()

    assert future.result() == [YES]


def test_nobody_asked_is_answered_at_once() -> None:
    assert Talk().ask().result() == []


@given(st.permutations(["b", "c", "d"]))
def test_replies_come_in_the_order_asked_whoever_answers_first(order: list[str]) -> None:
    talk = Talk("b", "c", "d")
    future = talk.ask("b", "c", "d")
    talk.wait()
    answers: dict[str, Message] = {"b": YES, "c": NO, "d": Restarted(3)}

    for target in order:
        talk.answer(talk.number(target), answers[target], source=target)
        talk.wait()

    assert future.result() == [YES, NO, Restarted(3)]


def test_a_fan_out_waits_for_the_last_one() -> None:
    talk = Talk("b", "c")
    future = talk.ask("b", "c")
    talk.wait()

    talk.answer(talk.number("b"))
    talk.wait()

    assert not future.done()


def test_however_long_people_wait_nothing_is_kept_of_it() -> None:
    """What is left of a deadline after a detour is any time at all."""
    talk = Talk()
    for left_us in range(500, 600):
        talk.ask("b", patience=Patience(1_000, 8_000, left_us))
    talk.wait(1_000)
    talk.ask("b")

    assert talk.peers.questions
    assert list(talk.peers._lanes) == [1_000]


def test_one_host_may_be_asked_two_things_at_once() -> None:
    talk = Talk()
    future = talk.ask("b", "b")
    talk.wait()
    first, second = talk.numbers()

    talk.answer(second, NO)
    talk.answer(first, YES)
    talk.wait()

    assert future.result() == [YES, NO]


def test_one_is_asked_like_many() -> None:
    talk = Talk()
    got: list[Any] = []

    async def ask() -> None:
        got.append(await talk.peers.ask("b", QUESTION, FIRM))

    talk.host.spawn(ask())
    talk.wait()
    talk.answer(talk.number())
    talk.wait()

    assert got == [YES]


# Asking again -------------------------------------------------------------------------------------


def test_a_question_without_an_answer_is_asked_again_under_its_number() -> None:
    talk = Talk()

    talk.ask("b")
    talk.wait(30_000)

    assert len(talk.heard) >= 3
    assert len(set(talk.numbers())) == 1
    assert all(envelope.message == QUESTION for _, _, envelope in talk.heard)


@given(st.integers(0, 1_000))
def test_each_wait_is_twice_the_one_before_give_or_take_a_quarter(seed: int) -> None:
    talk = Talk(seed=seed)

    talk.ask("b")
    talk.wait(100_000)

    times = talk.when_us()
    waits = [later - earlier for earlier, later in pairwise(times)]
    calm = [1_000, *[min(1_000 << n, 8_000) for n in range(1, len(waits))]]
    assert waits[0] == 1_000
    for wait, full in zip(waits[1:], calm[1:], strict=True):
        assert wait in (full * 3 // 4, full, full * 5 // 4)


def test_those_who_were_refused_together_do_not_come_back_together() -> None:
    times = set()
    for seed in range(20):
        talk = Talk(seed=seed)
        talk.ask("b")
        talk.wait(20_000)
        times.add(tuple(talk.when_us()))

    assert len(times) > 5


def test_a_question_that_was_answered_is_not_asked_again() -> None:
    talk = Talk()
    talk.ask("b")
    talk.wait()

    talk.answer(talk.number())
    talk.wait(100_000)

    assert len(talk.heard) == 1


def test_a_question_that_may_not_be_repeated_is_asked_once() -> None:
    talk = Talk()

    talk.ask("b", patience=ONCE)
    talk.wait(100_000)

    assert len(talk.heard) == 1


def test_many_questions_of_many_delays_are_all_asked_again() -> None:
    talk = Talk()
    for first_us in (500, 700, 500, 900):
        talk.ask("b", patience=Patience(first_us, first_us, None))
        talk.wait(50)

    talk.wait(10_000)

    for number in set(talk.numbers()):
        assert talk.numbers().count(number) > 5


# Giving up ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("patience", [SHORT, ONCE], ids=["repeats", "once"])
def test_whoever_is_silent_until_the_deadline_is_given_up(patience: Patience) -> None:
    talk = Talk("b", "c")
    future = talk.ask("b", "c", patience=patience)
    talk.wait()
    talk.answer(talk.number("b"))

    talk.wait(19_000)
    assert not future.done()
    talk.wait(20_000)
    assert future.result() == [YES, None]


def test_a_question_without_a_deadline_is_never_given_up() -> None:
    talk = Talk()
    future = talk.ask("b")

    talk.wait(300_000_000)

    assert not future.done()


def test_a_late_answer_changes_nothing() -> None:
    talk = Talk()
    future = talk.ask("b", patience=SHORT)
    talk.wait(50_000)

    talk.answer(talk.numbers()[0])
    talk.wait()

    assert future.result() == [None]


def test_a_second_answer_changes_nothing() -> None:
    talk = Talk()
    future = talk.ask("b")
    talk.wait()

    talk.answer(talk.number(), YES)
    talk.wait()
    talk.answer(talk.number(), NO)
    talk.wait()

    assert future.result() == [YES]


def test_an_answer_counts_only_for_the_question_that_it_names() -> None:
    talk = Talk()
    future = talk.ask("b")
    talk.wait()

    talk.answer(talk.numbers()[0] + 1)
    talk.wait()

    assert not future.done()


def test_an_answer_to_an_earlier_incarnation_is_none_to_this_one() -> None:
    earlier, later = Talk(incarnation=1), Talk(incarnation=2)
    earlier.ask("b")
    future = later.ask("b")
    earlier.wait()
    later.wait()

    later.answer(earlier.number())
    later.wait()

    assert not future.done()
    assert later.numbers() == [first_number(2) + 1]


# Saying -------------------------------------------------------------------------------------------


def test_what_is_told_is_said_once() -> None:
    talk = Talk()

    talk.peers.tell("b", QUESTION)
    talk.wait(100_000)

    assert [envelope.reply_to for _, _, envelope in talk.heard] == [0]


def test_a_reply_names_its_question() -> None:
    talk = Talk()

    talk.peers.reply("b", 77, YES)
    talk.wait()

    assert [envelope.reply_to for _, _, envelope in talk.heard] == [77]


def test_no_two_messages_have_one_number() -> None:
    talk = Talk()
    expected = talk.peers.next_number()

    talk.peers.tell("b", QUESTION)
    talk.ask("b", "b")
    talk.peers.reply("b", 1, YES)
    talk.wait()

    assert talk.numbers() == [expected + n for n in range(4)]


def test_the_dead_ask_nobody() -> None:
    talk = Talk()
    future = talk.ask("b")

    talk.host.crash()
    talk.wait(100_000)

    assert len(talk.heard) == 1
    assert not future.done()
