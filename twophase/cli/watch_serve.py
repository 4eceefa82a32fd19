"""`twophase serve --watch`: the server's own process draws what goes on in it.

On the event loop, beside the requests: a few times a second it looks, and keys are heard when they
come.  Nothing can be slowed down or stepped through here: clients wait for their answers.
"""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import replace

from sim.watch.picture import Picture
from sim.watch.rates import Rates
from sim.watch.watching import Watching
from twophase.cli.watch_keys import Wish
from twophase.cli.watch_screen import Screen
from twophase.cli.watch_server_page import LastLines, ServerShown, lines_of_server
from twophase.local.census import status_of
from twophase.local.cluster import LocalCluster
from twophase.local.serving import Server

LOOK_SECONDS = 0.25
SAID_MAX = 50
HELP = (
    "space     freeze the picture, and let it go on; the server does not wait",
    "q         stop the server: what is under way is answered (Ctrl-C does the same)",
    "?         this, or no longer this",
    "",
    "An item of a transaction:  ✓ promised   ■ applied   □ freed",
    "An event:  ■ a change for a disk   · a node noted something   ! a fault, or its end",
    "Times are in ms since the server began; rates are of the last two seconds.",
)


class ServerWatcher:
    """Shows a server that runs in this process."""

    def __init__(self, server: Server, screen: Screen, said: LastLines) -> None:
        self.watching = Watching(with_disks=False)
        self._server, self._screen, self._said = server, screen, said
        self._rates = Rates()
        self._shown: ServerShown | None = None
        self._is_frozen = self._has_help = False
        server.listener = self.watching

    def begin(self) -> None:
        """Begin to look, on the server's loop."""
        loop = asyncio.get_running_loop()
        loop.add_reader(sys.stdin.fileno(), self._heard)
        self._look(loop.time, loop.call_later)

    def _look(self, time: Callable[[], float], later: Callable[..., object]) -> None:
        cluster = self._server.cluster
        if cluster is None:  # The server has ended.
            return
        if not self._is_frozen:
            self._shown = self._seen(cluster, time())
        self._draw()
        later(LOOK_SECONDS, self._look, time, later)

    def _seen(self, cluster: LocalCluster, seconds: float) -> ServerShown:
        status = status_of(cluster)
        self._rates.take(seconds, status["answers"])
        picture: Picture | None = None
        elapsed = 0.0
        if cluster.telling is not None:
            elapsed = cluster.telling.elapsed_us() / 1_000_000
            self.watching.us = cluster.telling.elapsed_us()
            self.watching.count_from(cluster.telling.begin_us)
            picture = self.watching.picture()
        return ServerShown(
            title=f"twophase serve  {self._server.url}",
            state="running",
            seconds=elapsed,
            status=status,
            rates=self._rates.rates(),
            picture=picture,
            said=tuple(self._said.lines),
            help=HELP,
        )

    def _draw(self) -> None:
        if self._shown is not None:
            state = "frozen" if self._is_frozen else "running"
            shown = replace(self._shown, state=state, has_help=self._has_help)
            self._screen.show(lines_of_server(shown, self._screen.size()))

    def _heard(self) -> None:
        keyboard = self._screen.keyboard
        while (wish := keyboard.wish(0.0)) is not None:
            match wish:
                case Wish.PAUSE:
                    self._is_frozen = not self._is_frozen
                case Wish.HELP:
                    self._has_help = not self._has_help
                case Wish.QUIT:
                    self._server.stop()
                case _:
                    pass
            self._draw()
        if keyboard.is_closed:
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
