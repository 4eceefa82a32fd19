"""The golden script of a shrunk failure: unbroken it holds, with the mutant it comes out otherwise.

A script's world is calmer than a run's, so whether the anomaly comes in it has to be seen: the
story is written in several manners, the plainest first, and each is played broken and unbroken.
Taken is the first in which the same anomaly is found; else the first that merely says something
else.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from items.data import data
from sim.checkers.finding import Finding
from sim.faults.steps import MESSAGE_ACTS, Step
from sim.keys import COUNTED, MILD
from sim.script import Player, rewrite
from sim.script_check import judged
from sim.script_requests import ScriptError
from sim.search.broken import broken
from sim.search.shrink.failure import Failure
from sim.search.shrink.script_text import Manner, crowded, letters_of, script_of
from sim.search.shrink.story import Story, item_names, scenario_of, steps_of
from sim.search.shrink.timeline import Timeline, timeline
from sim.search.shrink.told import told

LINES_MAX = 400  # A script is to be read.
NUDGES_MAX = 100
UNSEEN = "played as a script, which is calm but for its steps, it is the same with the mutant"
UNFINISHED = "unfinished"  # The kind of finding, of what should have come to its end.
EXACT_US, ROUND_US = 1, 1_000
BY_US = tuple(sign * ms * ROUND_US for ms in range(1, 13) for sign in (1, -1))
MANNERS = tuple(
    Manner(unit_us, waits, repeats)
    for waits, repeats in ((False, False), (True, False), (True, True))
    for unit_us in (ROUND_US, EXACT_US)
)
ONE_OF = {
    "r": "router",
    "l": "ledger node",
    "m": "recovery manager",
}  # That a script's cluster has.


@data
class Scripted:
    """A golden script, or why there is none."""

    text: str  # '' if there is none.
    why_not: str  # '' if there is one.
    is_found: bool = (
        False  # With the mutant, the checks find the same anomaly; else it only differs.
    )


@data
class _Played:
    """What came of a script."""

    text: str
    findings: tuple[Finding, ...]
    unfinished: tuple[str, ...]
    error: str = ""  # What has stopped it: a node's bug.

    @property
    def holds(self) -> bool:
        return not (self.findings or self.unfinished or self.error)


def scripted(short: Failure, story: Story | None) -> Scripted:
    """Write a shrunk failure as a golden script, and check that its mutant is seen in it."""
    why = why_not(short, story)
    if why or story is None:
        return Scripted("", why)
    with broken(short.mutant):
        moments = timeline(story, short.seed)
        head = tuple(comments(short, story))
    differs, why = Scripted("", UNSEEN), ""
    for text in scripts(short, story, moments, head):
        one = tried(text, short)
        if one.is_found:
            return one
        differs = differs if differs.text or not one.text else one
        why = why or one.why_not
    return differs if differs.text or not why else Scripted("", why)


def tried(text: str, short: Failure) -> Scripted:
    """Play a script without a mutant and with it; it is none if it says the same both times."""
    try:
        with broken(short.mutant):
            spoilt = played(text)
        whole = played(text)
    except ScriptError as error:
        return Scripted("", f"a script cannot say it: {error}")
    if len(whole.text.splitlines()) > LINES_MAX:
        return Scripted("", f"it would be a script of more than {LINES_MAX} lines")
    if not whole.holds:
        return Scripted("", f"the unbroken protocol does not hold in it: {first_of(whole)}")
    if spoilt.text == whole.text:  # What is found after its end is not what the script says.
        return Scripted("", "")
    is_found = short.is_seen(spoilt.findings) or (UNFINISHED in short.anomaly and spoilt.unfinished)
    return Scripted(whole.text, "", bool(is_found))


def why_not(short: Failure, story: Story | None) -> str:
    """Say why a failure cannot be told as a script, if that is known before it is tried."""
    if short.mutant is None:
        return "no rule is broken on purpose: a script would pin down the failure itself"
    if story is None:
        return "it could not be told as a list of requests"
    full = crowded(story)
    if full:
        return f"it has more items on {full} than a script has letters for"
    chance = [key for key in (*COUNTED, *MILD) if story.key(key)]
    if chance:
        return f"{chance[0]} is left to chance in it, and a script leaves nothing to chance"
    for step in steps_of(story):
        for name in step.hosts():
            if name[0] in ONE_OF and name != f"{name[0]}1":
                return (
                    f"its step {str(step)!r} names {name}, and a script has one {ONE_OF[name[0]]}"
                )
    return ""


def scripts(
    short: Failure, story: Story, moments: Timeline, head: tuple[str, ...]
) -> Iterator[str]:
    """Return the story as scripts, without what comes of them, the plainest first."""
    named = dict.fromkeys((short.scenario.steps, steps_of(story)))
    for manner in MANNERS:
        for steps in named:
            yield script_of(story, steps, moments, manner, head)
    # In a script nodes have met before: a request gets on its way some milliseconds sooner.
    steps = steps_of(story)
    for manner in (MANNERS[0], MANNERS[-2]):
        for shifted in islice(nudged(moments), NUDGES_MAX):
            yield script_of(story, steps, shifted, manner, head)
        for other in islice(nudged_steps(steps), NUDGES_MAX):
            yield script_of(story, other, moments, manner, head)


def nudged(moments: Timeline) -> Iterator[Timeline]:
    """Return the moments with one request a little later, or sooner."""
    for by_us in BY_US:
        for name, us in moments.asked_us.items():
            yield replace(moments, asked_us={**moments.asked_us, name: us + by_us})


def nudged_steps(steps: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    """Return the steps with one message a little later, or sooner."""
    for by_us in BY_US:
        for n, step in enumerate(steps):
            if step.act in MESSAGE_ACTS and step.us is not None and step.us + by_us > 0:
                yield (*steps[:n], replace(step, us=step.us + by_us), *steps[n + 1 :])


def played(text: str) -> _Played:
    """Play a script; its rule is broken already, if one is.

    Raises:
        ScriptError: It cannot be played.
    """
    player = Player()
    try:
        whole = rewrite(text, player)
        unfinished, findings = judged(player)
    except ScriptError:
        raise
    except Exception as error:  # noqa: BLE001  # A node's bug; with a mutant there may be any.
        return _Played("", (), (), f"{type(error).__name__}: {error}")
    return _Played(whole, tuple(findings), tuple(unfinished))


def first_of(one: _Played) -> str:
    """Say what is wrong first in what was played."""
    return next(iter((*(str(finding) for finding in one.findings), *one.unfinished)), one.error)


def comments(short: Failure, story: Story) -> Iterator[str]:
    """Return the sentences at a script's top: its mutant, and the story; broken, when called."""
    words, letters = item_names(story), letters_of(story)
    renamed = {words[item]: letters[item] for item in words}
    checker, kind = short.leading
    telling = told(scenario_of(story), short.seed, kind, renamed)
    yield f"Made by `twophase shrink`; found with the mutant {short.mutant}, which leads to this:"
    for n, sentence in enumerate(telling.sentences[:-1], 1):
        yield f"{n}. {sentence}"
    yield f"The check {checker} finds: {kind}.  Below is what happens with no rule broken."
