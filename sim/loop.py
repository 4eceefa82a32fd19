"""Virtual time: one heap of events, an integer clock, and an asyncio loop that stands on both.

Time is integer µs and the heap orders by (time, birth), so two events of one moment happen in the
order in which they were posted, on every machine.  What is rare and reads best as a story (a
coordinator's transaction, a client) is an asyncio task; what is frequent (a delivery, a timer) is a
bare entry of the heap, a third of the cost.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from heapq import heappop, heappush
from typing import Any

CALLBACKS_PER_MOMENT_MAX = 1_000_000  # More without time advancing is a task that spins.

Event = tuple[int, int, Callable[[Any, Any], None], Any, Any]


class TimeStandsStillError(RuntimeError):
    """Callbacks go on and on without time advancing."""


class VirtualLoop(asyncio.AbstractEventLoop):
    """An event loop whose time jumps from one event to the next.

    Implements what tasks and futures need (`call_soon`, `create_future`, `create_task`,
    `call_later`), and `after`, the cheap timer.  Everything else of asyncio is refused by its base.
    """

    def __init__(self) -> None:
        self.now_us = 0
        self._births = 0
        self._heap: list[Event] = []
        self._ready: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self.failures: list[dict[str, Any]] = []  # What asyncio reported through its handler.

    # Virtual time ---------------------------------------------------------------------------

    def elapsed_us(self) -> int:
        return self.now_us

    def after(
        self, delay_us: int, function: Callable[[Any, Any], None], first: Any, second: Any
    ) -> None:
        """Call `function(first, second)` once, `delay_us` from now."""
        self._births = birth = self._births + 1
        heappush(self._heap, (self.now_us + delay_us, birth, function, first, second))

    def pending(self) -> int:
        return len(self._heap)

    def is_to_call(self, functions: set[str]) -> bool:
        """Say whether an event is to come that calls a function of one of these names."""
        return any(getattr(event[2], "__qualname__", "") in functions for event in self._heap)

    def run(self, until: Callable[[], bool], limit_us: int) -> bool:
        """Let events happen until `until()` holds; return whether it did before `limit_us`.

        `until` is asked after each moment of tasks, not after each event: its answer may only
        change when a task has run.
        """
        heap, ready = self._heap, self._ready
        take, give = heappop, ready.popleft
        previous = asyncio.events._get_running_loop()  # noqa: SLF001  # Documented for loop authors.
        asyncio.events._set_running_loop(self)  # noqa: SLF001  # Same.
        try:
            spins = 0
            while True:
                if ready:
                    while ready:
                        callback, arguments = give()
                        callback(*arguments)
                        spins += 1
                        if spins > CALLBACKS_PER_MOMENT_MAX:
                            raise self._stands_still()
                    if until():
                        return True
                if not heap:
                    return until()
                when, _, function, first, second = event = take(heap)
                if when > limit_us:
                    heappush(heap, event)
                    self.now_us = limit_us
                    return until()
                if when != self.now_us:
                    self.now_us = when
                    spins = 0
                elif spins > CALLBACKS_PER_MOMENT_MAX:
                    raise self._stands_still()
                spins += 1
                function(first, second)
        finally:
            asyncio.events._set_running_loop(previous)  # noqa: SLF001  # Same.

    def run_for(self, duration_us: int) -> None:
        """Let `duration_us` of virtual time go by."""
        limit_us = self.now_us + duration_us
        self.run(_never, limit_us)
        self.now_us = max(self.now_us, limit_us)

    def _stands_still(self) -> TimeStandsStillError:
        spinning = [callback for callback, _ in self._ready] or [event[2] for event in self._heap]
        names = sorted({repr(getattr(one, "__self__", one)) for one in spinning})
        return TimeStandsStillError(f"it is {self.now_us} µs for ever: {', '.join(names[:5])}")

    # What asyncio's tasks and futures ask of a loop ------------------------------------------

    def call_soon(  # type: ignore[override]  # No handle: nobody cancels what runs in this moment.
        self,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,  # noqa: ARG002  # Nobody here has context variables.
    ) -> None:
        self._ready.append((callback, args))

    def call_later(  # type: ignore[override]  # As above; a sleeper that is cancelled wakes to nothing.
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,  # noqa: ARG002  # Nobody here has context variables.
    ) -> "_Handle":
        handle = _Handle(callback, args)
        self.after(round(delay * 1_000_000), handle.run, None, None)
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]  # Neither names nor contexts: a run has no use for them.
        self, coro: Coroutine[Any, Any, Any], **_: Any
    ) -> asyncio.Task[Any]:
        return asyncio.Task(coro, loop=self)

    def time(self) -> float:
        return self.now_us / 1_000_000

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.failures.append(context)


def new_loop() -> VirtualLoop:
    """Return a loop at virtual time 0."""
    return VirtualLoop()  # type: ignore[abstract]  # What is left abstract, no node asks for.


class _Handle:
    """What `call_later` gives back; asyncio.sleep cancels it when its task is cancelled."""

    __slots__ = ("_arguments", "_callback")

    def __init__(self, callback: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        self._callback: Callable[..., object] | None = callback
        self._arguments = arguments

    def cancel(self) -> None:
        self._callback = None

    def run(self, _first: Any, _second: Any) -> None:
        if self._callback is not None:
            self._callback(*self._arguments)


def _never() -> bool:
    return False
