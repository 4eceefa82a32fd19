"""`twophase`: the group of all commands, and how each of them ends.

A command is imported when it is called and not before, so that help comes at once.  Every command
returns its exit code; what a person got wrong is told in one sentence on standard error.
"""

import errno
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, NoReturn, TextIO

import click

from twophase.cli.errors import (
    BAD_INPUT,
    CLOSED_PIPE,
    INTERRUPTED,
    BadInputError,
    sentence,
)
from twophase.cli.extra_words import explained
from twophase.cli.interrupting import terminable
from twophase.os_errors import why

# Where each command is, and what it does, for `twophase --help`.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "simulate": ("twophase.cli.simulate", "Run a scenario on a simulated cluster and judge it."),
    "report": ("twophase.cli.report", "Write a run as a page to look at."),
    "sweep": ("twophase.cli.sweep", "Run a scenario from many seeds, and say what that shows."),
    "mutants": (
        "twophase.cli.mutants",
        "List the rules that can be broken, or hunt them.",
    ),
    "steps": ("twophase.cli.steps", "Put a fault on every step of a small world."),
    "shrink": ("twophase.cli.shrink", "Make a failing run short, and tell its story."),
    "replay": ("twophase.cli.replay", "Run a failure again, to the byte."),
    "diff": ("twophase.cli.diff", "Show a failing run beside the nearest one that passes."),
    "ablate": ("twophase.cli.ablate", "Take each mechanism away in turn, and say what breaks."),
    "determinism": ("twophase.cli.determinism", "Make the same runs under every Python."),
    "explore": ("twophase.cli.explore", "Walk every schedule of a tiny world."),
    "verify-proof": ("twophase.cli.verify_proof", "Check the proof that a run has written."),
    "check": ("twophase.cli.check", "Judge the history of any system."),
    "serve": ("twophase.cli.serve", "Serve DynamoDB's API to the AWS CLI, boto3 and every SDK."),
    "tutorial": ("twophase.cli.tutorial", "Run the tutorial with the aws command, on a server."),
    "status": ("twophase.cli.status", "Show what goes on inside a running server."),
    "faults": ("twophase.cli.faults", "Change the faults of a running server."),
    "split": ("twophase.cli.split", "Have a partition of a running server split."),
    "scenarios": ("twophase.cli.scenarios", "List the scenarios that come with twophase."),
}
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
NO_MORE = (errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM)
NO_TEMPORARY = "No usable temporary directory"
NO_ASSERTIONS = (
    "run Python without -O (and PYTHONOPTIMIZE): the protocol's assertions are part of it"
)


class Commands(click.Group):
    """A group whose commands are modules, imported when they are called."""

    def list_commands(self, _: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _: click.Context, name: str) -> click.Command:
        if name not in COMMANDS:
            raise BadInputError(f"there is no command {name!r}; there are {', '.join(COMMANDS)}")
        module, _help = COMMANDS[name]
        command: click.Command = import_module(module).command
        return command

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in COMMANDS.items()])

    def main(  # type: ignore[override]  # Always ends the process: there is no other mode.
        self,
        args: Sequence[str] | None = None,
        prog_name: str = "twophase",
        complete_var: str | None = None,
        **extra: Any,
    ) -> NoReturn:
        if f"_{prog_name.upper()}_COMPLETE" in os.environ:  # A shell asks what could come next.
            super().main(args, prog_name, complete_var)
        extra.pop("standalone_mode", None)
        sys.exit(self._ended(list(sys.argv[1:] if args is None else args), prog_name, extra))

    def _ended(self, args: list[str], prog_name: str, extra: dict[str, Any]) -> int:
        """Carry out a command and return its exit code."""
        make_streams_patient()
        try:
            if sys.stdout is None:
                raise click.ClickException("standard output is closed: there is nowhere to answer")
            if not __debug__:
                raise click.ClickException(NO_ASSERTIONS)
            with terminable(), self.make_context(prog_name, args, **extra) as context:
                code = self.invoke(context)
            sys.stdout.flush()  # Now, so that a closed pipe is met here.
        except click.exceptions.Exit as ended:
            return ended.exit_code
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message())
            return 0
        except click.ClickException as error:
            complain(prog_name, sentence(explained(error, args)))
            return BAD_INPUT
        except (KeyboardInterrupt, click.Abort):
            return INTERRUPTED
        except OSError as error:
            return not_written(prog_name, error)
        return int(code or 0)


def make_streams_patient() -> None:
    """Have a terminal that cannot show a sign show another one, and somewhere to tell errors."""
    if sys.stderr is None:  # It was closed before this began: what is told there, nobody wants.
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # Until the end.
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # Else it was closed before this began.
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # Text streams can.


def not_written(prog_name: str, error: OSError) -> int:
    """Return the exit code of a command that the system gives no more, or takes no output of."""
    if error.errno in NO_MORE:
        complain(prog_name, f"the system gives no more: {why(error)}; fewer --jobs need less")
        return BAD_INPUT
    if isinstance(error, FileNotFoundError) and NO_TEMPORARY in str(error):  # As `tempfile` says.
        complain(prog_name, "there is no temporary directory to write to: name one with TMPDIR")
        return BAD_INPUT
    if not isinstance(error, BrokenPipeError) and error.errno not in NO_ROOM:
        raise error
    to_nowhere(sys.stdout)
    if isinstance(error, BrokenPipeError):  # Nobody reads on.
        return CLOSED_PIPE
    complain(prog_name, f"the output cannot be written: {why(error)}")
    return BAD_INPUT


def complain(prog_name: str, text: str) -> None:
    """Say what is wrong on standard error, if that can be written."""
    try:
        click.echo(f"{prog_name}: {text}", err=True)
    except OSError:  # Nobody can be told; the exit code still says it.
        to_nowhere(sys.stderr)


def to_nowhere(stream: TextIO) -> None:
    """Let a stream that takes no more take all: what is buffered must not be met again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@click.group(
    "twophase",
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="twophase", message="%(prog)s %(version)s")
def main() -> None:
    """DynamoDB-style transactions that you can run, break and understand."""
