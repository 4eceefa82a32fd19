"""The mechanisms of the protocol: the rule of each, what it is for, and which mutants lack it.

A mutant is one safeguard left out; a mechanism is what a reader of the paper would name, and may be
several safeguards at once.  Where one mutant lacks all of it, that one stands for it.
"""

from difflib import get_close_matches

from items.data import data
from sim.mutants.catalogue import TOGETHER, find
from sim.mutants.mutant import Mutant

NEAR_MAX = 3  # Names to offer for one that nobody has.


class UnknownMechanismError(ValueError):
    """A name that no mechanism has; the text names the nearest ones."""


@data
class Mechanism:
    """Something that the protocol does, and could leave out."""

    name: str
    section: str  # Of the paper.
    rule: str  # What is done, in a sentence.
    purpose: str  # What it is for, in a sentence.
    mutants: tuple[str, ...]  # All of these together are the protocol without it.

    @property
    def mutant(self) -> str:
        """The name under which `--mutant` takes it away."""
        return TOGETHER.join(self.mutants)

    def taken_away(self) -> Mutant:
        return find(self.mutant)


MECHANISMS = (
    # What a partition promises.
    Mechanism(
        "timestamp-test",
        "§3.2",
        "A prepare whose timestamp is not later than its item's is rejected.",
        "Transactions take effect in the order of their timestamps, and a copy of a prepare that"
        " comes late finds its own commit there and is refused.",
        ("prepare-ignores-timestamps",),
    ),
    Mechanism(
        "ongoing-marker",
        "§3.3",
        "One transaction at a time is ongoing on an item, be it there or not; who meets it is"
        " refused, a singleton write as well.",
        "Nothing changes an item between the vote about it and the commit that relies on the vote.",
        (
            "the-latest-prepare-takes-over",
            "placeholders-hold-nobody-up",
            "singletons-ignore-the-ongoing",
        ),
    ),
    Mechanism(
        "marker-of-checks",
        "§3.3",
        "A ConditionCheck marks its item as ongoing, like a write.",
        "What was checked stays true until the transaction has committed.",
        ("checks-leave-no-promise",),
    ),
    Mechanism(
        "timestamp-of-checks",
        "§3.3",
        "A ConditionCheck that commits moves its item's timestamp, like a write.",
        "No older write comes after a check that should have seen it.",
        ("checks-leave-no-timestamp",),
    ),
    Mechanism(
        "owner-checks",
        "§3.3",
        "Commit and cancel end only what is ongoing for their own transaction.",
        "An order that comes late, or twice, does not end somebody else's transaction.",
        ("orders-ask-for-no-owner",),
    ),
    Mechanism(
        "max-delete-timestamp",
        "§3.3",
        "A partition keeps the latest timestamp of any delete, and judges prepares of missing"
        " items by it.",
        "An item that was deleted is not brought back by a transaction from before its delete.",
        ("deletes-leave-no-timestamp",),
    ),
    Mechanism(
        "durable-before-reply",
        "§3.1",
        "A partition answers when its changes are durable, and all earlier ones.",
        "No crash takes back what somebody relies on already.",
        ("replies-precede-their-changes",),
    ),
    Mechanism(
        "durable-promises",
        "§3.1",
        "What is ongoing is part of the record, and survives a crash like its item.",
        "A partition that has voted yes can commit when it comes back.",
        ("crashes-lose-promises",),
    ),
    # What a coordinator decides.
    Mechanism(
        "every-vote",
        "§3.3",
        "A transaction commits only if every action was accepted.",
        "All of it or nothing: one rejection cancels the whole.",
        ("one-accept-is-enough",),
    ),
    Mechanism(
        "ledger-before-prepare",
        "§3.5",
        "A transaction is entered in the ledger before its first prepare is sent.",
        "Whoever meets what is ongoing finds out whose it is; where there is no entry, nobody can"
        " ever commit.",
        ("prepares-precede-their-entry",),
    ),
    Mechanism(
        "compare-and-set",
        "§3.5",
        "The decision is set in the ledger only where the entry still says PREPARING.",
        "Two coordinators may drive one transaction, and one of them decides for both.",
        ("decisions-compare-nothing",),
    ),
    Mechanism(
        "decision-before-commits",
        "§3.5",
        "The decision is in the ledger before the first commit or cancel is sent.",
        "Recovery that takes over finds what was begun, and does not decide otherwise.",
        ("commits-precede-their-decision",),
    ),
    Mechanism(
        "reply-after-commit",
        "§3.3",
        "The client is told 'committed' when every commit has been applied.",
        "Whoever was told so reads what was written.",
        ("answers-precede-commits",),
    ),
    Mechanism(
        "token",
        "§2.3",
        "The entry is kept under the request's token, and a retry adopts what is there.",
        "A request whose answer was lost is carried out once, however often it is asked for.",
        ("tokens-are-forgotten",),
    ),
    Mechanism(
        "refusals-remembered",
        "§2.3",
        "A call that was refused stays refused, whatever comes of its token.",
        "A late copy of a call does not carry out what its client was told is cancelled.",
        ("refused-calls-begin-anew",),
    ),
    # Reads.
    Mechanism(
        "second-read-round",
        "§3.4",
        "A read transaction reads everything twice, and returns what did not change in between.",
        "All items are seen as of one moment, and nothing is written for it.",
        ("reads-have-one-round",),
    ),
    Mechanism(
        "lsn-compare",
        "§3.4",
        "The second round compares each item's LSN with that of the first.",
        "A write that came and went between the rounds is noticed.",
        ("reads-compare-no-lsns",),
    ),
    Mechanism(
        "first-round-check",
        "§3.4",
        "The first round of a read transaction ends it if anything is ongoing.",
        "It saves a second round that would be in vain.",
        ("first-rounds-ignore-the-ongoing",),
    ),
    Mechanism(
        "second-round-check",
        "§3.4",
        "The second round of a read transaction ends it if anything is ongoing.",
        "A transaction that is applied to one item and not yet to another is noticed.",
        ("second-rounds-ignore-the-ongoing",),
    ),
    Mechanism(
        "lsn-of-the-missing",
        "§3.4",
        "A missing item has an LSN too: that of the last delete in its table and partition.",
        "An item that came and went between the rounds of a read is noticed.",
        ("missing-items-have-no-lsn",),
    ),
    # Writes outside transactions.
    Mechanism(
        "once-only",
        "§3.3",
        "A partition remembers which singleton writes it has answered: by number, by a floor for"
        " each sender, and by the incarnation that was meant.",
        "A copy of an update is not applied once more, before a crash and after it.",
        ("copies-are-carried-out", "copies-outlive-a-crash"),
    ),
    Mechanism(
        "stamp-above-what-is-there",
        "§3.3",
        "A singleton write is stamped later than the item that it finds, whatever the clock says.",
        "Nothing that is older than what is there comes after it.",
        ("singletons-trust-their-clock",),
    ),
    # Recovery.
    Mechanism(
        "recovery",
        "§3.5",
        "A recovery manager finds transactions that nobody finishes, and has them finished.",
        "A coordinator may die at any line, and no item stays held up.",
        ("nobody-recovers",),
    ),
    Mechanism(
        "orphans-on-a-timer",
        "§3.5",
        "Partitions look for what has been ongoing for too long on a timer, and tell of it.",
        "A promise that came after its own cancel is found, though its transaction is finished.",
        ("partitions-keep-quiet",),
    ),
    Mechanism(
        "fresh-votes",
        "§3.5",
        "Recovery asks for the votes again before it decides an undecided transaction.",
        "What was rejected is not committed.",
        ("recovery-presumes-commit",),
    ),
    # Splits.
    Mechanism(
        "compare-and-set-of-placement",
        "§3.1",
        "A split is decided by a compare-and-set of the placement record.",
        "A range has one owner, whoever is late and whoever came back.",
        ("placements-compare-nothing",),
    ),
    Mechanism(
        "ongoing-moves-along",
        "§3.3",
        "A split carries over what is ongoing, beside the items.",
        "Whoever voted yes for an item can commit it, wherever it lives meanwhile.",
        ("children-forget-promises",),
    ),
)


def find_mechanism(name: str) -> Mechanism:
    """Return the mechanism of this name.

    Raises:
        UnknownMechanismError: There is none.
    """
    names = [mechanism.name for mechanism in MECHANISMS]
    if name in names:
        return MECHANISMS[names.index(name)]
    near = get_close_matches(name, names, NEAR_MAX, 0.4)
    raise UnknownMechanismError(
        f"there is no mechanism {name!r}; "
        + (f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names)}")
    )
