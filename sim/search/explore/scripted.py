"""A schedule as a scenario that `twophase simulate` runs: each message as late as it was.

Every step of the schedule gets a moment of its own, and a message that comes at a later step than
the next is delayed until that one's moment.  All transactions have one coordinator, because which
of several a router asks is chance.  What takes more than that cannot be written down like this:
clocks that say otherwise than time does, answers that are lost, crashes, and who waits no longer.
Recovery comes by itself in a run, at its own time.
"""

from sim.search.explore.state import TAKEOVERS, State, Step
from sim.search.explore.states import States
from sim.search.explore.walk import Schedule
from sim.search.explore.world import LINE
from sim.search.shrink.scenario_file import quoted, shown

STEP_US = 50_000  # Between two steps: all that one leads to at once is over by then.
MESSAGE_US = 1_000
MARGIN_US = 10_000  # So much before its moment a message may come.
OWN_TIME = ("take over", "tell stalled")  # Recovery, which comes by itself.


class NotScriptedError(ValueError):
    """A schedule that cannot be written as a scenario; says what of it."""


def scenario_of(states: States, schedule: Schedule, sentence: str) -> str:
    """Write a schedule as a scenario.

    Raises:
        NotScriptedError: It takes more than messages that are late or come twice.
    """
    world = states.world
    if world.clocks_us:
        raise NotScriptedError("its clocks say otherwise than time does")
    faults = Timing(states).faults(schedule)
    asked = {step.what: n for n, (step, _) in enumerate(schedule.steps, 1) if step.kind == "ask"}
    requests = []
    for place, n in asked.items():
        line = LINE.fullmatch(world.asked[place].line)
        assert line is not None, "a world has such lines alone"
        client, verb, rest = line.groups()  # Without the moment, if it had one.
        requests.append(f"{client}: at {n * STEP_US // 1_000}ms {verb} {rest}")
    clients = max(int(world.asked[place].client[1:]) for place in asked)
    lines = "".join(f"{request}\n" for request in requests)
    steps = "\n".join(f"  {quoted(fault)}," for fault in faults)
    there = " ".join(world.first_items)
    return f'''description = {quoted(sentence)}

[cluster]
partitions = {len(world.partitions)}
coordinators = 1
routers = 1

[network]
delay_us = "{MESSAGE_US}"

[disk]
sync_us = "100"

[protocol]
repeat_first_us = 2000000
repeat_most_us = 4000000

[client]
attempt_deadline_us = 20000000

[faults]
steps = [
{steps}
]

[workload]
name = "listed"
clients = {clients}
there = {quoted(there)}
linger_us = {len(schedule.steps) * STEP_US}
requests = {shown(lines)}
'''


class Timing:
    """When each message of a schedule is sent, and when it comes."""

    def __init__(self, states: States) -> None:
        self._states = states
        self._counts: dict[tuple[str, str], int] = {}
        # Of messages on their way: on which link, which one there, and at which step it was sent.
        self._sent: dict[int, tuple[str, int, int]] = {}
        self._faults: list[str] = []

    def faults(self, schedule: Schedule) -> list[str]:
        """Return the faults that make each message come at its step."""
        before = schedule.first
        for n, (step, after) in enumerate(schedule.steps, 1):
            self._come(n, step, before.left[TAKEOVERS] - after.left[TAKEOVERS])
            self._see_off(n, step, before, after)
            before = after
        return self._faults

    def _come(self, n: int, step: Step, takeovers: int) -> None:
        if takeovers:
            raise NotScriptedError("recovery takes over from the living")
        if step.kind in OWN_TIME:
            return
        if step.kind not in ("ask", "arrive") or step.how == "lose":
            raise NotScriptedError(f"it takes more: {step.kind} {step.how}".rstrip())
        if step.kind == "ask" or step.what not in self._sent:  # Or it is one of recovery's.
            return
        link, number, sent = self._sent[step.what]
        late_us = (n - sent) * STEP_US - MARGIN_US
        if step.how == "keep":
            # It comes at once, which is as good as soon, and its copy when that is to come.
            self._sent[step.what] = f"copy of {link}", number, sent
        elif link.startswith("copy of "):
            link = link.removeprefix("copy of ")
            self._faults.append(f"repeat {link} #{number} {late_us // 1_000}ms later")
        else:
            self._faults.append(f"delay {link} #{number} by {late_us // 1_000}ms")

    def _see_off(self, n: int, step: Step, before: State, after: State) -> None:
        """Count the messages that a step has sent."""
        if step.kind == "ask":
            self._begin(n, step)
        was = list(before.flying)
        for flying in after.flying:
            if flying in was:
                was.remove(flying)
                continue
            message = self._states.known.flying[flying]
            source = message.envelope.source
            if source[0] == "c" and step.kind not in OWN_TIME:
                self._count(flying, "c1", message.target, n)

    def _begin(self, n: int, step: Step) -> None:
        """Count what a request sends that comes at once: its entry, a singleton."""
        asked = self._states.world.asked[step.what]
        if asked.is_transaction and asked.actions:
            if ("c1", "l1") not in self._counts:
                self._count(-1, "c1", "l1", n)  # To be told which incarnation there is.
            self._count(-1, "c1", "l1", n)
        elif step.how == "keep":
            raise NotScriptedError("it has a copy of a write outside transactions")

    def _count(self, flying: int, source: str, target: str, n: int) -> None:
        number = self._counts[source, target] = self._counts.get((source, target), 0) + 1
        self._sent[flying] = f"{source}>{target}", number, n
