"""The lossy network: it delays, loses, repeats and reorders, on virtual time or on real time.

It stands behind the same `Transport` seam as any other; a node cannot tell.  Every fate is drawn as
a message leaves, under the name of its link and its number there ('c1>p2 #3'); every obstacle (a
host that is down, a cut) is asked about as it arrives, because a crash and a cut lose what is in
flight as well.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from network.host import Chance, Receive, Site, Timers
from network.seal import damaged, opened, sealed
from network.weather import (
    CARRIED,
    CORRUPT,
    FATE_PARTS,
    LATE,
    LOST,
    REPEATED,
    Uniform,
    Weather,
)

BOX_FRAMES_MAX = 10_000  # Held frames of one link; more are lost, as they would be in life.


class Link:
    """One direction between two hosts."""

    __slots__ = (
        "_corrupt",
        "_delay",
        "_late",
        "calm_below",
        "cut",
        "delay_at",
        "fate_at",
        "held",
        "index",
        "is_calm",
        "least_us",
        "sent",
        "source",
        "span",
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
        self.fate_at = chance.site(f"{source}>{target} fate").at
        self._delay = chance.site(f"{source}>{target} delay")
        self.delay_at = self._delay.at
        self._late = chance.site(f"{source}>{target} late")
        self._corrupt: Site | None = None  # Made where it is drawn from: most links never do.
        self.treat(weather)

    def treat(self, weather: Weather) -> None:
        """Treat what is sent from now on like this."""
        self.weather = weather
        self.is_calm = weather.loss + weather.repeat + weather.late + weather.corrupt == 0.0
        # Calm from 0 upwards, so that a smaller draw is never worse.
        loss, repeat, corrupt = weather.loss, weather.repeat, weather.corrupt
        self.calm_below = (1.0 - loss - repeat - weather.late - corrupt) * FATE_PARTS
        uniform = weather.delay if isinstance(weather.delay, Uniform) else None
        self.least_us = uniform.least_us if uniform else 0
        self.span = uniform.most_us - uniform.least_us + 1 if uniform else 0

    def fate(self, point: int) -> int:
        """Return what becomes of a message for which `point` was drawn, of `FATE_PARTS`."""
        if point < self.calm_below:
            return CARRIED
        loss, repeat, corrupt = self.weather.loss, self.weather.repeat, self.weather.corrupt
        if point < (1.0 - loss - repeat - corrupt) * FATE_PARTS:
            return LATE
        if point < (1.0 - loss - corrupt) * FATE_PARTS:
            return REPEATED
        return CORRUPT if point < (1.0 - loss) * FATE_PARTS else LOST

    def delay_us(self, n: int) -> int:
        """Return how long the n-th message takes."""
        if self.span:  # Most weather is uniform: drawn here, without a detour.
            return self.least_us + self.delay_at(n, self.span)
        return self.weather.delay.draw(self._delay, n)

    def damaged(self, n: int, travelling: bytes, chance: Chance) -> bytes:
        """Return the n-th message with one byte of it changed."""
        if self._corrupt is None:
            self._corrupt = chance.site(f"{self.source}>{self.target} corrupt")
        return damaged(travelling, self._corrupt.at(n, 255 * len(travelling)))

    def late_us(self, n: int) -> int:
        """Return how long the n-th message takes if it is late, or its copy if it is repeated."""
        return self.delay_us(n) + self._late.at(n, self.weather.late_us + 1)


Arrive = Callable[[Link, tuple[int, bytes]], None]


class _Door:
    """Where messages wait for a host that stands still."""

    __slots__ = ("receive", "waiting")

    def __init__(self, receive: Receive) -> None:
        self.receive = receive
        self.waiting: list[tuple[Link, tuple[int, bytes]]] = []


class Watcher(Protocol):
    """Whoever wants to know what the network does: the trace, the digest, the counts."""

    def sent(self, link: Link, number: int, frame: bytes, fate: int) -> None: ...

    def delivered(self, link: Link, number: int, frame: bytes) -> None: ...

    def lost(self, link: Link, number: int, frame: bytes, because: str) -> None: ...

    def held(self, link: Link, number: int, frame: bytes) -> None: ...


class LossyNetwork:
    """All links between all hosts; a `Transport`."""

    def __init__(
        self,
        timers: Timers,
        chance: Chance,
        weather: Weather,
        watcher: Watcher,
        *,
        seals: bool = False,
    ) -> None:
        self.watcher = watcher
        self.seals = seals  # Each frame carries a checksum.
        self.weather = weather
        self.links: dict[tuple[str, str], Link] = {}
        self.met: Callable[[Link], None] | None = None  # Told of a link's first message.
        self._receivers: dict[str, Receive] = {}  # Only of hosts that are up and not paused.
        self._paused: dict[str, _Door] = {}
        self._chance = chance
        # Bound once: a message passes here twice.
        self._after = timers.after
        self.arrival: Arrive = self.arrive  # Who comes in between as messages arrive sets another.
        self._sent, self._delivered = watcher.sent, watcher.delivered

    def join(self, host: str, receive: Receive) -> None:
        """Deliver what is for `host` to `receive` from now on."""
        self._receivers[host] = receive

    def leave(self, host: str) -> None:
        """Deliver nothing to `host` any more, nor what waits for the end of its pause."""
        self._receivers.pop(host, None)
        door = self._paused.pop(host, None)
        for link, (number, frame) in door.waiting if door else ():
            self.watcher.lost(link, number, frame, "host down")

    def pause(self, host: str) -> None:
        """Let what arrives at `host` wait at its door."""
        receive = self._receivers.pop(host, None)
        if receive is not None:
            self._paused[host] = _Door(receive)

    def resume(self, host: str) -> None:
        """Deliver what has arrived at `host` meanwhile, in that order."""
        door = self._paused.pop(host, None)
        if door is None:
            return
        self._receivers[host] = door.receive
        for link, parcel in door.waiting:
            self._hand_over(link, parcel)

    def link(self, source: str, target: str) -> Link:
        link = self.links.get((source, target))
        if link is None:
            link = Link(source, target, len(self.links), self.weather, self._chance)
            self.links[source, target] = link
            if self.met is not None:
                self.met(link)
        return link

    def change_weather(self, weather: Weather) -> None:
        """Treat everything that is sent from now on, on all links, like this."""
        self.weather = weather
        for link in self.links.values():
            link.treat(weather)

    def clog(self, source: str, target: str, *, times: int) -> None:
        """Let what is sent on this link from now on take `times` as long; once is healed."""
        weather = self.weather
        slow = replace(weather, delay=weather.delay.times(times)) if times > 1 else weather
        self.link(source, target).treat(slow)

    def send(self, source: str, target: str, frame: bytes) -> None:
        """Draw a message's fate as it leaves, and post its copies."""
        link = self.links.get((source, target)) or self.link(source, target)
        link.sent = number = link.sent + 1
        point = 0 if link.is_calm else link.fate_at(number, FATE_PARTS)
        # Most messages are just carried, and their delay is uniform: no detour for those.
        if point < link.calm_below and link.span and not self.seals:
            self._sent(link, number, frame, CARRIED)
            delay_us = link.least_us + link.delay_at(number, link.span)
            self._after(delay_us, self.arrival, link, (number, frame))
        else:
            self._post(link, frame, link.fate(point), None)

    def send_as(
        self, source: str, target: str, frame: bytes, fate: int, later_us: int | None
    ) -> None:
        """Send a message whose fate is chosen; if it, or its copy, is later, by so much."""
        link = self.link(source, target)
        link.sent += 1
        self._post(link, frame, fate, later_us)

    def _post(self, link: Link, frame: bytes, fate: int, later_us: int | None) -> None:
        """Post the copies of the link's latest message, as its fate will have it."""
        number = link.sent
        self._sent(link, number, frame, fate)
        if fate == LOST:
            self.watcher.lost(link, number, frame, "loss")
            return
        arrival: Callable[[Link, Any], None] = self.arrival
        parcel: tuple[Any, ...] = (number, frame)
        if self.seals:
            travelling = sealed(frame)
            if fate == CORRUPT:
                travelling = link.damaged(number, travelling, self._chance)
            arrival, parcel = self._arrive_sealed, (number, frame, travelling)
        delay_us = late_us = link.delay_us(number)
        if fate in (LATE, REPEATED):
            late_us = link.late_us(number) if later_us is None else delay_us + later_us
        self._after(delay_us if fate == REPEATED else late_us, arrival, link, parcel)
        if fate == REPEATED:
            self._after(late_us, arrival, link, parcel)

    def _arrive_sealed(self, link: Link, parcel: tuple[int, bytes, bytes]) -> None:
        """Look at a frame's checksum before anything is read; what is damaged goes no further."""
        number, frame, travelled = parcel  # The frame as it was is for the watcher alone.
        found = opened(travelled)
        if found is None:
            self.watcher.lost(link, number, frame, "corrupt")
        else:
            self.arrival(link, (number, found))

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
        else:
            self._stopped(link, parcel)

    def _stopped(self, link: Link, parcel: tuple[int, bytes]) -> None:
        """Keep a message that meets an obstacle, or lose it."""
        number, frame = parcel
        if link.held is not None and len(link.held) < BOX_FRAMES_MAX:
            link.held.append(parcel)
            self.watcher.held(link, number, frame)
        elif link.held is not None:
            self.watcher.lost(link, number, frame, "box full")
        elif link.cut:
            self.watcher.lost(link, number, frame, "link cut")
        else:
            self._hand_over(link, parcel)

    def _hand_over(self, link: Link, parcel: tuple[int, bytes]) -> None:
        """Deliver a message that has come as far as its host, if that is up."""
        number, frame = parcel
        receive, door = self._receivers.get(link.target), self._paused.get(link.target)
        if receive is not None:
            self._delivered(link, number, frame)
            receive(frame)
        elif door is not None and len(door.waiting) < BOX_FRAMES_MAX:
            door.waiting.append((link, parcel))
            self.watcher.held(link, number, frame)
        else:
            self.watcher.lost(link, number, frame, "box full" if door else "host down")
