"""`twophase verify-proof`: check what `twophase simulate … --proof FILE` has written."""

import json
from typing import Any

import click

from twophase.cli.errors import FINDING, BadInputError
from twophase.cli.kinds import instead
from twophase.os_errors import why
from twophase.proof import MalformedError, RefutedError, verified


@click.command("verify-proof")
@click.argument("file", metavar="FILE")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def command(*, file: str, as_json: bool) -> int:
    """Check the proof of a run; `twophase/proof.py` does it, in less than a hundred lines.

    The exit code is 0 if FILE proves what it claims, 1 if it does not, 2 if it is no proof.
    """
    try:
        with click.open_file(file, encoding="utf-8") as opened:
            texts = opened.read().splitlines()
    except OSError as error:
        raise BadInputError(f"the proof {file!r} cannot be read: {why(error)}") from error
    except UnicodeDecodeError as error:
        raise BadInputError(f"{file!r} is no proof: it is not UTF-8") from error
    try:
        told = {"ok": True, **verified(texts), "refuted": None}
    except MalformedError as error:
        raise BadInputError(
            f"{file!r} is no proof: {error}{instead(file, 'verify-proof')}"
        ) from error
    except RefutedError as error:
        told = {"ok": False, "refuted": str(error)}
    click.echo(json.dumps(told, indent=2) if as_json else in_words(told))
    return 0 if told["ok"] else FINDING


def in_words(told: dict[str, Any]) -> str:
    if not told["ok"]:
        return f"Refuted: {told['refuted']}."
    words = [
        f"Proved: {told['operations']:,} operations of {told['scenario']}, seed {told['seed']}, are"
        f" serializable; {told['writers']:,} of them, the writers, also in the order of their"
        " timestamps.",
        "Real time is kept: without GetItem they are strictly serializable.",
    ]
    if told["late"]:
        words.append(f"With GetItem this order does not keep it: {told['late']}.")
    return "\n".join(words)
