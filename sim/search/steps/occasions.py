"""The occasions of a run: every message that is sent and every durable write, in their order.

They are named as the step language names them, `c1>p1 #3` and `p1's write #2`, and counted as it
counts them, since the trouble began.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from items.data import data
from network.messages import from_frame
from sim.cluster_run import Run
from sim.disk import DiskWatcher
from sim.faults.steps import MessageAt, Step
from sim.trace import Event
from sim.words import Words

OCCASIONS_MAX = 500  # Of one run; more is no small world.


class TooLargeError(ValueError):
    """A world with more steps than a step sweep can hit one by one."""


@data
class Occasion:
    """One message, or one durable write."""

    name: str  # In the step language.
    said: str  # In words.
    source: str  # Who sends …
    target: str  # … and who receives; of a write both are the host whose disk it is.
    is_write: bool


class Occasions:
    """Notes the occasions of a run as they come.  A `sim.trace.Listener`, a `DiskWatcher`."""

    def __init__(self, run: Run) -> None:
        self.found: list[Occasion] = []
        self._run, self._words = run, Words()
        self._counts: Counter[str] = Counter()
        self._unsent = dict(_keeping_from_leaving(run.scenario.steps))  # By step: on which link.
        self._asked: dict[str, str] = {}  # By host: what its latest step was about.
        self._watchers: dict[str, DiskWatcher] = {}
        self._is_on = False
        run.listen_to_phases(self._phase_ended)
        run.listen(self._hear)

    def _phase_ended(self, phase: str) -> None:
        self._is_on = phase == "setting up"
        if self._is_on:
            for host, disk in self._run.cluster.disks.items():
                if disk.watcher is not None:
                    self._watchers[host] = disk.watcher
                disk.watcher = self

    # Messages --------------------------------------------------------------------------------

    def _hear(self, event: Event) -> None:
        if not self._is_on or self._run.trouble_ended:
            return
        if event.name == "message.sent":
            link = event.fields["link"]
            name = f"{link.source}>{link.target}"
            said = f"{link.source} → {link.target}  {self._said(event.fields['frame'])}"
            place = f"{name} #{self._next(name)}"
            self._add(Occasion(place, said, link.source, link.target, False))
        elif event.name == "message.delivered":
            self._asked[event.fields["link"].target] = self._said(event.fields["frame"])
        elif event.name == "step.happened" and event.fields["step"] in self._unsent:
            self._next(self._unsent[event.fields["step"]])  # What is never sent counts as well.

    def _said(self, frame: bytes) -> str:
        return self._words.message(from_frame(frame).message)

    # Writes ----------------------------------------------------------------------------------

    def appended(self, host: str, number: int) -> None:
        if self._is_on and not self._run.trouble_ended:
            name = f"{host}'s write #{self._next(host)}"
            self._add(Occasion(name, f"{host}  {self._asked.get(host, '')}", host, host, True))
        if host in self._watchers:
            self._watchers[host].appended(host, number)

    def durable_next(self, host: str, number: int) -> None:
        if host in self._watchers:
            self._watchers[host].durable_next(host, number)

    def durable_now(self, host: str, number: int) -> None:
        if host in self._watchers:
            self._watchers[host].durable_now(host, number)

    def _next(self, name: str) -> int:
        self._counts[name] += 1
        return self._counts[name]

    def _add(self, occasion: Occasion) -> None:
        if len(self.found) <= OCCASIONS_MAX:  # One more tells that there are too many.
            self.found.append(occasion)

    def all(self) -> list[Occasion]:
        """Return what was found, when the run is over.

        Raises:
            TooLargeError: There was too much.
        """
        if len(self.found) > OCCASIONS_MAX:
            raise TooLargeError(
                f"more than {OCCASIONS_MAX:,} messages and durable writes: a step sweep is for"
                " small worlds, like the scenarios one-transaction and two-that-conflict"
            )
        return self.found


def _keeping_from_leaving(steps: Iterable[Step]) -> Iterator[tuple[str, str]]:
    """Name the steps that crash a sender before its message is sent, each with its link."""
    for step in steps:
        what = step.what
        if (
            isinstance(what, MessageAt)
            and (step.act, step.when, step.end) == ("crash", "before", "sent")
            and step.subject == what.source
        ):
            yield str(step), f"{what.source}>{what.target}"
