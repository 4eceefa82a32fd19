"""The lossy network: it delays, loses, repeats and reorders, on virtual time or on real time.

It stands behind the same `Transport` seam as any other; a node cannot tell.  Every fate is drawn as
a message leaves, under the name of its link and its number there ('c1>p2 #3'); every obstacle (a
host that is down, a cut) is asked about as it arrives, because a crash and a cut lose what is in
flight as well.
"""

from typing import Protocol

from items.data import data
from network.host import Chance, Receive, Site, Timers

CARRIED, LOST, REPEATED, LATE = range(4)  # Fates; the calm one first.
FATE_PARTS = 1 << 32
BOX_FRAMES_MAX = 10_000  # Held frames of one link; more are lost, as they would be in life.


@data
class Uniform:
    """Every delay from `least_us` to `most_us` is as likely as any other."""

    least_us: int
    most_us: int

    @property
    def longest_us(self) -> int:
        return self.most_us

    def draw(self, site: Site, n: int) -> int:
        return self.least_us + site.at(n, self.most_us - self.least_us + 1)


# Quantiles of exp(0.6 · z), z normal, at (n + ½) / 64 for n below 32, in thousandths of the median:
# the shape of delays in a network, by table because `log` and `exp` differ from platform to
# platform.
LOWER_PERMILLE = (
    *(234, 303, 347, 383, 413, 441, 466, 490, 513, 535, 556, 577, 597, 618, 638, 657),
    *(677, 697, 716, 736, 756, 776, 796, 816, 836, 857, 878, 899, 921, 943, 965, 988),
)
# The upper half mirrors the lower one in ratio.
PERMILLE = (*LOWER_PERMILLE, *(1_000_000 // quantile for quantile in reversed(LOWER_PERMILLE)))


@data
class LogNormal:
    """Most delays near the median, a few of them up to four times as long."""

    median_us: int

    @property
    def longest_us(self) -> int:
        return self.median_us * PERMILLE[-1] // 1000

    def draw(self, site: Site, n: int) -> int:
        return max(1, self.median_us * PERMILLE[site.at(n, len(PERMILLE))] // 1000)


@data
class Weather:
    """How a link treats what it carries: probabilities a message, and delays in µs."""

    delay: Uniform | LogNormal
    loss: float = 0.0
    repeat: float = 0.0
    late: float = 0.0  # With this probability a message takes up to `late_us` longer.
    late_us: int = 0

    def __post_init__(self) -> None:
        total = self.loss + self.repeat + self.late
        assert 0.0 <= total <= 1.0, "a link cannot lose, repeat and delay more than it carries"


class Link:
    """One direction between two hosts."""

    __slots__ = (
        "_delay",
        "_fate",
        "_late",
        "_least_us",
        "_span",
        "cut",
        "held",
        "index",
        "is_calm",
        "sent",
        "source",
        "target",
        "weather",
    )

    def __init__(
        self, source: str, target: str, index: int, weather: Weather, chance: Chance
    ) -> None:
        self.source, self.target, self.index = source, target, index
        self.sent = 0
        self.cut = False
        self.held: list[tuple[int, bytes]] | None = None  # Frames in the box; None: not held.
        self._fate = chance.site(f"{source}>{target} fate")
        self._delay = chance.site(f"{source}>{target} delay")
        self._late = chance.site(f"{source}>{target} late")
        self.treat(weather)

    def treat(self, weather: Weather) -> None:
        """Treat what is sent from now on like this."""
        self.weather = weather
        self.is_calm = weather.loss + weather.repeat + weather.late == 0.0
        uniform = weather.delay if isinstance(weather.delay, Uniform) else None
        self._least_us = uniform.least_us if uniform else 0
        self._span = uniform.most_us - uniform.least_us + 1 if uniform else 0

    def fate(self, n: int) -> int:
        """Return what becomes of the n-th message; in calm weather nothing is drawn."""
        weather = self.weather
        point = self._fate.at(n, FATE_PARTS)
        # Calm from 0 upwards, so that a smaller draw is never worse.
        if point < (1.0 - weather.loss - weather.repeat - weather.late) * FATE_PARTS:
            return CARRIED
        if point < (1.0 - weather.loss - weather.repeat) * FATE_PARTS:
            return LATE
        return REPEATED if point < (1.0 - weather.loss) * FATE_PARTS else LOST

    def delay_us(self, n: int) -> int:
        """Return how long the n-th message takes."""
        if self._span:  # Most weather is uniform: drawn here, without a detour.
            return self._least_us + self._delay.at(n, self._span)
        return self.weather.delay.draw(self._delay, n)

    def late_us(self, n: int) -> int:
        """Return how long the n-th message takes if it is late, or its copy if it is repeated."""
        return self.delay_us(n) + self._late.at(n, self.weather.late_us + 1)


class Watcher(Protocol):
    """Whoever wants to know what the network does: the trace, the digest, the counts."""

    def sent(self, link: Link, number: int, frame: bytes, fate: int) -> None: ...

    def delivered(self, link: Link, number: int, frame: bytes) -> None: ...

    def lost(self, link: Link, number: int, frame: bytes, because: str) -> None: ...

    def held(self, link: Link, number: int, frame: bytes) -> None: ...


class LossyNetwork:
    """All links between all hosts; a `Transport`."""

    def __init__(self, timers: Timers, chance: Chance, weather: Weather, watcher: Watcher) -> None:
        self.watcher = watcher
        self.weather = weather
        self.links: dict[tuple[str, str], Link] = {}
        self._receivers: dict[str, Receive] = {}  # Only of hosts that are up.
        self._chance = chance
        # Bound once: a message passes here twice.
        self._after, self._arrival = timers.after, self.arrive
        self._sent, self._delivered = watcher.sent, watcher.delivered

    def join(self, host: str, receive: Receive) -> None:
        """Deliver what is for `host` to `receive` from now on."""
        self._receivers[host] = receive

    def leave(self, host: str) -> None:
        """Deliver nothing to `host` any more."""
        self._receivers.pop(host, None)

    def link(self, source: str, target: str) -> Link:
        link = self.links.get((source, target))
        if link is None:
            link = Link(source, target, len(self.links), self.weather, self._chance)
            self.links[source, target] = link
        return link

    def change_weather(self, weather: Weather) -> None:
        """Treat everything that is sent from now on, on all links, like this."""
        self.weather = weather
        for link in self.links.values():
            link.treat(weather)

    def send(self, source: str, target: str, frame: bytes) -> None:
        """Draw a message's fate as it leaves, and post its copies."""
        link = self.links.get((source, target)) or self.link(source, target)
        link.sent = number = link.sent + 1
        fate = CARRIED if link.is_calm else link.fate(number)
        self._sent(link, number, frame, fate)
        if fate == LOST:
            self.watcher.lost(link, number, frame, "loss")
            return
        delay_us = link.delay_us(number) if fate != LATE else link.late_us(number)
        self._after(delay_us, self._arrival, link, (number, frame))
        if fate == REPEATED:
            self._after(link.late_us(number), self._arrival, link, (number, frame))

    def hold(self, source: str, target: str) -> None:
        """Keep what arrives on this link in a box."""
        link = self.link(source, target)
        if link.held is None:
            link.held = []

    def release(self, source: str, target: str, *, newest_first: bool = False) -> None:
        """Deliver what the box has, and hold no longer."""
        link = self.link(source, target)
        parcels, link.held = link.held or [], None
        for parcel in reversed(parcels) if newest_first else parcels:
            self.arrive(link, parcel)

    def arrive(self, link: Link, parcel: tuple[int, bytes]) -> None:
        """Deliver a message, or find out why not."""
        number, frame = parcel
        receive = self._receivers.get(link.target)
        if receive is not None and not link.cut and link.held is None:
            self._delivered(link, number, frame)
            receive(frame)
        elif link.held is not None and len(link.held) < BOX_FRAMES_MAX:
            link.held.append(parcel)
            self.watcher.held(link, number, frame)
        elif link.held is not None:
            self.watcher.lost(link, number, frame, "box full")
        else:
            self.watcher.lost(link, number, frame, "link cut" if link.cut else "host down")
