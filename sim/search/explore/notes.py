"""What has been seen so far, and in which order, as far as anybody could tell.

The witness's notes and the clients' answers are kept as the run goes on, because the checkers judge
them at its end; so they are a part of a state.  But two notes about different items, of different
operations, have no order that any checker asks for: which of two partitions applied its part first
is told by nobody.  Notes are therefore kept as a partial order, in Foata's normal form: each has
the level after the highest one that it depends on, and is listed by level.  Schedules that differ
only in the order of independent steps have the same notes, and meet in one state.
"""

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, NamedTuple, cast

from items.data import data
from network.codec import pack
from network.messages import RecordKey
from sim.checkers.disks import Wrong
from sim.checkers.evidence import Evidence
from sim.history import History, Operation
from sim.search.explore.world import TABLES, TOKEN, Asked, World
from sim.witness import Applied, Decision, Landed, Promised, ReadAt, Refused, Said, Witness

LEVEL = 1 << 20  # More notes than any walk takes.


class Invoked(NamedTuple):
    """A client asked."""

    call: str


class Answered(NamedTuple):
    """A client had its answer."""

    call: str
    status: int
    body: Mapping[str, Any]


# Of these it counts what was said, never when or how often.
UNORDERED = (Promised, Said)
# These happen to items; two of them about one item have an order …
ON_ITEMS = (Decision, Applied, Refused, ReadAt)
# … unless both only looked.
LOOKS = (ReadAt, Refused)

Seen = tuple[int, ...]  # Notes with their levels, in normal form: level * LEVEL + note.


@data
class Note:
    """One thing that was seen."""

    what: Any
    about: frozenset[str]  # The call, the transaction.
    keys: frozenset[RecordKey]


class Notes:
    """All notes of a walk by number, and all that was ever seen by number."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._operations = {one.call: one for one in (*world.there, *world.asked)}
        self._calls = {one.attempt: one.call for one in self._operations.values()}
        self._notes: list[Note] = []
        self._numbers: dict[Hashable, int] = {}
        self._depend: dict[tuple[int, int], bool] = {}
        self._seen: list[Seen] = []
        self._seen_numbers: dict[Seen, int] = {}
        self._longer: dict[tuple[int, int], int] = {}
        # By what was seen: which of the world's requests were made, and which are answered.
        self._invoked: list[int] = []
        self._answered: list[int] = []
        self.nothing = self._number(())

    # Notes -----------------------------------------------------------------------------------

    def note(self, what: Any) -> int:
        """Return the number of a note; the moment that it names itself is left out."""
        if isinstance(what, Decision | Applied | Landed | Refused | ReadAt):
            what = what._replace(number=0)
        if isinstance(what, Decision):
            what = what._replace(at_us=0)
        key = type(what).__name__, pack(tuple(what))
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._notes)
            assert number < LEVEL, "more kinds of notes than a tiny world has"
            self._notes.append(self._made(what))
        return number

    def _made(self, what: Any) -> Note:
        keys: Iterable[RecordKey] = ()
        match what:
            case Invoked() | Answered():
                about = [what.call]
            case Decision():
                # A token is its call's; an entry that is completed names no call any more.
                call = what.token.removesuffix(TOKEN)
                about = [call, what.transaction]
                keys = self._operations[call].keys if what.commits else ()
            case Landed() | Promised() | Said():
                about = [what.transaction]
            case Applied():
                about = [self._call(what.request)]
                keys = [key for key, _, _ in what.changes]
            case Refused():
                about = [self._call(what.request)]
                keys = self._operations[about[0]].keys
            case ReadAt():
                about, keys = [self._call(what.request)], what.keys
            case _:
                raise AssertionError(f"no note: {what}")
        return Note(what, frozenset(about), frozenset(keys))

    def _call(self, request: str) -> str:
        return self._calls.get(request.partition("/")[0], request)

    def _depends(self, first: int, second: int) -> bool:
        known = self._depend.get((first, second))
        if known is None:
            known = _are_dependent(self._notes[first], self._notes[second])
            self._depend[first, second] = self._depend[second, first] = known
        return known

    # What has been seen ----------------------------------------------------------------------

    def add(self, seen: int, note: int) -> int:
        """Return what has been seen once this was seen as well."""
        longer = self._longer.get((seen, note))
        if longer is None:
            longer = self._longer[seen, note] = self._number(self._with(self._seen[seen], note))
        return longer

    def _with(self, seen: Seen, note: int) -> Seen:
        level = 1
        if isinstance(self._notes[note].what, UNORDERED):
            if any(one % LEVEL == note for one in seen):
                return seen
        else:
            for one in reversed(seen):  # The highest levels are the last.
                if self._depends(one % LEVEL, note):
                    level = one // LEVEL + 1
                    break
        return tuple(sorted((*seen, level * LEVEL + note)))

    def _number(self, seen: Seen) -> int:
        number = self._seen_numbers.get(seen)
        if number is None:
            number = self._seen_numbers[seen] = len(self._seen)
            self._seen.append(seen)
            self._invoked.append(self._mask(seen, Invoked))
            self._answered.append(self._mask(seen, Answered))
        return number

    def _mask(self, seen: Seen, kind: type[Any]) -> int:
        mask, theirs = 0, {one.call: one.place for one in self._world.asked}
        for one in seen:
            what = self._notes[one % LEVEL].what
            if isinstance(what, kind) and what.call in theirs:
                mask |= 1 << theirs[what.call]
        return mask

    def invoked(self, seen: int) -> int:
        """Return which requests were made, a bit each."""
        return self._invoked[seen]

    def answered(self, seen: int) -> int:
        """Return which requests are answered, a bit each."""
        return self._answered[seen]

    def answer(self, seen: int, call: str) -> Answered:
        """Return what a client was told, of a call that is answered."""
        for one in self._seen[seen]:
            what = self._notes[one % LEVEL].what
            if isinstance(what, Answered) and what.call == call:
                return what
        raise AssertionError(f"{call} is not answered")

    def count(self) -> int:
        """Count what was ever seen, as a whole each time."""
        return len(self._seen)

    # For the checkers ------------------------------------------------------------------------

    def evidence(self, seen: int) -> Evidence:
        """Give what has been seen as the checkers take it: a history and a witness's notes.

        Moments are places in the normal form.  Whatever is ordered by dependence has the order in
        which it happened; of the rest any order is as good.  Nobody knows how long anything took.
        """
        notes = [self._notes[one % LEVEL].what for one in self._seen[seen]]
        return Evidence(
            _history(notes, self._operations),
            cast("Witness", Witnessed(notes)),
            TABLES,
            votes_deadline_us=0,
        )


def _are_dependent(first: Note, second: Note) -> bool:
    """Say whether some checker asks which of two came first."""
    one, other = type(first.what), type(second.what)
    if one in UNORDERED or other in UNORDERED:
        return False
    if {one, other} == {Invoked, Answered}:
        return True  # Real time: who had an answer before who asked.
    if first.about & second.about:
        # Two partitions' parts of a transaction; of a read, two parts of one round.
        if one is Landed and other is Landed:
            return bool(first.what.node == second.what.node)
        if one is ReadAt and other is ReadAt:
            same_round = first.what.round == second.what.round
            return not same_round or bool(first.keys & second.keys)
        return True
    if one in ON_ITEMS and other in ON_ITEMS and first.keys & second.keys:
        return not (one in LOOKS and other in LOOKS)
    return False


def _history(notes: list[Any], operations: Mapping[str, Asked]) -> History:
    """Make the clients' history: those that were answered in that order, then the others."""
    history = History()
    invoked = {one.call: us for us, one in enumerate(notes, 1) if isinstance(one, Invoked)}
    answered = {one.call: (us, one) for us, one in enumerate(notes, 1) if isinstance(one, Answered)}
    ended = [(us, call, one.status, one.body) for call, (us, one) in answered.items()]
    ended += [(len(notes) + 1, call, 0, {}) for call in invoked if call not in answered]
    for place, (us, call, status, body) in enumerate(ended):
        asked = operations[call]
        history.add(
            Operation(
                place,
                asked.client,
                asked.name,
                asked.body,
                call,
                invoked[call],
                us,
                [asked.attempt],
                status,
                body,
            )
        )
    return history


class Witnessed:
    """Notes as a `Witness` gives them; what is wrong by itself was told when it happened."""

    def __init__(self, notes: list[Any]) -> None:
        self._notes = notes
        self.lies: list[tuple[str, str]] = []
        self.table_names: dict[str, str] = {}
        self.disks = NothingWrong()
        self.followed = None  # Nobody has followers here, and no table has indexes.

    def all(self, kind: type[Any]) -> list[Any]:
        """Return all notes of one kind, numbered by their places."""
        found = [(n, one) for n, one in enumerate(self._notes, 1) if isinstance(one, kind)]
        numbered = "number" in getattr(kind, "_fields", ())
        return [one._replace(number=n) if numbered else one for n, one in found]


class NothingWrong:
    """Disks of which nothing is to be told (any more)."""

    def __init__(self) -> None:
        self.wrongs: list[Wrong] = []
