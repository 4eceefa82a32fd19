"""`twophase serve`: DynamoDB's API on a port of this machine, with a cluster behind it."""

from importlib.util import find_spec

import click

from items.data import data as record
from items.limits import TRANSACTION_ACTIONS_MAX
from network.weather import Uniform
from router.policies import Permissions
from router.policy_file import PolicyError
from sim.keys import whole_within
from sim.recorded import SEEDS
from twophase.cli.errors import BadInputError
from twophase.local.faults import Faults, FaultsError, duration, parse
from twophase.local.policies import policies_in

NEEDED = ("uvicorn", "orjson")
PORTS = 1 << 16
NODES_MAX = 64
FOLLOWERS_MAX = 5
FOLLOWER_DELAY = "5ms..50ms"


@record
class Wanted:
    """What the command line asks for."""

    host: str
    port: int
    data: str | None
    partitions: int | None  # None: as many as the directory was made with, or 4.
    coordinators: int
    faults: Faults | None
    seed: int | None
    transaction_actions_max: int
    allow_reserved_words: bool
    table_delay_us: int
    control: bool
    metrics: bool
    permissions: Permissions | None
    watch: bool
    followers: int
    follower_delay: Uniform


@click.command("serve")
@click.option("--port", default="8000", metavar="N", help="0 takes a free one.  [default: 8000]")
@click.option(
    "--host",
    default="127.0.0.1",
    metavar="ADDRESS",
    help="Where to listen; other machines reach 0.0.0.0.  [default: 127.0.0.1]",
)
@click.option("--data", metavar="DIR", help="Keep everything in this directory, durably.")
@click.option("--in-memory", is_flag=True, help="Keep everything in memory; the default.")
@click.option(
    "--partitions",  # Without a default here: a directory has its own.
    metavar="N",
    help="Nodes that keep items.  [default: 4, or as the directory has it]",
)
@click.option(
    "--coordinators", default="2", metavar="N", help="Nodes that drive transactions.  [default: 2]"
)
@click.option(
    "--faults",
    metavar="SPEC",
    help="Trouble inside the cluster, as in loss=0.05,crash=coordinator:10s,conflict=0.1.",
)
@click.option(
    "--table-delay",
    default="0s",
    metavar="T",
    help="How long a table is CREATING, UPDATING or DELETING at least, as in 2s.  [default: 0s]",
)
@click.option("--seed", metavar="N", help="Where all chance comes from; drawn if it is not given.")
@click.option(
    "--control",
    is_flag=True,
    help="Let `twophase status`, `twophase faults` and `twophase split` in, from this machine.",
)
@click.option(
    "--policies",
    metavar="FILE",
    help="Who may do what: principals with IAM policies.  Without it everybody may do everything.",
)
@click.option(
    "--followers",
    default="0",
    metavar="N",
    help="Nodes beside each partition, for reads that may be late.  [default: 0]",
)
@click.option(
    "--follower-delay",
    metavar="A..B",
    help=f"How late followers are, as in 20ms..200ms.  [default: {FOLLOWER_DELAY}]",
)
@click.option("--watch", is_flag=True, help="Show live what goes on inside; q stops the server.")
@click.option("--metrics", is_flag=True, help="Answer at /metrics as Prometheus reads it.")
@click.option(
    "--transaction-actions-max",
    default=str(TRANSACTION_ACTIONS_MAX),
    metavar="N",
    help=f"Actions in one transaction, at most.  [default, and most: {TRANSACTION_ACTIONS_MAX}]",
)
@click.option(
    "--allow-reserved-words",
    is_flag=True,
    help="Let expressions name attributes by reserved words, such as Status.",
)
def command(
    *,
    port: str,
    host: str,
    data: str | None,
    in_memory: bool,
    partitions: str | None,
    coordinators: str,
    faults: str | None,
    table_delay: str,
    seed: str | None,
    control: bool,
    metrics: bool,
    policies: str | None,
    watch: bool,
    followers: str,
    follower_delay: str | None,
    transaction_actions_max: str,
    allow_reserved_words: bool,
) -> int:
    """Serve DynamoDB's API to the AWS CLI, boto3 and every other SDK.

    Ctrl-C (or SIGTERM) stops the server: what is under way is answered, what is new is refused.
    """
    refuse_without_extra()
    if data is not None and in_memory:
        raise BadInputError("--data keeps everything and --in-memory nothing: choose one of them")
    if data == "":
        raise BadInputError("--data names no directory: it is empty")
    wanted = Wanted(
        host,
        whole(port, "--port", 0, PORTS - 1),
        data,
        None if partitions is None else whole(partitions, "--partitions", 1, NODES_MAX),
        whole(coordinators, "--coordinators", 1, NODES_MAX),
        None if faults is None else faults_of(faults),
        None if seed is None else whole(seed, "--seed", 0, SEEDS - 1),
        whole(transaction_actions_max, "--transaction-actions-max", 1, TRANSACTION_ACTIONS_MAX),
        allow_reserved_words,
        duration_us(table_delay, "--table-delay"),
        control,
        metrics,
        None if policies is None else permissions_in(policies),
        watch,
        whole(followers, "--followers", 0, FOLLOWERS_MAX),
        span(FOLLOWER_DELAY if follower_delay is None else follower_delay, "--follower-delay"),
    )
    if follower_delay is not None and not wanted.followers:
        raise BadInputError("--follower-delay is for followers: give --followers as well")
    if watch:
        from twophase.cli.watch_screen import refuse_without_terminal  # noqa: PLC0415  # Needs rich.

        refuse_without_terminal()
    from twophase.cli.serving import serve  # noqa: PLC0415  # Needs what was just looked for.

    serve(wanted)
    return 0


def refuse_without_extra() -> None:
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise BadInputError(
            f"serving needs {' and '.join(missing)}, which are not installed:"
            " pip install '.[serve]' in twophase's directory brings them"
        )


def faults_of(text: str) -> Faults:
    try:
        return parse(text)
    except FaultsError as error:
        raise BadInputError(f"--faults: {error}") from error


def permissions_in(path: str) -> Permissions:
    try:
        return policies_in(path)
    except PolicyError as error:
        raise BadInputError(f"--policies: {error}") from error


def duration_us(text: str, option: str) -> int:
    try:
        return duration(option, text)
    except FaultsError as error:
        raise BadInputError(str(error)) from error


def span(text: str, option: str) -> Uniform:
    least, dots, most = text.partition("..")
    least_us = duration_us(least, option)
    most_us = duration_us(most, option) if dots else least_us
    if least_us > most_us:
        raise BadInputError(f"{option} goes from less to more, as in 20ms..200ms, not {text!r}")
    return Uniform(least_us, most_us)


def whole(text: str, option: str, least: int, most: int) -> int:
    number = whole_within(text, least, most)
    if number is None:
        raise BadInputError(f"{option} must be a whole number from {least} to {most}, not {text!r}")
    return number
