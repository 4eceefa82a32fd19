"""What `twophase serve` does once it knows what is wanted: serve, and say so."""

import sys
from collections.abc import Iterable
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import TextIO, cast

import click
import structlog

from partition.follower_server import FollowerOptions
from partition.sqlite import StorageError
from router.options import RouterOptions
from twophase.cli.errors import BadInputError
from twophase.cli.serve import Wanted
from twophase.local.cluster import PATIENT_US, TABLE_ANSWER_US, Nodes
from twophase.local.secret import SecretError
from twophase.local.serving import Asked, Opened, ServeError, Server, run
from twophase.local.world import new_seed

REGION = "us-east-1"


def serve(wanted: Wanted) -> None:
    """Serve until a signal comes.

    Raises:
        BadInputError: The port or the data directory cannot be had.
    """
    asked = Asked(
        wanted.host,
        wanted.port,
        None if wanted.data is None else Path(wanted.data),
        Nodes(
            partitions=wanted.partitions,
            coordinators=wanted.coordinators,
            router=RouterOptions(
                repeat_first_us=PATIENT_US,
                transaction_actions_max=wanted.transaction_actions_max,
                allow_reserved_words=wanted.allow_reserved_words,
                # A table that is to take its time is not waited for.
                table_answer_us=0 if wanted.table_delay_us else TABLE_ANSWER_US,
                table_creating_us=wanted.table_delay_us,
                table_updating_us=wanted.table_delay_us,
                table_deleting_us=wanted.table_delay_us,
                permissions=wanted.permissions,
            ),
            followers=wanted.followers,
            follower=FollowerOptions(wanted.follower_delay),
        ),
        new_seed() if wanted.seed is None else wanted.seed,
        wanted.faults,
        wanted.control,
        wanted.metrics,
    )
    try:
        if wanted.watch:
            watched(asked)
            return
        log_to(sys.stderr)
        run(Server(asked), lambda opened: tell(asked, opened))
    except (ServeError, StorageError, SecretError) as error:
        raise BadInputError(str(error)) from error


def watched(asked: Asked) -> None:
    """Serve, and show what goes on until somebody has seen enough; that stops the server."""
    # Only here: they import rich.
    from twophase.cli.watch_screen import Screen  # noqa: PLC0415
    from twophase.cli.watch_serve import SAID_MAX, ServerWatcher  # noqa: PLC0415
    from twophase.cli.watch_server_page import LastLines  # noqa: PLC0415

    server, screen, said = Server(asked), Screen(), LastLines(SAID_MAX)
    log_to(cast("TextIO", said))  # It has what a log asks of a stream.
    watcher = ServerWatcher(server, screen, said)
    with ExitStack() as stack:
        # What nobody may have seen, once the screen is left.
        stack.callback(repeat, said.lines)

        def opened(told: Opened) -> None:
            tell(asked, told)
            stack.enter_context(screen)
            watcher.begin()

        run(server, opened)


def repeat(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line, err=True)


def tell(asked: Asked, opened: Opened) -> None:
    """Say where it listens, and what a client must know to find it."""
    kept = "in memory: a stop forgets it" if asked.directory is None else f"in {asked.directory}"
    nodes = opened.nodes
    lines = [
        f"twophase {version('twophase')} serves DynamoDB's API on {opened.url}",
        f"{nodes.partitions} partitions, {nodes.coordinators} coordinators, seed {asked.seed};"
        f" items are kept {kept}.",
    ]
    if nodes.followers:
        followers = "1 follower" if nodes.followers == 1 else f"{nodes.followers} followers"
        lines.append(f"Each partition has {followers}; a read without ConsistentRead may be late.")
    if asked.faults is not None:
        lines.append(f"Faults: {asked.faults}.")
    if opened.recovered:
        lines.append(f"{opened.recovered} unfinished transactions were taken to their end.")
    permissions = nodes.router.permissions
    keys = ["export AWS_ACCESS_KEY_ID=local", "export AWS_SECRET_ACCESS_KEY=local"]
    if permissions is not None:
        count = len(permissions.principals)
        lines.append(f"Principals: {count}; a client signs with the keys of one of them.")
        keys = []
    lines += [
        "",
        f"export AWS_ENDPOINT_URL={opened.url}",
        f"export AWS_DEFAULT_REGION={REGION}",
        *keys,
        "",
        "Ctrl-C stops it.",
    ]
    click.echo("\n".join(lines))
    sys.stdout.flush()  # Whoever reads a pipe waits for this.


def log_to(stream: TextIO) -> None:
    """Write what nodes and disks have to report as lines of text."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            # With the day: a server may run for months.
            structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%M:%SZ", utc=True),
            structlog.dev.ConsoleRenderer(colors=stream.isatty()),
        ],
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
