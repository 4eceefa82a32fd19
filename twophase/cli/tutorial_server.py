"""A server for a tutorial, and the commands that ask it: each is a process of its own.

The server is `twophase serve` itself, on a free port; what a client must know is read from what it
prints, as people read it.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Timer

from items.data import data
from twophase.cli.errors import BadInputError
from twophase.cli.tutorial_page import Ask, Start

START_SECONDS = 60
STOP_SECONDS = 30
ANSWER_SECONDS = 60
LAST_LINE = "Ctrl-C stops it."
NOWHERE = "127.0.0.1,localhost"  # Where no proxy is asked.
NO_AWS = (
    "the tutorial needs the aws command, which is not installed:"
    " pip install '.[tutorial]' in twophase's directory brings it"
)


@data
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: str
    told: str  # On standard error.

    @property
    def text(self) -> str:
        return "\n".join(part for part in (self.out.strip(), self.told.strip()) if part)


@data
class Served:
    """A server that runs."""

    process: subprocess.Popen[str]
    environment: Mapping[str, str]  # Of whoever asks it.

    @property
    def url(self) -> str:
        return self.environment["AWS_ENDPOINT_URL"]

    @property
    def is_up(self) -> bool:
        return self.process.poll() is None


@contextmanager
def served(start: Start, directory: Path) -> Iterator[Served]:
    """Serve until the end of the `with`, whatever ends it, with `directory` as the place to be.

    Raises:
        BadInputError: The server did not start.
    """
    command = [sys.executable, "-m", "twophase", "serve", *start.options, "--port", "0"]
    with (directory / "server.log").open("w+", encoding="utf-8") as log:
        process = subprocess.Popen(  # noqa: S603  # Ourselves, with the options that the page has.
            command, cwd=directory, stdout=subprocess.PIPE, stderr=log, text=True
        )
        try:
            printed = printed_at_start(process)
            if LAST_LINE not in printed:
                log.seek(0)
                raise BadInputError(f"the server did not start: {log.read().strip() or 'no word'}")
            yield Served(process, environment_of(printed))
        finally:
            stop(process)


def printed_at_start(process: subprocess.Popen[str]) -> list[str]:
    """Read what a server prints until it listens; less, if it ends or takes too long."""
    assert process.stdout is not None, "it has been asked for"
    too_long = Timer(START_SECONDS, process.kill)
    too_long.start()
    try:
        lines = []
        for line in process.stdout:
            lines.append(line.rstrip())
            if lines[-1] == LAST_LINE:
                break
        return lines
    finally:
        too_long.cancel()


def stop(process: subprocess.Popen[str]) -> None:
    """Stop a server as people do, and by force if that takes too long."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    assert process.stdout is not None, "it has been asked for"
    process.stdout.close()


def environment_of(printed: Sequence[str]) -> dict[str, str]:
    """Return the variables for a client: the server's, and nothing of this machine's AWS setup.

    A profile, a region or an output format of somebody's own would make other answers.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    exports = (line.removeprefix("export ") for line in printed if line.startswith("export "))
    return {
        **kept,
        **dict(export.split("=", 1) for export in exports),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_PAGER": "",
        "NO_PROXY": NOWHERE,
        "no_proxy": NOWHERE,
    }


def asked(ask: Ask, server: Served) -> Answer:
    """Carry out a command.

    Raises:
        BadInputError: It cannot be run, or does not end.
    """
    words = [sys.executable, "-c", ask.text] if ask.language == "python" else command_of(ask)
    try:
        done = subprocess.run(  # noqa: S603  # `aws`, or a program of the page.
            words,
            env=server.environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=ANSWER_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BadInputError(
            f"line {ask.line}: no answer within {ANSWER_SECONDS} seconds"
        ) from error
    except OSError as error:
        raise BadInputError(f"line {ask.line}: {words[0]} cannot be run: {error}") from error
    return Answer(done.returncode, done.stdout, done.stderr)


def command_of(ask: Ask) -> list[str]:
    """Return a command's words, with the aws that came with twophase, or else any."""
    # Not the script beside this Python: in a directory with a blank in its name it does not start.
    if find_spec("awscli") is not None:
        return [sys.executable, "-P", "-m", "awscli", *ask.words[1:]]
    aws = shutil.which("aws")
    if aws is None:
        raise BadInputError(NO_AWS)
    return [aws, *ask.words[1:]]
