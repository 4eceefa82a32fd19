"""`twophase scenarios`: the experiments that come with the product, a line each."""

import json
import shutil
import textwrap

import click

from sim.keys import ScenarioError
from sim.scenario import Scenario, shipped
from twophase.cli.errors import BadInputError


@click.command("scenarios")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list and nothing else.")
def command(*, as_json: bool) -> int:
    """List the scenarios that come with twophase.

    Run one with `twophase simulate NAME`.
    """
    try:
        found = list(shipped().values())
    except ScenarioError as error:
        raise BadInputError(str(error)) from error
    if as_json:
        click.echo(json.dumps([told(scenario) for scenario in found], indent=2))
        return 0
    width = max((len(scenario.name) for scenario in found), default=0) + 2
    columns = max(shutil.get_terminal_size().columns, width + 20)
    for scenario in found:
        lines = textwrap.wrap(scenario.description, columns - width) or [""]
        click.echo(scenario.name.ljust(width) + lines[0])
        for line in lines[1:]:
            click.echo(" " * width + line)
    return 0


def told(scenario: Scenario) -> dict[str, object]:
    return {
        "name": scenario.name,
        "description": scenario.description,
        "workload": scenario.workload,
        "clients": scenario.number("workload.clients"),
        "transactions": scenario.transactions,
    }
