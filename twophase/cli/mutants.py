"""`twophase mutants`: the rules that can be broken on purpose, and the hunt for them."""

import json
from typing import Any

import click

from sim.mutants.catalogue import GROUPS, MUTANTS, TOGETHER
from sim.mutants.mutant import Mutant
from twophase.cli.errors import BadInputError

ALL = "all"


@click.command("mutants")
@click.option(
    "--hunt",
    is_flag=False,
    flag_value=ALL,
    metavar="[NAME]",
    help="Hunt a mutant, or all of them; 'none' hunts the protocol as it is.",
)
@click.option(
    "--seeds",
    metavar="FROM:TO",
    help="Hunt with these seeds.  [default: as many as it takes, 700 at most]",
)
@click.option("--jobs", metavar="N", help="How many processes.  [default: one a processor]")
@click.option("--no-shrink", is_flag=True, help="Do not shrink what is found to a story.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
@click.option("--markdown", is_flag=True, help="Print the hunt as docs/bug-zoo.md has it.")
def command(
    *,
    hunt: str | None,
    seeds: str | None,
    jobs: str | None,
    no_shrink: bool,
    as_json: bool,
    markdown: bool,
) -> int:
    """List the mutants, or hunt them: each is the protocol with one rule left out or misread.

    Run one with `twophase simulate SCENARIO --mutant NAME`; the checks are to find it.

    A hunt uses strategies that know nothing of the mutant, and says how many seeds it takes.  Its
    exit code is 0 if all is as it should be: whatever can be found is found, and nothing else.
    """
    if as_json and markdown:
        raise BadInputError("--markdown and --json are two things: ask for one")
    if hunt is not None:
        from sim.search.hunt.shots import NONE  # noqa: PLC0415  # As below.

        if markdown and hunt == NONE:
            raise BadInputError("--markdown is of mutants, and 'none' breaks nothing")
        if markdown and TOGETHER in hunt:
            raise BadInputError(
                "--markdown has a row for each mutant, and none for several at once"
            )
        from twophase.cli import mutants_hunt as hunting  # noqa: PLC0415  # Only who hunts waits.

        asked = hunting.asked(hunt, seeds, jobs, shrinks=not no_shrink, as_json=as_json)
        return hunting.hunt(asked, as_page=markdown)
    for word, is_given in (("--seeds", seeds), ("--jobs", jobs), ("--no-shrink", no_shrink)):
        if is_given:
            raise BadInputError(f"{word} is for a hunt: add --hunt")
    if markdown:
        raise BadInputError("--markdown prints a hunt: add --hunt")
    if as_json:
        click.echo(json.dumps([told(mutant) for mutant in MUTANTS.values()], indent=2))
    else:
        from twophase.cli import mutants_list  # noqa: PLC0415  # Imports rich, for drawing only.

        mutants_list.show(GROUPS)
    return 0


def told(mutant: Mutant) -> dict[str, Any]:
    return {
        "name": mutant.name,
        "section": mutant.section,
        "sentence": mutant.sentence,
        "anomaly": mutant.anomaly,
        "equivalent": mutant.is_equivalent,
        "why": mutant.why or None,
        "code": mutant.code or None,
        "source": mutant.source or None,
        "replay": mutant.replay,
    }
