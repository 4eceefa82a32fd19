"""A step while it is being carried out: what each node does, and what that leads to at once."""

from network.ids import EntryKey
from network.messages import (
    Envelope,
    Message,
    Read,
    ReadTransaction,
    Recover,
    Write,
    WriteTransaction,
    to_frame,
)
from sim.history import WRITE_TRANSACTION
from sim.search.explore.answers import answer_of, is_passing
from sim.search.explore.coordinators import Turn
from sim.search.explore.notes import Answered, Invoked
from sim.search.explore.state import (
    CRASHES,
    LOSSES,
    REPEATS,
    RETRIES,
    TAKEOVERS,
    TIMEOUTS,
    Bug,
    Exchange,
    Known,
    State,
    Step,
)
from sim.search.explore.storages import Stepped
from sim.search.explore.world import Asked


class Draft:
    """A state while a step is being carried out."""

    def __init__(self, known: Known, state: State) -> None:
        self._known, self._notes = known, known.notes
        self._storages = list(state.storages)
        self._coordinators = list(state.coordinators)
        self._flying = list(state.flying)
        self._seen = state.seen
        self._left = list(state.left)
        self.bugs: list[Bug] = []
        self.told: list[Exchange] = []

    def state(self) -> State:
        return State(
            tuple(self._storages),
            tuple(sorted(self._coordinators)),
            tuple(sorted(self._flying)),
            self._seen,
            tuple(self._left),
        )

    def carry_out(self, step: Step) -> None:
        kind, what = step.kind, step.what
        if step.how == "keep":
            self._goes_wrong(REPEATS)
        elif step.how == "lose":
            self._goes_wrong(LOSSES)
        match kind:
            case "arrive":
                self._arrive(what, step.how)
            case "ask":
                self._ask(self._known.world.asked[what], step.how)
            case "ask again":
                self._goes_wrong(RETRIES)
                self._write(self._known.world.asked[what], self._free_name())
            case "take over":
                self._take_over(what)
            case "tell stalled":
                self._tell_stalled(what, step.other)
            case "give up":
                self._goes_wrong(TIMEOUTS)
                turn = self._known.coordinators.give_up(what)
                assert turn is not None, "only who gives up does"
                self._go_on(what, turn)
                self._forget_reads()
            case "crash coordinator":
                self._goes_wrong(CRASHES)
                self._coordinators.remove(what)
                self._forget_reads()
            case _:
                assert kind == "crash storage", kind
                self._goes_wrong(CRASHES)
                self._storages[what] = self._known.storages.restarted(self._storages[what])

    def _goes_wrong(self, kind: int) -> None:
        left = self._left
        left[kind] -= 1
        left[-1] -= 1
        if not left[-1]:
            left[:] = [0] * len(left)

    # Requests --------------------------------------------------------------------------------

    def _ask(self, asked: Asked, how: str) -> None:
        if not asked.is_transaction:
            self.singleton(asked, how)
            return
        self._note(Invoked(asked.call))
        name = f"c{self._own(asked)}"
        if asked.name == WRITE_TRANSACTION:
            self._write(asked, name, how)
        else:
            message = ReadTransaction(asked.keys, asked.attempt)
            self._begin(name, to_frame(asked.client, asked.place + 1, 0, message))

    def _own(self, asked: Asked) -> int:
        """Count the transactions up to this one: each has a coordinator of its own."""
        return sum(one.is_transaction for one in self._known.world.asked[: asked.place + 1])

    def _write(self, asked: Asked, name: str, how: str = "") -> None:
        message = WriteTransaction(
            EntryKey(asked.body["ClientRequestToken"]), asked.call, b"", asked.actions
        )
        self._begin(name, to_frame(asked.client, asked.place + 1, 0, message), at_once=how)

    def singleton(self, asked: Asked, how: str = "") -> None:
        """Carry out a write or a read outside transactions, all at one moment."""
        known = self._known
        self._note(Invoked(asked.call))
        target = known.world.placement().owner(*asked.keys[0])
        place = known.places[target]
        if asked.actions:
            incarnation = known.storages.all[self._storages[place]].incarnation
            wants = asked.body.get("ReturnValues", "NONE")
            message: Message = Write(asked.actions[0], wants, incarnation, asked.attempt)
        else:
            message = Read(asked.keys, 0, asked.attempt)
        flying = known.flies(target, to_frame(asked.client, asked.place + 1, 0, message))
        if how == "keep":
            self._flying.append(flying)
        stepped = self._take(flying)
        for one in stepped.readings:
            self._note_number(one)
        if how != "lose" and stepped.reply is not None:
            self._note(answer_of(asked, stepped.reply))

    # Messages --------------------------------------------------------------------------------

    def _arrive(self, flying: int, how: str = "", *, at_once: str | None = None) -> None:
        """Let a message come to its node, and its answer to whoever waits for it.

        With `at_once` what is asked next comes to its node in the same step, and like this.
        """
        if not how:
            self._flying.remove(flying)
        waiting = self._known.waiting(self._coordinators, flying)
        stepped = self._take(flying)
        if how == "lose" or waiting is None or stepped.reply is None:
            return
        for one in stepped.readings:
            self._note_number(one)
        turn = self._known.coordinators.hear(
            waiting, self._known.flying[flying].envelope.number, stepped.heard, stepped.reply
        )
        self._go_on(waiting, turn, at_once=at_once)

    def _take(self, flying: int) -> Stepped:
        known, one = self._known, self._known.flying[flying]
        place = known.places[one.target]
        stepped = known.storages.take(
            self._storages[place],
            flying,
            one.envelope,
            forgets=flying not in self._flying,
            clock_us=known.clock_us(place),
        )
        self._storages[place] = stepped.storage
        for note in stepped.notes:
            self._note_number(note)
        self.bugs += [Bug(*wrong) for wrong in stepped.wrongs]
        source, _, _, message = one.envelope
        self.told.append(Exchange(source, one.target, message, stepped.reply))
        return stepped

    def _begin(self, name: str, first: bytes, *, at_once: str | None = None) -> None:
        self._follow(self._known.coordinators.begin(name, first), at_once=at_once)

    def _go_on(self, before: int, turn: Turn, *, at_once: str | None = None) -> None:
        self._coordinators.remove(before)
        self._follow(turn, at_once=at_once)

    def _follow(self, turn: Turn, *, at_once: str | None) -> None:
        """Carry out what a coordinator does next: it asks, answers, or has done its work."""
        known = self._known
        if turn.coordinator is not None:
            self._coordinators.append(turn.coordinator)
        if turn.bug:
            self.bugs.append(Bug("failed", turn.bug))
        for envelope in turn.answers:
            self._answer(envelope)
        for target, frame in turn.asked:
            flying = known.flies(target, frame)
            self._flying.append(flying)
            if self._known.is_refused_at_the_door(flying, self._storages):
                self._arrive(flying, at_once=at_once)
            elif at_once is not None:
                self._arrive(flying, at_once)

    def _answer(self, envelope: Envelope) -> None:
        asked = self._known.world.asked[envelope.reply_to - 1]
        answer = answer_of(asked, envelope.message)
        is_first = not self._notes.answered(self._seen) >> asked.place & 1
        # What only says that nobody knows yet is no answer: a client asks again.
        if not is_passing(answer):
            if is_first:
                self._note(answer)
            else:
                self._again(asked, answer)
        self.told.append(Exchange(envelope.source, asked.client, envelope.message, None))

    def _again(self, asked: Asked, answer: Answered) -> None:
        """Compare a second answer with the first: what was definite is so for every attempt."""
        first = self._notes.answer(self._seen, asked.call)
        if (first.status, first.body.get("__type")) != (answer.status, answer.body.get("__type")):
            text = f"{asked.call} was told {first.body or 'committed'}, and then {answer.body}"
            self.bugs.append(Bug("answered otherwise", text))

    # Recovery --------------------------------------------------------------------------------

    def _take_over(self, n: int) -> None:
        found = self._known.storages.all[self._storages[-1]].unfinished[n]
        self._recover(Recover(found.transaction, found.entry, "", ()))

    def _tell_stalled(self, place: int, n: int) -> None:
        after, stalled = self._known.storages.stalled(self._storages[place])[n]
        self._storages[place] = after
        node = self._known.world.storages[place]
        self.told.append(Exchange(node, "m1", stalled, None))
        self._recover(Recover(stalled.transaction, stalled.entry, node, stalled.keys))

    def _recover(self, message: Recover) -> None:
        driven = [self._known.coordinators.all[one].transaction for one in self._coordinators]
        if message.transaction in driven:
            self._goes_wrong(TAKEOVERS)
        self._begin(self._free_name(), to_frame("m1", 1, 0, message), at_once="")

    def _free_name(self) -> str:
        """Return the first name of a coordinator that nobody knows."""
        known = self._known
        names = {known.coordinators.all[one].name for one in self._coordinators}
        names |= {known.flying[one].envelope.source for one in self._flying}
        for one in self._storages:
            names |= known.storages.all[one].remembered
        n = 1 + sum(one.is_transaction for one in known.world.asked)
        while f"c{n}" in names:
            n += 1
        return f"c{n}"

    # What is left ----------------------------------------------------------------------------

    def _forget_reads(self) -> None:
        """Drop the reads whose answers nobody waits for: they change nothing."""
        self._flying = [
            one
            for one in self._flying
            if not isinstance(self._known.flying[one].envelope.message, Read)
            or self._known.waiting(self._coordinators, one) is not None
        ]

    def _note(self, what: object) -> None:
        self._note_number(self._notes.note(what))

    def _note_number(self, note: int) -> None:
        self._seen = self._notes.add(self._seen, note)
