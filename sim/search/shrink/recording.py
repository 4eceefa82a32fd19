"""What differed in a run from a calm world, written down as choices while it goes on.

Of each message: that it was lost, came twice, or took longer than the least that a message takes;
of hosts: crashes, pauses, clocks that jumped, and so on, each with the last thing that happened on
that host before it as its moment.  What the network did to a message is worked out from its fate
and from the draws of its link, which have names and so can be asked for again.
"""

from collections import Counter

from items.data import data
from network.lossy import Link
from network.messages import from_frame
from network.weather import CORRUPT, LATE, LOST, PERMILLE, REPEATED, Uniform
from sim.cluster_run import Run
from sim.faults.step_words import KIND_OF
from sim.faults.steps import ANY, MessageAt, Step
from sim.faults.whose import Whose
from sim.trace import Event

# Events that begin and end what a step can do to a host, and the act that does it.
HOST_ACTS = {
    "host.crashed": "crash",
    "host.paused": "pause",
    "partition.throttled": "throttle",
    "disk.slowed": "slow",
    "disk.filled": "fill",
}
ENDS = {
    "host.started": "crash",
    "host.resumed": "pause",
    "partition.relented": "throttle",
    "disk.hastened": "slow",
    "disk.cleared": "fill",
}
FIRST = MessageAt(ANY, ANY, "request", 1)  # Of the trouble.


@data
class SeenChoice:
    """A choice of a run, with the request it was about, as in k2.1."""

    step: Step
    of: str


@data
class Moment:
    """Something that happened on a host: a message left or arrived there."""

    what: MessageAt
    of: str
    end: str  # sent, delivered
    us: int


class Recording:
    """The choices of a run.  A `sim.trace.Listener`."""

    def __init__(self, run: Run) -> None:
        self._run, self._whose = run, Whose()
        self._counts: Counter[tuple[str, str, str, str]] = Counter()
        self._told: dict[tuple[str, str, int], tuple[MessageAt, str, int]] = {}
        self._latest: dict[str, Moment] = {}  # By host.
        self._boxed: dict[tuple[str, str, int], int] = {}  # Held messages, and since when sent.
        self._begun: dict[tuple[str, str], Moment] = {}  # By act and host.
        self._messages: dict[tuple[MessageAt, str], SeenChoice] = {}  # One fate each.
        self._hosts: list[SeenChoice] = []
        self.began_us = 0
        self._is_on = False
        run.listen_to_phases(self._phase_ended)
        run.listen(self._hear)

    def _phase_ended(self, phase: str) -> None:
        if phase == "setting up":
            self._is_on, self.began_us = True, self._run.loop.now_us

    def _hear(self, event: Event) -> None:
        if not self._is_on or self._run.trouble_ended:
            return
        fields, name = event.fields, event.name
        if name in HOST_ACTS:
            self._begin(HOST_ACTS[name], fields["host"])
        elif name in ENDS:
            self._end(ENDS[name], fields["host"], event.us)
        match name:
            case "message.sent":
                self._sent(event)
            case "message.delivered":
                self._arrived(event.us, fields["link"], fields["number"])
            case "message.lost" if fields["because"] == "link cut":
                link = fields["link"]
                self._add("lose", link, fields["number"], None)
            case "message.held" if fields["link"].held is not None:
                link = fields["link"]
                self._boxed[link.source, link.target, fields["number"]] = event.us
            case "clock.jumped":
                self._jumped(fields["host"], fields["by_us"])
            case _:
                pass  # The network's own faults are seen by what they did to messages.

    def request_named(self, name: str) -> str:
        """Return the request of a transaction, or of a call, as in k2.1; '' if it is none."""
        return self._whose.request_of(name)

    # Messages --------------------------------------------------------------------------------

    def _sent(self, event: Event) -> None:
        us, link, number = event.us, event.fields["link"], event.fields["number"]
        envelope = from_frame(event.fields["frame"])
        kind = KIND_OF.get(type(envelope.message), "")
        of = self._whose.of(envelope, link.target)
        name = (link.source, link.target, kind, of)
        self._counts[name] += 1
        what = MessageAt(link.source, link.target, kind, self._counts[name])
        self._told[link.source, link.target, number] = what, of, us
        moment = Moment(what, of, "sent", us)
        self._latest[link.source] = moment
        self._fated(link, number, event.fields["fate"])

    def _fated(self, link: Link, number: int, fate: int) -> None:
        if fate in (LOST, CORRUPT):
            self._add("lose", link, number, None)
            return
        late_us = least_us(self._run)
        delay_us = link.late_us(number) if fate == LATE else link.delay_us(number)
        if delay_us > late_us:
            self._add("delay", link, number, delay_us - late_us)
        if fate == REPEATED:
            # A message has one fate as a step: twice counts for more than how long it took.
            self._add("repeat", link, number, max(1, link.late_us(number) - link.delay_us(number)))

    def _add(self, act: str, link: Link, number: int, us: int | None) -> None:
        told = self._told.get((link.source, link.target, number))
        if told is None:  # It left before the trouble.
            return
        what, of, _ = told
        step = Step(act, "", us, newest_first=False, when="before", what=what, end="sent")
        self._messages[what, of] = SeenChoice(step, of)

    def _arrived(self, us: int, link: Link, number: int) -> None:
        place = (link.source, link.target, number)
        told = self._told.get(place)
        if told is None:
            return
        what, of, sent_us = told
        if self._boxed.pop(place, None) is not None:
            self._add("delay", link, number, max(1, us - sent_us - least_us(self._run)))
        self._latest[link.target] = Moment(what, of, "delivered", us)

    # Hosts -----------------------------------------------------------------------------------

    def _begin(self, act: str, host: str) -> None:
        self._begun[act, host] = self._latest.get(host) or self._beginning()

    def _end(self, act: str, host: str, us: int) -> None:
        begun = self._begun.pop((act, host), None)
        if begun is not None:
            self._placed(act, host, begun, us - begun.us)

    def finish(self) -> list[SeenChoice]:
        """Return all choices when the run is over: what hosts met, then what messages did."""
        for act, host in list(self._begun):
            self._end(act, host, self._run.loop.now_us)
        return [*self._hosts, *self._messages.values()]

    def _jumped(self, host: str, by_us: int) -> None:
        self._placed("clock", host, self._latest.get(host) or self._beginning(), by_us)

    def _beginning(self) -> Moment:
        return Moment(FIRST, "", "sent", self.began_us)

    def _placed(self, act: str, host: str, moment: Moment, us: int) -> None:
        is_own = host in (moment.what.source, moment.what.target)
        step = Step(
            act,
            host,
            us if act == "clock" else max(1, us),
            newest_first=False,
            when="after" if is_own else "before",
            what=moment.what,
            end=moment.end if is_own else "sent",
        )
        if us:
            self._hosts.append(SeenChoice(step, moment.of))


def least_us(run: Run) -> int:
    """Return the least that a message takes in a run's weather."""
    delay = run.plan.settings.weather.delay
    if isinstance(delay, Uniform):
        return delay.least_us
    return max(1, delay.median_us * PERMILLE[0] // 1000)
