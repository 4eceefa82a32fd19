"""A short failing run in sentences: who asked what when, what went otherwise, what was found."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from items.data import data
from sim.checkers.finding import Finding
from sim.cluster_run import Run
from sim.counted import counted
from sim.faults.acts import LASTS_US
from sim.faults.step_words import shown_us
from sim.faults.steps import ANY, MessageAt, Step
from sim.history import READ_TRANSACTION, WRITE_TRANSACTION, Operation
from sim.result import Result
from sim.scenario import Scenario
from sim.script_requests import answered
from sim.search.shrink.failure import class_of
from sim.search.shrink.translate import ALONE, VERBS
from sim.trace import Event

SENTENCES_MAX = 16
OPERATIONS_MAX = 12  # Of a run that is not short, only the first are told.
SENTENCES_OF_ONE = 2  # An operation is asked for, and answered.


@data
class Telling:
    """A short run, in sentences."""

    sentences: tuple[str, ...]
    messages: int  # Of the trouble; of all, if the run fails before that.
    result: Result


Json = Mapping[str, Any]


def told(
    scenario: Scenario, seed: int, anomaly: str, words: Mapping[str, str] | None = None
) -> Telling:
    """Run it and tell it, with other words for items if need be; its rule is broken, if one is."""
    run = Run(scenario, seed)
    ear = _Ear(run)
    result = run.go()
    asked = [one for one in result.history if one.invoked_us >= ear.began_us]
    lines = [*ear.lines, *_asked(asked[:OPERATIONS_MAX], ear.began_us, words or {})]
    sentences = [text for _, text in sorted(lines, key=lambda line: line[0])]
    untold = len(sentences[SENTENCES_MAX:]) + SENTENCES_OF_ONE * len(asked[OPERATIONS_MAX:])
    more = [f"{counted(untold, 'more sentence')} would tell the rest."] if untold else []
    told_of = (*sentences[:SENTENCES_MAX], *more, *_found(result.findings, anomaly))
    return Telling(told_of, ear.messages, result)


class _Ear:
    """Hears when steps came, and counts the messages of the trouble.  A `sim.trace.Listener`.

    Where a run fails before the trouble, what came before is the story.
    """

    def __init__(self, run: Run) -> None:
        self.lines: list[tuple[int, str]] = []
        self.messages = self.began_us = 0
        self._run = run
        self._steps = {str(step): step for step in run.scenario.steps}
        run.listen_to_phases(self._phase_ended)
        run.listen(self)

    def _phase_ended(self, phase: str) -> None:
        if phase == "setting up":
            self.messages, self.began_us = 0, self._run.loop.now_us

    def __call__(self, event: Event) -> None:
        if self._run.trouble_ended:
            return
        self.messages += event.name == "message.sent"
        if event.name == "step.happened":
            step = self._steps[event.fields["step"]]
            at_us = event.us - self.began_us
            self.lines.append((at_us, f"{_at(at_us)} {in_words(step)}."))


def _at(us: int) -> str:
    return f"At {us / 1000:,.1f} ms" if us < 1_000_000 else f"At {us / 1e6:,.2f} s"


# What went otherwise -----------------------------------------------------------------------------


def in_words(step: Step) -> str:
    """Say in a clause what a step does, where it comes."""
    what, long = step.what, shown_us(abs(step.us or LASTS_US))
    match step.act:
        case "lose":
            return f"{_message(what)} is lost"
        case "corrupt":
            return f"{_message(what)} is damaged on its way, and thrown away"
        case "delay":
            return f"{_message(what)} leaves, and takes {long} longer than others"
        case "repeat":
            later = f", again {long} later" if step.us else ""
            return f"{_message(what)} leaves, and arrives twice{later}"
        case "crash":
            return f"{step.subject} crashes, {step.when} {what} is {step.end}, for {long}"
        case "clock":
            way = "ahead" if (step.us or 0) > 0 else "back"
            return f"the clock of {step.subject} jumps {way} by {long}"
        case "cut":
            lasts = f" for {long}" if step.us is not None else ""
            return f"the link {step.subject} is cut{lasts}"
        case _:
            verbs = {
                "pause": f"stands still for {long}",
                "throttle": f"refuses new work for {long}",
                "slow": f"has a slow disk for {long}",
                "fill": f"has a full disk for {long}",
            }
            return f"{step.subject} {verbs.get(step.act, f'is hit: {step}')}"


def _message(what: object) -> str:
    assert isinstance(what, MessageAt), "an act on a message has one"
    kind = what.kind or "message"
    whose = "somebody" if what.source == ANY else what.source
    to = "" if what.target == ANY else f" to {what.target}"
    return f"{kind} #{what.number} from {whose}{to}"


# What was asked and answered ---------------------------------------------------------------------


def _asked(
    operations: Iterable[Operation], began_us: int, words: Mapping[str, str]
) -> Iterator[tuple[int, str]]:
    for one in operations:
        asked_us, told_us = one.invoked_us - began_us, one.returned_us - began_us
        yield asked_us, f"{_at(asked_us)} {one.client} {request_in_words(one, words)}."
        yield told_us, f"{_at(told_us)} {one.client} is told: {_answer(one)}."


def request_in_words(operation: Operation, words: Mapping[str, str]) -> str:
    """Say in a clause what was asked for."""
    request = operation.request
    if operation.name == WRITE_TRANSACTION:
        entries = [pair for entry in request["TransactItems"] for pair in entry.items()]
        actions = (f"{VERBS[verb]} {_key(body, words)}{_if(body)}" for verb, body in entries)
        return f"asks for a write transaction{_under(operation)}: {', '.join(actions)}"
    if operation.name == READ_TRANSACTION:
        keys = (_key(entry["Get"], words) for entry in request["TransactItems"])
        return f"asks for a read transaction of {', '.join(keys)}"
    if operation.name in ALONE:
        return f"{ALONE[operation.name]}s {_key(request, words)}{_if(request)}"
    return f"asks for {operation.name}"


def _under(operation: Operation) -> str:
    """Name the token of a transaction, if its client did not make one for this call alone."""
    token = operation.request["ClientRequestToken"]
    return "" if token == f"{operation.call}/token" else f" under the token {token}"


def _key(body: Json, words: Mapping[str, str]) -> str:
    """Name the item of an action, with what is written to it where that is one value."""
    named, item = body.get("Key"), body.get("Item", {})
    if named is None:  # A Put's item has its key within, first.
        named = dict(list(item.items())[:1])
    word = "/".join(str(value) for typed in named.values() for value in typed.values())
    word = words.get(word, word)
    new = body.get("ExpressionAttributeValues", {}).get(":new") or item.get("value", {})
    return f"{word} to {new['S']}" if "S" in new else word


def _if(body: Json) -> str:
    condition = str(body.get("ConditionExpression", ""))
    if not condition:
        return ""
    if "not_exists" in condition:
        return " if it is missing"
    return " if it is there" if "attribute_exists" in condition else " on a condition"


def _answer(operation: Operation) -> str:
    try:
        return answered(operation)
    except (KeyError, TypeError):  # An item of a workload that has no `value`.
        return operation.outcome


# What was found ----------------------------------------------------------------------------------


def _found(findings: Iterable[Finding], anomaly: str) -> Iterator[str]:
    """Tell the finding that the story is about."""
    same = class_of(anomaly)
    one = next((finding for finding in findings if finding.kind in same), None)
    if one is not None:
        lines = (" ".join(line.split()) for line in one.explanation.splitlines())
        said = "; ".join(line.rstrip(";") for line in lines if line)
        yield f"The check {one.checker} finds: {one.kind}: {said}"
