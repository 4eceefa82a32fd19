"""`twophase faults`: change the trouble of a running server."""

import click

from twophase.cli.asking import ask, url_option
from twophase.cli.errors import BadInputError
from twophase.local.faults import FaultsError, is_next, parse, parse_next

PATH = "/_twophase/faults"


@click.command("faults")
@click.argument("spec")
@url_option
def command(*, spec: str, url: str | None) -> int:
    """Make this trouble from now on, in a server that runs with --control.

    SPEC is as for `twophase serve --faults`, and takes the place of what was before; 'none' heals
    all.  'next TransactWriteItems: conflict 2' makes trouble for one request, at its second item.
    """
    text = "" if spec.strip() == "none" else spec
    try:
        _ = parse_next(text) if is_next(text) else parse(text)
    except FaultsError as error:
        raise BadInputError(str(error)) from error
    told = ask(url, PATH, text.encode())
    click.echo(f"{spec.strip()}: noted" if is_next(text) else f"Faults: {told['faults']}")
    return 0
