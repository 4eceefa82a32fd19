"""`twophase replay`: run a failure again, and see whether it is the same to the byte."""

import click

from sim.result import Result
from sim.run import run
from sim.search.broken import broken, kinds_of
from sim.search.shrink.failure import Failure, ordered
from sim.tables import SetupError
from twophase.cli.as_json import dumps
from twophase.cli.errors import FINDING, BadInputError
from twophase.cli.shrink import file_of, without_finding


@click.command("replay")
@click.argument("failure", metavar="FAILURE.toml")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def command(*, failure: str, as_json: bool) -> int:
    """Run a failure again, to the byte, and compare its finding and its digest.

    FAILURE is a file that `twophase simulate … --failure FILE` or `twophase shrink` has written.

    The exit code is 0 if it is the same, 1 if it is not, 2 for bad input.
    """
    known = file_of(failure)
    try:
        with broken(known.mutant):
            result = run(known.scenario, known.seed)
    except SetupError as error:
        raise BadInputError(f"scenario {failure} cannot be carried out: {error}") from error
    differs = difference(known, result)
    if as_json:
        found = [": ".join(kind) for kind in ordered(result.findings, kinds_of(known.mutant))]
        document = {
            "failure": failure,
            "same": not differs,
            "differs": differs or None,
            "findings": found,
            "digest": result.digest,
        }
        click.echo(dumps(document, indent=2))
    elif differs:
        click.echo(f"twophase: {failure} is not the same any more: {differs}", err=True)
    else:
        digest = f", digest {result.digest}" if known.digest else ""
        click.echo(f"The same run: {': '.join(known.leading)}{digest}.")
    return FINDING if differs else 0


def difference(known: Failure, result: Result) -> str:
    """Say what differs from what the file says; nothing if it is the same run."""
    if not result.findings:
        return without_finding(known.mutant)
    kinds = ordered(result.findings, kinds_of(known.mutant))
    if any(known.leading) and known.leading not in kinds:
        found = ", ".join(": ".join(kind) for kind in kinds)
        return f"{': '.join(known.leading)} is not found, but {found}"
    if known.digest and known.digest != result.digest:
        return (
            f"it finds the same, and its digest is {result.digest}, not {known.digest}:"
            " the code has changed, or the file"
        )
    return ""
