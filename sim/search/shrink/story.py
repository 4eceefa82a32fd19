"""A story: a failing run as data - requests, and the choices that differ from a calm world.

Everything in it has a name of its own that no other part's removal changes: a request is called by
a number, a choice by the request that its message belongs to, an item by a number and where it
lives, a value by a number.  Only `scenario_of` gives them the names that a scenario has: k1.2, a,
c1>p1 prepare #1.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import field, replace

from items.data import data
from network.placement import Placement
from sim.faults.step_words import shown_us
from sim.faults.steps import MessageAt, Step
from sim.keys import COUNTED, KEYS, Value
from sim.scenario import Scenario
from sim.script_requests import LEAVE_A_VALUE
from sim.settings import names
from sim.workloads.listed import Listed

TRANSACTIONS = ("write", "read")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
NOTHING = "nothing"  # A value that nobody writes.


@data
class Action:
    """What is done to one item."""

    verb: str  # put, update, add, delete, check; get in what reads.
    item: int
    value: int = 0  # What a put, an update or an add leaves; each its own.
    condition: str = ""  # missing, exists, '= ⟨number of a value⟩', '= nothing'.
    shows: bool = False  # The item is to be shown if the condition fails.


@data
class Request:
    """What a client asks for."""

    number: int
    client: str
    at_us: int  # Not before this; 0: at once.
    verb: str  # write, read; get, put, update, add, delete of one item.
    actions: tuple[Action, ...]
    token: int = 0  # Whom it has its token in common with: all of that number; 0: with nobody.


@data
class Choice:
    """One thing that is otherwise than in a calm world."""

    step: Step  # With '' for whose message it is.
    of: int | None  # The request that the message belongs to; None: it is nobody's.


@data
class Story:
    """A run that a listed world's scenario says."""

    requests: tuple[Request, ...]  # As they are written: a client's own come in this order.
    homes: Mapping[int, int]  # Of each item: on which partition it lives, from 1.
    there: tuple[int, ...]  # Items that are there at first.
    choices: tuple[Choice, ...]
    keys: Mapping[str, Value] = field(default_factory=dict)  # Where they are not the defaults.

    def key(self, name: str) -> Value:
        return self.keys.get(name, KEYS[name][0])

    def setting(self, changed: Mapping[str, Value]) -> "Story":
        keys = {**self.keys, **changed}
        return replace(self, keys={k: v for k, v in keys.items() if v != KEYS[k][0]})

    def without(self, numbers: frozenset[int]) -> "Story":
        """Return it without some requests, and what was about them alone."""
        requests = tuple(one for one in self.requests if one.number not in numbers)
        choices = tuple(one for one in self.choices if one.of is None or one.of not in numbers)
        return replace(self, requests=requests, choices=choices)

    def choosing(self, choices: tuple[Choice, ...]) -> "Story":
        return replace(self, choices=choices)

    def items(self) -> list[int]:
        """Return the items that are asked for, in the order in which they are named."""
        return list(dict.fromkeys(a.item for one in self.requests for a in one.actions))


def asked_for(story: Story) -> tuple[int, ...]:
    """Return those items that are there at first and that somebody asks for."""
    used = frozenset(story.items())
    return tuple(item for item in story.there if item in used)


def scenario_of(story: Story, name: str = "story", description: str = "") -> Scenario:
    """Return the scenario that says a story; it must have requests."""
    clients = _clients(story)
    words = item_names(story)
    keys = {key: default for key, (default, _, _) in KEYS.items()} | dict(story.keys)
    keys["workload.clients"] = len(clients)
    if any(keys[key] for key in COUNTED):
        # Such faults come when so many transactions have begun: let all of these come.  One more
        # than there are, so that they may come after the last one has begun as well.
        count = sum(one.verb in TRANSACTIONS for one in story.requests)
        keys["workload.transactions"] = count + 1
    workload_keys = {
        **Listed.KEYS,
        "requests": "\n".join(_lines(story, clients, words)),
        "there": " ".join(f"{words[item]}=0" for item in story.there if item in words),
    }
    return Scenario(name, description, "listed", keys, workload_keys, steps_of(story))


def steps_of(story: Story) -> tuple[Step, ...]:
    """Return the choices as steps; a message is named by the request that it belongs to."""
    clients, of = _clients(story), request_names(story)
    return tuple(_step(choice, clients, of) for choice in story.choices)


def request_names(story: Story) -> dict[int, str]:
    """Return the name of each request in its scenario, as in k2.1, by its number."""
    clients, counts = _clients(story), Counter[str]()
    of: dict[int, str] = {}
    for one in story.requests:
        counts[one.client] += 1
        of[one.number] = f"{clients[one.client]}.{counts[one.client]}"
    return of


def _step(choice: Choice, clients: Mapping[str, str], of: Mapping[int, str]) -> Step:
    step, what = choice.step, choice.step.what
    if not isinstance(what, MessageAt):
        return step
    what = replace(
        what,
        source=clients.get(what.source, what.source),
        target=clients.get(what.target, what.target),
        of="" if choice.of is None else of[choice.of],
    )
    return replace(step, subject=clients.get(step.subject, step.subject), what=what)


def _clients(story: Story) -> dict[str, str]:
    """Name the clients k1, k2 … in the order in which they ask."""
    used = dict.fromkeys(one.client for one in story.requests)
    return dict(zip(used, names("k", len(used)), strict=True))


def item_names(story: Story) -> dict[int, str]:
    """Call each item by a word that lives on the partition where the item does."""
    count = int(story.key("cluster.partitions"))
    placement = Placement(names("p", count), ["l1"])
    found: dict[int, str] = {}
    free = list(_words())
    for item in story.items():
        home = f"p{min(story.homes[item], count)}"
        word = next(one for one in free if _owner(placement, one) == home)
        free.remove(word)
        found[item] = word
    return found


def _words() -> Iterator[str]:
    yield from LETTERS
    for n in range(1, 100):
        for letter in LETTERS:
            yield f"{letter}{n}"


def _owner(placement: Placement, word: str) -> str:
    return placement.owner("items", (("S", word),))


def _lines(story: Story, clients: Mapping[str, str], words: Mapping[int, str]) -> Iterator[str]:
    for one, said in zip(story.requests, requests_said(story, words), strict=True):
        moment = f"at {shown_us(one.at_us)} " if one.at_us else ""
        token = token_said(story, one)
        yield f"{clients[one.client]}: {moment}{said}{f' [{token}]' if token else ''}"


def token_said(story: Story, request: Request) -> str:
    """Return a request's token as an option; '' where no other request has it as well."""
    sharing = [one for one in story.requests if one.token and one.token == request.token]
    return f"token=T{request.token}" if len(sharing) > 1 else ""


def requests_said(story: Story, words: Mapping[int, str]) -> list[str]:
    """Return each request as `listed` and golden scripts write it, with items by these words."""
    values: dict[int, str] = {}
    for one in story.requests:
        for action in one.actions:
            if action.verb in LEAVE_A_VALUE:
                values[action.value] = str(len(values) + 1)
    return [_said(one, words, values) for one in story.requests]


def _said(one: Request, words: Mapping[int, str], values: Mapping[int, str]) -> str:
    if one.verb in ("read", "get"):
        return " ".join([one.verb, *(words[action.item] for action in one.actions)])
    if one.verb == "write":
        actions = (_action(action, words, values, ", ") for action in one.actions)
        said = (f"{a.verb}({text})" for a, text in zip(one.actions, actions, strict=True))
        return " ".join(["write", *said])
    return f"{one.verb} {_action(one.actions[0], words, values, ' ')}"


def _action(action: Action, words: Mapping[int, str], values: Mapping[int, str], comma: str) -> str:
    text = words[action.item]
    if action.verb in LEAVE_A_VALUE:
        text += f"{comma}{values[action.value]}"
    if action.condition:
        wanted = action.condition.removeprefix("= ")
        is_of_value = wanted not in (action.condition, NOTHING)
        told = f"= {values.get(int(wanted), NOTHING)}" if is_of_value else action.condition
        text += f" if {told}"
        text += " showing" if action.shows else ""
    return text
