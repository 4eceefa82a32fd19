"""One call while it is under way, and what messages say of the items that it asks for."""

from coordinator.ledger import entry_of
from items.values import Item
from network.messages import (
    Message,
    Prepare,
    Read,
    ReadTransaction,
    RecordKey,
    Write,
    WriteTransaction,
)
from sim.watch.picture import NOT_ASKED, Going, Part
from sim.words import Words

CALL_MAX = 10  # Characters.


class Flight:
    """A call while it is under way."""

    __slots__ = (
        *("attempts", "call", "client", "entered", "is_open", "is_waited_for", "name", "parts"),
        *("phase", "told", "us"),
    )

    def __init__(self, us: int, call: str, phase: str) -> None:
        self.us, self.call, self.phase = us, call, phase
        self.name = self.client = ""
        self.told = ""  # What its client was told; empty as long as it waits.
        self.attempts = 0
        self.is_waited_for = False  # By its client.
        self.is_open = False  # In the ledger, and not completed there.
        self.entered: Item | None = None  # Its entry, as long as nobody has read its items there.
        self.parts: dict[RecordKey, str] = {}  # In the request's order, once they are known.

    def sign(self, key: RecordKey, sign: str) -> None:
        """Note what has become of an item, if it is one of this call's."""
        if key in self.parts or self.entered is not None:
            self.parts[key] = sign

    def read_entry(self) -> None:
        """Learn all items from the ledger's entry, where no message has told them.

        Only when somebody looks: most transactions of a server are over before that.
        """
        if self.entered is not None:
            actions = entry_of(self.entered).transaction.actions
            keys = [(action.table, action.key) for action in actions]
            self.parts = {key: self.parts.get(key, NOT_ASKED) for key in keys}
            self.entered = None

    def going(self, words: Words) -> Going:
        """Say how far it has come."""
        self.read_entry()
        phase = self.phase
        if self.attempts > 1:
            phase += f", attempt {self.attempts}"
        if self.told:
            phase += f", told {self.told}"
        parts = [Part(words.key(key), sign) for (_, key), sign in self.parts.items()]
        return Going(self.name, short(self.call), phase, self.us, tuple(parts))

    def ended(self, words: Words, codes: list[str]) -> tuple[Part, ...]:
        """Return its items with their reasons; without any where there are none."""
        keys = [words.key(key) for _, key in self.parts]
        told = codes or [""] * len(keys)
        return tuple([Part(key, code) for key, code in zip(keys, told, strict=False)])


def short(call: str) -> str:
    """Shorten what a call is known by: a client's UUID, or a request's name after some words."""
    return call.rpartition(" ")[2][:CALL_MAX]


def keys_of(message: Message) -> tuple[RecordKey, ...]:
    """Return the items that a question asks about."""
    match message:
        case WriteTransaction(actions=actions) | Prepare(actions=actions):
            return tuple([(action.table, action.key) for action in actions])
        case ReadTransaction(keys=keys) | Read(keys=keys):
            return tuple(keys)
        case Write(action=action):
            return ((action.table, action.key),)
        case _:
            return ()
