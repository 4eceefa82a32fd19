"""At most once: how a node recognises copies of requests that must not be carried out twice.

A singleton write is not idempotent (§3.3 gives it no transaction to be known by), and the network
may deliver a copy of it at any later time: also after its answer was forgotten here, and after this
node crashed and came back with an empty memory.  Hence three questions, asked in this order:

1. Does the request mean this incarnation?  If not, refuse it: the memory of the one it meant is
gone.
2. Is its number remembered?  Then repeat the answer.
3. Is its number above the sender's floor, below which answers were forgotten?  If not, refuse it.

Asked in another order, a copy that a crashed incarnation carried out could be carried out again.
A refusal never says that nothing happened: an earlier copy may have been carried out.
"""

from collections import OrderedDict

from network.messages import Forgotten, Message, Restarted

ANSWERS_PER_SENDER_MAX = 512
SENDERS_MAX = 4096


class Once:
    """One receiver's memory of what it was asked; volatile, as its incarnation is part of it."""

    def __init__(self, incarnation: int, answers_max: int = ANSWERS_PER_SENDER_MAX) -> None:
        """Remember the last `answers_max` answers to each sender."""
        assert incarnation > 0, "0 is the incarnation that nobody has"
        self._incarnation, self._answers_max = incarnation, answers_max
        self._answers: dict[str, OrderedDict[int, Message | None]] = {}
        self._floors: dict[str, int] = {}

    def earlier(self, source: str, number: int, incarnation: int) -> Message | None:
        """Return the answer to give without doing anything, or None if the request is new.

        `Forgotten` also stands for a request that is being carried out at this moment: its answer
        will come, and the copy needs none of its own.
        """
        if incarnation != self._incarnation:
            return Restarted(self._incarnation)
        answers = self._answers.get(source)
        if answers is not None and number in answers:
            return answers[number] or Forgotten()
        if number <= self._floors.get(source, 0):
            return Forgotten()
        return None

    def begin(self, source: str, number: int) -> None:
        """Remember that this request is being carried out."""
        self.answer(source, number, None)

    def answer(self, source: str, number: int, answer: Message | None) -> None:
        """Remember the answer; the oldest ones give way to the sender's floor."""
        answers = self._answers.get(source)
        if answers is None:
            assert len(self._answers) < SENDERS_MAX, "more senders than a cluster has nodes"
            answers = self._answers[source] = OrderedDict()
        answers[number] = answer
        if len(answers) > self._answers_max:
            forgotten, _ = answers.popitem(last=False)
            if forgotten > self._floors.get(source, 0):
                self._floors[source] = forgotten
