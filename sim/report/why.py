"""Why an item of a write was the reason: the timestamp in the way, the condition, whom it met.

Each sentence is of one item of one call.  It names those that were met by their calls, so that a
reader can go on to them.  What cannot be known - a trace that begins late, a vote that was never
given - is said so, and never guessed.
"""

from collections.abc import Iterable, Sequence

from items.actions import Action, Check, allowed_on
from items.data import data
from items.errors import DynamoDBError
from items.to_json import item_to_json
from items.values import Item
from network.messages import RecordKey, Reject
from sim.report.inside import Inside, Voted
from sim.telling import told_item
from sim.words import Words

CONFLICT = "TransactionConflict"
CONDITION_FAILED = "ConditionalCheckFailed"
THROTTLED = "ProvisionedThroughputExceeded"
WORDS = Words()  # For timestamps alone: they have no names.


@data
class Why:
    """What is behind one item's part of an answer."""

    vote: str  # What the partition said, in short; empty if nothing is known of it.
    sentence: str
    met: tuple[str, ...] = ()  # The calls that were in the way.


@data
class OfItem:
    """One item of a call, as the client was answered about it."""

    key: RecordKey
    action: Action | None  # None: it was to be read.
    condition: str  # In words, with its values in their places.
    code: str  # The reason; `None` where nothing was wrong.
    key_names: Sequence[str] = ()


def ms(us: int) -> str:
    return f"{us / 1000:,.3f} ms"


def meeting(inside: Inside, us: int, cause: str, sentence: str) -> tuple[str, tuple[str, ...]]:
    """Fill in who was met, and name the call."""
    call = inside.call_of(cause)
    return sentence.format(who=inside.who(cause), us=ms(us)), (call,) if call else ()


# Write transactions ------------------------------------------------------------------------------


def of_write(inside: Inside, transactions: Sequence[str], item: OfItem) -> Why:
    """Say what a partition voted on one item of a write transaction, and why (§3.3)."""
    voted = [vote for one in transactions for vote in inside.votes.get((one, item.key), ())]
    found = _decisive(voted, item.code)
    if found is None:
        return Why("", _silent(item.code))
    if isinstance(found.vote, Reject):
        return _rejected(inside, transactions, item, found, found.vote)
    return Why("accept", _accepted(inside, transactions, item, found))


def _decisive(voted: Sequence[Voted], code: str) -> Voted | None:
    """Choose the vote that the answer speaks of: of those with its code, the first one heard."""
    fitting = [one for one in voted if _code_of(one) == code]
    heard = [one for one in fitting if one.answer.arrivals_us]
    if heard:
        return min(heard, key=lambda one: one.answer.arrivals_us[0])
    known = fitting or voted
    return known[-1] if known else None


def _code_of(voted: Voted) -> str:
    return voted.vote.reason.code if isinstance(voted.vote, Reject) else "None"


def _silent(code: str) -> str:
    if code == "ThrottlingError":
        return "no vote came: its partition was silent until the coordinator gave up"
    return "no vote on it is known: it was not asked for, or the vote was never sent"


def _accepted(inside: Inside, transactions: Sequence[str], item: OfItem, found: Voted) -> str:
    landed = [
        one for name in transactions for one in inside.landed.get(name, ()) if one.key == item.key
    ]
    promised = f"{found.node} promised it at {ms(found.us)}"
    if landed:
        return f"{promised}, and {landed[-1].node} has it durably since {ms(landed[-1].us)}"
    return f"{promised}; it was never applied"


def _rejected(
    inside: Inside, transactions: Sequence[str], item: OfItem, found: Voted, vote: Reject
) -> Why:
    """Say why a partition rejected: what was ongoing, what came later, which condition failed."""
    code, way = vote.reason.code, vote.in_the_way
    said = f"reject {code}"
    if way is not None:
        mine, theirs = WORDS.timestamp(found.timestamp), WORDS.timestamp(way)
        begin = f"its timestamp {mine} is not later than {theirs}"
        writer = inside.writers.get(way)
        if writer is None:
            return Why(said, f"{begin}, which the item had")
        does = _done_by(inside, writer, item.key)
        return Why(said, *meeting(inside, found.us, writer, f"{begin}: {{who}} {does}"))
    if code == CONFLICT:
        own = transactions[-1] if transactions else ""
        return Why(said, *_conflict(inside, item.key, found.us, own))
    if code == CONDITION_FAILED:
        return Why(said, _false_condition(inside, item, found.us))
    if code == THROTTLED:
        return Why(said, f"{found.node} took no new work at {ms(found.us)}")
    return Why(said, vote.reason.message or "")


def _done_by(inside: Inside, writer: str, key: RecordKey) -> str:
    """Say what the one did whose timestamp an item has, or its table, where an item was deleted."""
    if not any(one.key == key for one in inside.landed.get(writer, ())):
        return "had deleted from its table"
    actions = [action for one, action in inside.asked.get(inside.call_of(writer), ()) if one == key]
    return "had checked it" if any(isinstance(one, Check) for one in actions) else "had written it"


def _conflict(inside: Inside, key: RecordKey, us: int, but: str) -> tuple[str, tuple[str, ...]]:
    ongoing = inside.pasts.ongoing_at(key, us, but)
    if ongoing is None:
        return f"another transaction was ongoing on it at {ms(us)}", ()
    since_us, transaction = ongoing
    return meeting(inside, since_us, transaction, "{who} was ongoing on it, since {us}")


def _false_condition(inside: Inside, item: OfItem, us: int) -> str:
    condition = item.condition.removeprefix("if ") or "its condition"
    known, found = _item_judged(inside, item, us)
    if not known:
        return f"{condition} was false at {ms(us)}"
    if found is None:
        return f"{condition} was false: there was no item"
    told = told_item(item_to_json(found), item.key_names)
    return f"{condition} was false: the item was {told}"


def _item_judged(inside: Inside, item: OfItem, us: int) -> tuple[bool, Item | None]:
    """Find the item of which the condition was false; say whether it is known at all.

    Mostly it is what was there at that moment; what changed within the same moment is tried too.
    """
    if item.action is None:
        return False, None
    for was in inside.pasts.around(item.key, us):
        try:
            if not allowed_on(item.action, was):
                return True, was
        except DynamoDBError:  # On this one it could not be judged at all: it was another.
            continue
    return False, None


# Singletons --------------------------------------------------------------------------------------


def of_singleton(inside: Inside, call: str, item: OfItem, attempts: Iterable[str]) -> Why:
    """Say why a write outside any transaction was refused, or when it was applied (§3.3)."""
    landed = [one for attempt in attempts for one in inside.landed.get(attempt, ())]
    if landed:
        return Why("written", f"{landed[-1].node} has it durably since {ms(landed[-1].us)}")
    refusal = inside.refused.get(call)
    if refusal is None:
        return Why("", "")
    said = f"refused {refusal.error}"
    match refusal.error.removesuffix("Exception"):
        case "TransactionConflict":
            return Why(said, *_conflict(inside, item.key, refusal.us, ""))
        case "ConditionalCheckFailed":
            return Why(said, _false_condition(inside, item, refusal.us))
        case "ProvisionedThroughputExceeded":
            return Why(said, f"{refusal.node} took no new work at {ms(refusal.us)}")
        case _:
            return Why(said, "")
