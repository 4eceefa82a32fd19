"""`twophase simulate`: run a scenario, show what came of it, and judge it by the exit code."""

import os
import shlex
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from time import perf_counter

import click

from items.data import data
from sim.cluster_run import Run
from sim.course import Progress
from sim.figures import figures_of
from sim.keys import ScenarioError, whole_within
from sim.recorded import SEEDS, Recorded
from sim.result import Result
from sim.run import Going, begun
from sim.scenario import DEFAULT, Scenario, load
from sim.tables import SetupError
from sim.telling import schemas_of
from twophase.cli import options
from twophase.cli.as_json import result_as_json
from twophase.cli.bars import plain_bar
from twophase.cli.errors import FINDING, BadInputError
from twophase.cli.files import (
    TOML,
    LinesFile,
    TextFile,
    TraceFile,
    lines_file,
    refuse_run_itself,
    refuse_same_file,
    refuse_unreadable,
    text_file,
    write_history,
)
from twophase.cli.following import Follower
from twophase.cli.interrupting import interrupting
from twophase.cli.kinds import instead
from twophase.os_errors import why

NONE = "none"  # As a mutant's name: nothing is broken, whatever a file says.


@data
class Asked:
    """What the command line asks for."""

    scenario: str
    seed: int
    settings: Mapping[str, str]
    as_json: bool = False
    story: bool = False
    trace: str | None = None
    history: str | None = None
    mutant: str | None = None
    proof: str | None = None
    failure: str | None = None
    report: str | None = None
    speed: float | None = None  # At which it is watched; None: it is not.
    is_unbroken: bool = False  # No rule is to be broken, whatever the scenario's file says.

    @property
    def replay(self) -> str:
        """The command that does the same run again."""
        words = ["twophase", "simulate", self.scenario, "--seed", str(self.seed)]
        for key, value in self.settings.items():
            words += ["--set", f"{key}={value}"]
        return shlex.join([*words, *breaking(self.mutant, is_said=self.is_unbroken)])


@click.command("simulate")
@click.argument("scenario", default=DEFAULT, metavar="[SCENARIO|FILE.toml]")
@options.seed
@options.settings()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option("--story", is_flag=True, help="Draw the messages of the first transactions.")
@click.option("--trace", metavar="FILE", help="Write every event of the run, as JSON lines.")
@click.option("--history", metavar="FILE", help="Write what clients saw, as JSON lines.")
@click.option(
    "--proof", metavar="FILE", help="Write the order that explains a run without finding."
)
@click.option("--failure", metavar="FILE", help="Write the run to a file if it has a finding.")
@click.option("--report", metavar="FILE", help="Write the run as a page to look at, in HTML.")
@options.mutant
@click.option("--watch", is_flag=True, help="Show the run live, slowed down; keys step through it.")
@click.option(
    "--speed", metavar="X", help="Virtual seconds a second, with --watch.  [default: 0.01]"
)
def command(
    *,
    scenario: str,
    seed: str | None,
    settings: tuple[str, ...],
    as_json: bool,
    story: bool,
    trace: str | None,
    history: str | None,
    proof: str | None,
    failure: str | None,
    report: str | None,
    mutant: str | None,
    watch: bool,
    speed: str | None,
) -> int:
    """Run a scenario on a simulated cluster, in virtual time, and judge it.

    SCENARIO is one of `twophase scenarios` or the path of a .toml file; without it,
    orders-and-payments runs.  The same scenario, settings and seed are the same run.  A failure's
    file brings its seed along, and the rule that it breaks.

    The exit code is 0 if every check holds, 1 if one found something, 2 for bad input.
    """
    if as_json and story:
        raise BadInputError("--story draws a picture and --json prints none: choose one of them")
    files = {"--trace": trace, "--history": history, "--proof": proof}
    files |= {"--failure": failure, "--report": report}
    refuse_same_file(files)
    refuse_run_itself(scenario, files)
    refuse_unreadable("--failure", failure)
    keys = settings_of(settings)
    number, rule = run_of(scenario, keys, seed, mutant)
    return simulated(
        Asked(
            scenario,
            number,
            keys,
            as_json=as_json,
            story=story,
            trace=trace,
            history=history,
            mutant=rule,
            proof=proof,
            failure=failure,
            report=report,
            speed=watch_speed(speed, watches=watch),
            is_unbroken=mutant == NONE,
        )
    )


def simulated(asked: Asked) -> int:
    """Carry out a run as asked, show it, and return the exit code."""
    scenario = loaded(asked.scenario, asked.settings)
    refuse_for_regions(scenario, asked)
    broken, breaking = mutant_of(asked.mutant)
    run = begun(scenario, asked.seed)
    schemas = schemas_of(run.workload.tables)
    follower = Follower()
    with ExitStack() as stack:
        trace = stack.enter_context(lines_file("trace", asked.trace))
        history = stack.enter_context(lines_file("history", asked.history))
        proof = stack.enter_context(lines_file("proof", asked.proof))
        failure = stack.enter_context(text_file("failure", asked.failure))
        report = stack.enter_context(text_file("report", asked.report))
        reported = recording_for(report, run, asked)
        if trace is not None:
            run.listen(TraceFile(trace))
        if asked.story:
            run.listen(follower)
        with breaking:
            result, wall_seconds = carried_out(run, asked, broken[0])
        if history is not None:
            write_history(history, result.history)
        if proof is not None:
            proved(proof, run, result, asked)
        if failure is not None:
            failed(failure, result, asked)
        reported(result)

    figures = figures_of(result.history)
    if asked.as_json:
        replay, mutant = asked.replay, asked.mutant
        click.echo(result_as_json(result, figures, schemas, wall_seconds, replay, mutant=mutant))
    else:
        from twophase.cli import summary  # noqa: PLC0415  # Imports rich, which only drawing needs.

        shown = summary.Shown(result, figures, schemas, wall_seconds, asked.replay, *broken)
        summary.show(shown, follower if asked.story else None)
    if asked.report is not None:
        from twophase.cli.reporting import tell  # noqa: PLC0415  # It is imported already.

        tell(asked.report)
    return 0 if result.ok else FINDING


def refuse_for_regions(scenario: Scenario, asked: Asked) -> None:
    """Refuse what looks into one cluster where there are several.

    Raises:
        BadInputError: Naming what is to be left out.
    """
    looks = {
        "--watch": asked.speed is not None,
        "--story": asked.story,
        "--report": asked.report is not None,
        "--proof": asked.proof is not None,
    }
    for option, is_asked in looks.items():
        if is_asked and scenario.regions:
            raise BadInputError(
                f"{option} looks into one cluster, and scenario {scenario.name} has several"
                " regions: leave it out"
            )


def carried_out(run: Going, asked: Asked, broken: str) -> tuple[Result, float]:
    """Carry out a run, with a progress bar or for somebody who watches; say how long it took."""
    if asked.speed is None:
        with plain_bar("transactions", as_json=asked.as_json) as progress:
            return timed(run, progress)
    from twophase.cli.watch import watched  # noqa: PLC0415  # Imports rich, as above.

    assert isinstance(run, Run), "several regions are not watched"
    title = f"{asked.scenario}  seed {asked.seed}"
    with watched(run, asked.speed, title=title, broken=broken) as watcher:
        result, wall_seconds = timed(run, None)
        watcher.end(result)
    return result, wall_seconds


def proved(proof: LinesFile, run: Going, result: Result, asked: Asked) -> None:
    """Write the proof of a run, or say why there is none."""
    from twophase.cli.proofs import write_proof  # noqa: PLC0415  # Only who asks for it waits.

    assert isinstance(run, Run), "several regions have no one order"
    lacking = write_proof(proof, run, result, asked.replay)
    if lacking:
        click.echo(f"twophase: no proof is written to {asked.proof!r}: {lacking}", err=True)


def failed(file: TextFile, result: Result, asked: Asked) -> None:
    """Write the run to a file if it has a finding, or say that there is none."""
    # Only here: who writes none needs none of it.
    from sim.search.shrink.failure import failure_of, text_of  # noqa: PLC0415

    failure = failure_of(result, asked.mutant)
    if failure is not None:
        file.text = text_of(failure)
    else:
        click.echo(f"twophase: nothing is written to {asked.failure!r}: no finding", err=True)


def recording_for(file: TextFile | None, run: Going, asked: Asked) -> Callable[[Result], None]:
    """Listen to a run for its report; return what writes it in the end."""
    if file is None:
        return lambda _: None
    # Only here: who writes no report needs none of it.
    from sim.report.recording import Recorder  # noqa: PLC0415
    from twophase.cli import reporting  # noqa: PLC0415

    assert isinstance(run, Run), "several regions have no report"
    recorder, one = Recorder(), run
    run.listen(recorder)

    def write(result: Result) -> None:
        origin = reporting.origin_of(asked.scenario, asked.seed, asked.mutant, asked.replay)
        recording = reporting.recorded(recorder, one, result, origin)
        reporting.write_page(file, recording, as_json=asked.as_json)

    return write


def timed(run: Going, progress: Progress | None) -> tuple[Result, float]:
    """Carry out a run, and say how many seconds it took on the wall's clock."""
    began = perf_counter()
    try:
        with interrupting(run.course.interrupt, is_late=lambda: not run.course.is_interruptible):
            result = run.go(progress)
    except SetupError as error:
        name = run.scenario.name
        raise BadInputError(f"scenario {name} cannot be carried out: {error}") from error
    return result, perf_counter() - began


# What was asked for, checked ---------------------------------------------------------------------


def loaded(name: str, settings: Mapping[str, str]) -> Scenario:
    """Load a scenario with some keys set otherwise.

    Raises:
        BadInputError: There is none, or it cannot be run.
    """
    if os.path.isdir(name):
        raise BadInputError(f"{name!r} is a directory; give the path of a .toml file")
    try:
        return load(name, settings)
    except ScenarioError as error:
        raise BadInputError(f"{error}{instead(name)}") from error
    except OverflowError as error:
        raise BadInputError(f"scenario {name}: a number is too large") from error
    except OSError as error:
        raise BadInputError(f"the scenario cannot be read: {why(error)}") from error
    except (RecursionError, ValueError) as error:
        raise BadInputError(f"scenario {name} cannot be run: {error}") from error


def one_cluster(scenario: Scenario) -> Scenario:
    """Return a scenario that is of one cluster.

    Raises:
        BadInputError: It has several regions, and who asks looks into one cluster.
    """
    if scenario.regions:
        raise BadInputError(
            f"scenario {scenario.name} has several regions, and this looks into one cluster;"
            " `twophase simulate` and `twophase sweep` run them"
        )
    return scenario


def run_of(
    name: str, settings: Mapping[str, str], seed: str | None, mutant: str | None
) -> tuple[int, str | None]:
    """Return the seed and the mutant that are asked for; a failure's file has its own."""
    failure = failure_in(name, settings)
    rule = rule_of(failure, mutant)
    if seed is None:
        return 1 if failure is None else failure.seed, rule
    return seed_of(seed), rule


def failure_in(name: str, settings: Mapping[str, str]) -> Recorded | None:
    """Return what a failure's file says of it; None if it is no such file."""
    return loaded(name, settings).failure if name.endswith(TOML) else None


def rule_of(failure: Recorded | None, mutant: str | None) -> str | None:
    """Return the rule that is to be broken: as asked for, or else as it was in the failure."""
    if mutant is None and failure is not None:
        mutant = failure.mutant
    return None if mutant == NONE else mutant


def breaking(mutant: str | None, *, is_said: bool) -> list[str]:
    """Return the words that break the same rule again; none is left unsaid, if it may be."""
    return [] if mutant is None and not is_said else ["--mutant", mutant or NONE]


def mutant_of(name: str | None) -> tuple[tuple[str, str], AbstractContextManager[None]]:
    """Return what the summary is to say of the rule that is broken, and the context in which it is.

    The first text is for its head, the second one for a run in which nothing is found.

    Raises:
        BadInputError: There is no mutant of that name.
    """
    if name is None:
        return ("", ""), nullcontext()
    # Only here: whoever breaks nothing has none of the mutants in their process.
    from sim.mutants.catalogue import MUTANTS, UnknownMutantError, applied, find  # noqa: PLC0415

    try:
        mutant = find(name)
    except UnknownMutantError as error:
        raise BadInputError(str(error)) from error
    unseen = f"The rule that is broken did not show here.  It does here:\n  {mutant.replay}"
    if mutant.name not in MUTANTS:  # Several at once: a seed is known of each alone.
        unseen = (
            "The rules that are broken did not show here.  `twophase mutants --json` has for each"
            " of them a command that shows it alone."
        )
    elif not mutant.is_counted:
        unseen = (
            "The rule that is broken did not show here, and no seed is known from which it does."
            f"  Look for one:\n  twophase mutants --hunt {mutant.name}"
        )
    if mutant.is_equivalent:
        unseen = f"Nobody can tell that a rule is broken.  {mutant.why}"
    return (f"{mutant.name} ({mutant.section}): {mutant.sentence}", unseen), applied(mutant)


def watch_speed(speed: str | None, *, watches: bool) -> float | None:
    """Return at which speed a run is watched; None if nobody wants to."""
    if not watches:
        if speed is not None:
            raise BadInputError("--speed is for who watches: give --watch as well")
        return None
    # Only here: they import rich.
    from twophase.cli.watch_pace import SPEED, speed_of  # noqa: PLC0415
    from twophase.cli.watch_screen import refuse_without_terminal  # noqa: PLC0415

    refuse_without_terminal()
    return SPEED if speed is None else speed_of(speed)


def seed_of(text: str) -> int:
    seed = whole_within(text, 0, SEEDS - 1)
    if seed is None:
        raise BadInputError(f"--seed must be a whole number from 0 to {SEEDS - 1}, not {text!r}")
    return seed


def settings_of(texts: tuple[str, ...]) -> dict[str, str]:
    """Read `--set KEY=VALUE`; where a key comes twice, its last value holds."""
    settings = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key.strip() and equals and value.strip()):
            raise BadInputError(f"--set takes KEY=VALUE, as in cluster.partitions=8, not {text!r}")
        settings[key.strip()] = value.strip()
    return settings
