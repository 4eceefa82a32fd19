"""States of a tiny world, and every step that could come next.

A step is what one schedule can tell from another (and what is counted):

* a client asks; of a write transaction the ledger has the entry then, and the prepares are sent;
* a message comes to its node, which does what it does, and the answer is heard at once;
* a host crashes; a coordinator gives up waiting; recovery takes a transaction over.

Why an answer may be heard at once (independence): the one who waits for it does nothing meanwhile,
and all that it does then is to send more messages, which may be on their way for as long as one
likes.  So hearing later is one of the schedules in which those messages come later; and not hearing
it at all is one in which the answer is lost, or the one who waits has crashed before.  For the same
reason a lost question is no step: it is asked again, the same bytes, and comes later.  A client's
transaction begins when the ledger has its entry, because before that nobody can see it, and whoever
asks later only has more that he must not miss.  Recovery begins by reading the ledger, because what
it was told before tells it nothing.

A coordinator that crashes between two sends is one whose second message never comes: what the dead
have on its way may stay there for ever, because ends are judged whatever is on its way still.  What
nobody would do anything with, a read of one who has crashed, is dropped.

Coordinators of recovery have the first names that nobody knows (any more): which of them takes over
makes no difference (symmetry).
"""

from collections.abc import Iterator

from network.messages import Read
from sim.history import WRITE_TRANSACTION
from sim.search.explore.draft import Draft
from sim.search.explore.state import (
    CRASHES,
    LOSSES,
    REPEATS,
    RETRIES,
    TAKEOVERS,
    TIMEOUTS,
    Bug,
    Known,
    State,
    Step,
)
from sim.search.explore.world import World


class States:
    """The first state of a world, and what each state can lead to."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.known = Known(world)
        limits = world.limits
        self._limits = (*(count for _, count in limits.each()), limits.all_together())

    def first(self) -> State:
        """Return the state in which the first items are there, and nobody has asked yet."""
        storages = tuple(self.known.storages.born(name) for name in self.world.storages)
        draft = Draft(self.known, State(storages, (), (), self.known.notes.nothing, self._limits))
        for asked in self.world.there:
            draft.singleton(asked)
        return draft.state()

    def steps(self, state: State) -> Iterator[Step]:
        """Give every step that can come next."""
        yield from self._asking(state)
        yield from self._arriving(state)
        yield from self._recovering(state)
        left = state.left
        if left[TIMEOUTS]:
            for one in state.coordinators:
                if self.known.coordinators.give_up(one) is not None:
                    yield Step("give up", one)
        if left[CRASHES]:
            for one in state.coordinators:
                yield Step("crash coordinator", one)
            for place in range(len(state.storages)):
                yield Step("crash storage", place)

    def _asking(self, state: State) -> Iterator[Step]:
        invoked, over = self.known.notes.invoked(state.seen), self.over(state)
        for asked in self.world.asked:
            if invoked >> asked.place & 1:
                # Also when it has been answered: a copy of the request may be late.
                if state.left[RETRIES] and asked.name == WRITE_TRANSACTION:
                    yield Step("ask again", asked.place)
            elif asked.after is None or over >> asked.after & 1:
                yield Step("ask", asked.place)
                if asked.actions:
                    if state.left[REPEATS]:
                        yield Step("ask", asked.place, "keep")
                    if state.left[LOSSES]:
                        yield Step("ask", asked.place, "lose")

    def _arriving(self, state: State) -> Iterator[Step]:
        before = -1
        for one in state.flying:
            if one == before:  # Two copies are the same.
                continue
            before = one
            yield Step("arrive", one)
            message = self.known.flying[one].envelope.message
            if state.left[REPEATS] and not isinstance(message, Read):
                # (A read that comes twice changes nothing, and is heard once.)
                yield Step("arrive", one, "keep")
            if state.left[LOSSES] and self.known.waiting(state.coordinators, one) is not None:
                yield Step("arrive", one, "lose")

    def _recovering(self, state: State) -> Iterator[Step]:
        driven = [self.known.coordinators.all[one].transaction for one in state.coordinators]
        ledger = self.known.storages.all[state.storages[-1]]
        unfinished = [one.transaction for one in ledger.unfinished]
        for n, transaction in enumerate(unfinished):
            if transaction not in driven or state.left[TAKEOVERS]:
                yield Step("take over", n)
        for place, one in enumerate(state.storages[:-1]):
            if not self.known.storages.all[one].ongoing:
                continue
            for n, (after, stalled) in enumerate(self.known.storages.stalled(one)):
                # What the ledger has unfinished is found there as well, unless telling of it
                # changes something.
                if stalled.transaction in unfinished and after == one:
                    continue
                if stalled.transaction not in driven or state.left[TAKEOVERS]:
                    yield Step("tell stalled", place, "", n)

    def over(self, state: State) -> int:
        """Return which requests are answered, or nobody is left to answer them: a bit each."""
        notes = self.known.notes
        over = notes.answered(state.seen)
        waiting = {self.known.coordinators.all[one].source for one in state.coordinators}
        for asked in self.world.asked:
            is_open = notes.invoked(state.seen) & ~over
            if is_open >> asked.place & 1 and asked.client not in waiting:
                over |= 1 << asked.place
        return over

    def is_settled(self, state: State) -> bool:
        """Say whether nothing is left to do of what was asked so far."""
        return (
            not state.coordinators
            and not self.known.storages.all[state.storages[-1]].unfinished
            and not any(self.known.storages.all[one].ongoing for one in state.storages[:-1])
        )

    def is_through(self, state: State) -> bool:
        """Say whether everybody has asked for everything."""
        return self.known.notes.invoked(state.seen) == (1 << len(self.world.asked)) - 1

    def after(self, state: State, step: Step) -> tuple[State, tuple[Bug, ...]]:
        """Return the state that a step leads to, and what is wrong with it by itself."""
        draft = Draft(self.known, state)
        draft.carry_out(step)
        return draft.state(), tuple(draft.bugs)
