"""A host: what a node has of the machine that it runs on, and the seams behind it.

Each seam is a small `Protocol` with a simulated and a real implementation; a node cannot tell which
it was given.  A crashed host is deaf, dumb and idle at once: its transport refuses first, and only
then are its tasks dropped, so that nothing that a dying task does is heard by the living.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from inspect import CORO_CREATED, getcoroutinestate
from typing import Any, Protocol

from network.messages import Frame, Said, written

Receive = Callable[[Any], None]  # Of a `Frame`, as this transport carries it.
Framed = Callable[[Said], Frame]


class Transport(Protocol):
    """Carries frames between hosts; may lose, repeat, delay and reorder them; never blocks."""

    def send(self, source: str, target: str, frame: Any) -> None: ...


class Clock(Protocol):
    """The host's opinion of the time, in µs; may differ from its neighbours' and step back."""

    def now_us(self) -> int: ...


class Timers(Protocol):
    """Elapsed time: counts up evenly whatever the clock says.  Durations are measured with it."""

    def elapsed_us(self) -> int: ...

    def after(
        self, delay_us: int, function: Callable[[Any, Any], None], first: Any, second: Any
    ) -> None:
        """Call `function(first, second)` once, `delay_us` from now."""


class Site(Protocol):
    """A place that draws: its n-th draw depends on the seed, its name and n, and nothing else."""

    def below(self, bound: int) -> int:
        """Draw an integer of 0 … bound - 1; 0 is the calm one."""

    def at(self, n: int, bound: int) -> int:
        """Return the n-th draw, for a place that numbers its draws itself."""

    def happens(self, probability: float) -> bool:
        """Draw whether something happens; that it does not is calm."""


class Chance(Protocol):
    """The only source of chance."""

    def site(self, name: str) -> Site: ...


class Host:
    """One incarnation of a machine: born at start or restart, dead for ever after a crash."""

    def __init__(
        self,
        name: str,
        incarnation: int,
        *,
        loop: asyncio.AbstractEventLoop,
        transport: Transport,
        clock: Clock,
        timers: Timers,
        chance: Chance,
        framed: Framed = written,
    ) -> None:
        """Begin an incarnation; `framed` writes what is said as the transport wants it."""
        self.name = name
        self.framed = framed
        self.incarnation = incarnation
        self.up = True
        self.awake = True  # Up, and not paused: what is due is done.
        self.failed: Callable[[str, BaseException], None] | None = None  # Told of a node's bugs.
        self.noted: Callable[[str, str, dict[str, Any]], None] | None = None  # Told of events.
        self.elapsed_us = timers.elapsed_us
        self.now_us = clock.now_us
        self.create_future: Callable[[], asyncio.Future[Any]] = loop.create_future
        # Say something to another host, by name; a crash replaces it, so the dead are silent.
        self.send: Callable[[str, Frame], None] = partial(transport.send, name)
        self._say = self.send
        self._put_off: list[tuple[Callable[[Any], None], Any]] = []  # Until a pause ends.
        self._timers, self._chance, self._loop = timers, chance, loop
        # In order of birth, the order in which a crash drops them.
        self._tasks: dict[int, tuple[asyncio.Task[None], Coroutine[Any, Any, None]]] = {}
        self._births = 0

    def after(self, delay_us: int, function: Callable[[Any], None], argument: Any = None) -> None:
        """Call `function(argument)` after `delay_us`, unless this host has crashed by then."""
        self._timers.after(delay_us, self.do, function, argument)

    def note(self, event: str, **particulars: Any) -> None:
        """Note an event of `network.events`; for shells only, the rules say nothing aside."""
        if self.noted is not None and self.up:
            self.noted(self.name, event, particulars)

    async def sleep(self, delay_us: int) -> None:
        woken = self.create_future()
        self.after(delay_us, _wake, woken)
        await woken

    def site(self, name: str) -> Site:
        """Return the site of this name on this host; a restart begins a site of its own."""
        return self._chance.site(f"{self.name}.{self.incarnation} {name}")

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Start a task that lives until it ends or the host crashes.  The only place that does."""
        if not self.up:  # It crashed in the middle of a step, and the step goes on to its end.
            work.close()
            return
        self._births += 1
        task = self._loop.create_task(self._run(self._births, work))
        self._tasks[self._births] = task, work

    def pause(self) -> None:
        """Stand still: from now on nothing is done, and nothing said, until `resume`."""
        self.awake = False
        self.send = self._say_later

    def resume(self) -> None:
        """Do what has become due meanwhile, in that order, and go on with what was believed."""
        if not self.up or self.awake:
            return
        self.awake, self.send = True, self._say
        due, self._put_off = self._put_off, []
        for function, argument in due:
            self.do(function, argument)

    def do(self, function: Callable[[Any], None], argument: Any = None) -> None:
        """Do something that is due now: at once, or when a pause ends, or never after a crash."""
        if self.awake:
            function(argument)
        elif self.up:
            self._put_off.append((function, argument))

    def crash(self) -> None:
        """Go silent, then drop all tasks in the order of their birth."""
        self.up = self.awake = False
        self._put_off = []
        self.send = _say_nothing
        tasks, self._tasks = list(self._tasks.values()), {}
        for task, work in tasks:
            if getcoroutinestate(work) == CORO_CREATED:
                work.close()
            task.cancel()

    def _say_later(self, target: str, frame: Frame) -> None:
        """Stand in for a paused host's transport: its step was under way, and goes no further."""
        self._put_off.append((self._say_put_off, (target, frame)))

    def _say_put_off(self, said: tuple[str, bytes]) -> None:
        self.send(*said)

    async def _run(self, birth: int, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:
            # A task's top: a bug in a node must not vanish with its task.
            if not self.up:
                return
            if self.failed is None:
                raise
            self.failed(self.name, error)
        finally:
            self._tasks.pop(birth, None)


def _say_nothing(_: str, __: Frame) -> None:
    """Stand in for a dead host's transport."""


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
