"""What there is to see of a run: its events, and where its finding shows."""

from collections.abc import Iterable

from items.data import data
from sim.cluster_run import Run
from sim.history import Operation
from sim.keys import ScenarioError
from sim.result import Result
from sim.search.broken import broken
from sim.search.diff.variants import Variant
from sim.search.event_lines import EventLines
from sim.tables import SetupError

EVENTS_MAX = 20_000  # Of a run; of a longer one only the first are compared.


@data
class SeenEvent:
    """One event of a run."""

    us: int  # Since the trouble began; what comes before that is below 0.
    said: str
    exact: str


@data
class Watched:
    """A run, with what there was to see of it."""

    variant: Variant
    result: Result
    events: tuple[SeenEvent, ...]
    shows: int  # How many of its events there were when its finding showed.


def watch(variant: Variant) -> Watched | None:
    """Run a variant and keep its events; None if it cannot be set up."""
    written: list[tuple[int, str, str]] = []
    ended_us: list[int] = []  # Of each phase.

    def write(us: int, said: str, exact: str) -> None:
        if len(written) < EVENTS_MAX:
            written.append((us, said, exact))

    with broken(variant.mutant):
        try:
            run = Run(variant.scenario, variant.seed)
            run.listen_to_phases(lambda _: ended_us.append(run.loop.now_us))
            run.listen(EventLines(write))
            result = run.go()
        except (SetupError, ScenarioError):  # Without what was left out it is no world any more.
            return None
    began_us = ended_us[0]  # The trouble begins where setting up ends.
    events = tuple(SeenEvent(us - began_us, said, exact) for us, said, exact in written)
    until_us = shows_us(result)
    shows = sum(us <= until_us for us, _, _ in written)
    return Watched(variant, result, events, shows)


def shows_us(result: Result) -> int:
    """Say when the finding showed: with the answers that it is about, or with the last one.

    What is left unfinished shows at the very end.
    """
    if any(finding.checker == "calm" for finding in result.findings):
        return result.virtual_us
    answers = list(result.history)
    about = {name for finding in result.findings for name in finding.transactions}
    named = [one for one in answers if one.call in about]
    return _last_us(named or answers)


def _last_us(operations: Iterable[Operation]) -> int:
    return max((one.returned_us for one in operations), default=0)
