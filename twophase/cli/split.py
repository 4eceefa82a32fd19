"""`twophase split`: have a partition of a running server split."""

import time

import click

from twophase.cli.asking import ask, url_option
from twophase.cli.errors import BadInputError
from twophase.cli.status import PATH as STATUS

PATH = "/_twophase/split"
LOOK_SECONDS = 0.05
WAIT_SECONDS = 20.0  # A child that does not come is given up after 5.


@click.command("split")
@click.argument("partition")
@url_option
def command(*, partition: str, url: str | None) -> int:
    """Give the upper half of a partition's range to a new node, while the server goes on.

    PARTITION is a name such as p1, or l1 for a ledger node; `twophase status` shows them.
    """
    child = str(ask(url, PATH, partition.encode())["child"])
    ends = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < ends:
        ranges = {node["node"]: node.get("range") for node in ask(url, STATUS)["nodes"]}
        if ranges.get(child):
            click.echo(f"{partition} has given {'-'.join(ranges[child])} to {child}")
            return 0
        time.sleep(LOOK_SECONDS)
    raise BadInputError(
        f"{partition} has not given anything to {child} within {WAIT_SECONDS:.0f} s:"
        " look at `twophase status`"
    )
