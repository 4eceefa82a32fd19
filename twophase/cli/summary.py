"""What a person wants to know of a run, drawn with rich.

The first operations one by one, then the run as a whole: outcomes, latencies, messages, faults,
what was checked and found, and how to see it again.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from items.data import data
from network.events import EVENTS
from sim.books import Capacity
from sim.checkers.finding import Finding
from sim.counted import counted
from sim.faults.kinds import in_words
from sim.figures import Figures, Percentiles
from sim.history import Operation
from sim.indexes_seen import IndexLag
from sim.result import Result
from sim.scenario import Scenario
from sim.staleness import Staleness
from sim.streams_seen import StreamsSeen
from sim.telling import Part, Schemas, error_of, outcome_of, parts_of
from twophase.cli import story
from twophase.cli.drawing import drawing, listed, section
from twophase.cli.following import Follower
from twophase.cli.summary_regions import draw_regions

STYLES = {
    "committed": "green",
    "done": "green",
    "cancelled": "yellow",
    "refused": "yellow",
    "unknown": "magenta",
}
NUMBER_WIDTH = 6
TAIL_WIDTH = 22  # Outcome and latency, at the right.
LABEL_WIDTH = 14
OF_A_KIND_MAX = 2  # Findings that are shown; --json has all of them.
PARTS_MAX = 6  # Items of one operation; whoever is to blame is shown in any case.

# Marks that reasons and outcomes do not tell of already.
MARKS_WIDTH = 64  # Columns in which the longest mark leaves its meaning room.
MARKS_SHOWN = (
    "recovery.began",
    "recovery.committed",
    "recovery.cancelled",
    "orphan.ended",
    "coordinators.met",
    "partition.stalled",
    "vote.repeated",
    "commit.repeated",
    "prepare.too_late",
    "token.replayed",
    "token.in_progress",
    "token.begun_anew",
    "token.mismatched",
    "read.met_change",
    "singleton.conflicted",
    "transaction.unknown",
    "request.unknown",
)


@data
class Shown:
    """All that a summary is drawn from."""

    result: Result
    figures: Figures
    schemas: Schemas
    wall_seconds: float
    replay: str  # The command that does the same run again.
    broken: str = ""  # The rule that is broken on purpose, if one is …
    unseen: str = ""  # … and what to say if no check has found that.


def show(shown: Shown, follower: Follower | None) -> None:
    """Draw a run on standard output, with the stories of what was followed, if anything was."""
    with drawing() as console:
        draw_heading(console, shown.result.scenario, shown.result.seed)
        if shown.broken:
            console.print(Text.assemble(("Broken on purpose: ", "bold red"), shown.broken))
        draw_operations(console, shown.figures.first, shown.schemas)
        if follower is not None:
            draw_stories(console, follower, shown)
        draw_whole(console, shown)


def draw_heading(console: Console, scenario: Scenario, seed: int) -> None:
    clients = counted(scenario.number("workload.clients"), "client")
    work = f"{clients}, {counted(scenario.transactions, 'transaction')}"
    if scenario.listed is not None and scenario.transactions < scenario.listed:
        work += f" of the {scenario.listed} that are listed: workload.transactions says so"
    console.print(Text.assemble((scenario.name, "bold"), f"  seed {seed}  {work}"))
    if scenario.description:
        console.print(Text(scenario.description))
    if scenario.regions:
        console.print(Text(f"in each of {listed(scenario.regions)}:", style="dim"))
    nodes = [
        counted(scenario.number(f"cluster.{kind}s"), name)
        for kind, name in (
            ("router", "router"),
            ("coordinator", "coordinator"),
            ("partition", "partition"),
            ("ledger", "ledger node"),
            ("manager", "recovery manager"),
        )
    ]
    followers = scenario.number("cluster.followers")
    if followers:
        nodes.append(f"{counted(followers, 'follower')} of each partition")
    console.print(Text(listed(nodes), style="dim"))


# One by one --------------------------------------------------------------------------------------


def draw_operations(console: Console, operations: Sequence[Operation], schemas: Schemas) -> None:
    section(console, "The first operations, one by one")
    previous = -1
    for n, operation in enumerate(operations, 1):
        if n > 1 and operation.place != previous + 1:
            console.print(Text("      … and the first one that was cancelled:", style="dim"))
        previous = operation.place
        draw_operation(console, n, operation, schemas)


def draw_operation(console: Console, n: int, operation: Operation, schemas: Schemas) -> None:
    outcome = outcome_of(operation)
    took = f"{(operation.returned_us - operation.invoked_us) / 1000:,.1f} ms"
    attempts = f" ({len(operation.attempts)} attempts)" if len(operation.attempts) > 1 else ""
    parts = parts_of(operation, schemas)
    head = Text(f"{n:>3}  {operation.client} {operation.name}{attempts}", style="bold")
    if not operation.is_transaction:  # It has its item beside its name.
        head.append(f" {parts[0].asked}", style="not bold")
    head.truncate(console.width - TAIL_WIDTH - 1, overflow="ellipsis", pad=True)
    head.append(f" {outcome:<9} ", style=f"not bold {STYLES[outcome]}")
    head.append(f"{took:>11}", style="not bold")
    one_line(console, head)
    shown = [part for k, part in enumerate(parts) if k < PARTS_MAX or part.blamed]
    draw_parts(console, shown, asked=operation.is_transaction)
    if len(shown) < len(parts):
        console.print(Text(f"{'':{NUMBER_WIDTH}}… and {len(parts) - len(shown)} more", style="dim"))
    error = error_of(operation)
    if error:
        console.print(Padding(Text(error, style=STYLES[outcome]), (0, 0, 0, NUMBER_WIDTH)))


def draw_parts(console: Console, parts: Sequence[Part], *, asked: bool) -> None:
    """Draw each action with its condition and its answer, beside each other where all fit."""
    room = console.width - NUMBER_WIDTH
    questions = [f"{part.asked} {part.condition}".strip() if asked else "" for part in parts]
    most = max(len(question) for question in questions) + 3 if asked else 0
    beside = all(most + len(part.answered) <= room for part in parts)
    for part, question in zip(parts, questions, strict=True):
        answered = Text(part.answered, style="yellow" if part.blamed else "dim")
        if beside:
            lines = [Text(question.ljust(most) if part.answered else question) + answered]
        elif len(question) <= room:
            lines = [Text(question), Text("  ") + answered]
        else:
            lines = [Text(part.asked), Text(f"  {part.condition}"), Text("  ") + answered]
        for line in lines:
            if line.plain.strip():
                one_line(console, Text(" " * NUMBER_WIDTH) + line)


def one_line(console: Console, line: Text) -> None:
    console.print(line, no_wrap=True, overflow="ellipsis", crop=True)


def draw_stories(console: Console, follower: Follower, shown: Shown) -> None:
    told = {operation.call: n for n, operation in enumerate(shown.figures.first, 1)}
    for followed in follower.followed:
        client, _, _ = followed.call.partition("/")
        number = f" ({told[followed.call]} above)" if followed.call in told else ""
        section(console, f"The story of {client}'s {followed.operation} {followed.call}{number}")
        story.draw(console, followed, follower.hosts, follower.words)


# As a whole --------------------------------------------------------------------------------------


def draw_whole(console: Console, shown: Shown) -> None:
    result, figures = shown.result, shown.figures
    section(console, "The whole run")
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(min_width=LABEL_WIDTH, no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row("Transactions", outcomes_in_words(figures.outcomes))
    if figures.reasons:
        reasons = listed(f"{n:,} {code}" for code, n in figures.reasons.items())
        grid.add_row("Reasons", f"by item: {reasons}")
    grid.add_row("Latency", f"{latency_in_words(figures.transactions_us)}  of transactions")
    if figures.others_us is not None:
        words = latency_in_words(figures.others_us)
        grid.add_row("", f"{words}  of {counted(figures.others_count, 'other')}")
    for label, words in where_asked_for(result):
        grid.add_row(label, words)
    grid.add_row("Messages", listed(f"{n:,} {fate}" for fate, n in result.messages.items()))
    grid.add_row("Faults", listed(in_words(result.faults)) or "none")
    if result.switched_off:
        off = listed(name.replace("_", " ") for name in result.switched_off)
        grid.add_row("", Text(f"switched off in this run: {off}", style="dim"))
    for told in result.steps:
        where = f" in {told.region}" if told.region else ""
        came = Text("came", style="green") if told.happened else Text("never came", "yellow")
        grid.add_row("", came.append(f"{where}: ") + Text(told.step))
    grid.add_row(
        "Time", f"{result.virtual_us / 1e6:,.1f} s virtual, {shown.wall_seconds:,.2f} s real"
    )
    grid.add_row("Digest", result.digest)
    console.print(grid)
    draw_marks(console, result.marks)
    if result.regions is not None:
        draw_regions(console, result.regions)
    draw_checks(console, result)
    if result.ok and shown.unseen:
        console.print()
        console.print(Text(shown.unseen), soft_wrap="\n" in shown.unseen)
    section(console, "The same run again")
    # As it is to be typed: a line that were broken would be two commands.
    console.print(Text(f"  {shown.replay}"), soft_wrap=True)


def outcomes_in_words(outcomes: Mapping[str, int]) -> Text:
    words = Text(f"{sum(outcomes.values()):,}: ")
    for n, (outcome, count) in enumerate(outcomes.items()):
        words.append(", " if n else "")
        words.append(f"{count:,} {outcome}", style=STYLES[outcome] if count else "dim")
    return words


def latency_in_words(found: Percentiles | None) -> str:
    if found is None:
        return "none"
    values = (("p50", found.p50), ("p90", found.p90), ("p99", found.p99))
    return "  ".join(f"{name} {us / 1000:,.1f} ms" for name, us in values)


def where_asked_for(result: Result) -> Iterator[tuple[str, str]]:
    """Tell what only some runs have: provisioned tables, followers, indexes."""
    if result.capacity is not None:
        yield from capacity_in_words(result.capacity)
    if result.streams is not None:
        yield from streams_in_words(result.streams)
    if result.staleness is not None:
        yield from staleness_in_words(result.staleness)
    if result.index_lag is not None:
        yield from index_lag_in_words(result.index_lag)


def capacity_in_words(found: Capacity) -> Iterator[tuple[str, str]]:
    """Tell what provisioned tables gave, and whom they had nothing for."""
    yield (
        "Capacity",
        f"{found.write_units:,g} write units and {found.read_units:,g} read units used",
    )
    refused = counted(found.refused_writes, "write"), counted(found.refused_reads, "read")
    yield "", f"refused because there were none left: {listed(refused)}"


def streams_in_words(found: StreamsSeen) -> Iterator[tuple[str, str]]:
    waited = f"{found.waited:,} waited for an older transaction"
    yield "Streams", f"{counted(found.records, 'record')}, {waited}"
    children = f"{found.children:,} of them after a split"
    yield "", f"{counted(found.shards, 'shard')}, {children}"
    for n, got in enumerate(found.got, 1):
        yield "", f"a reader, s{n}, got {counted(got, 'record')}"
    if found.expired:
        yield "", f"{counted(found.expired, 'iterator')} expired before readers came back"


def staleness_in_words(found: Staleness) -> Iterator[tuple[str, str]]:
    """Tell how many eventual reads were stale, and by how much."""
    answered, stale = len(found.points), len(found.ages_us)
    share = f" ({100 * stale / answered:.1f} %)" if stale else ""
    followers = f"{found.by_followers:,} by followers"
    yield "Eventual reads", f"{answered:,}: {followers}, {stale:,} stale{share}"
    if not stale:
        return
    ages = (("p50", 50), ("p99", 99), ("max", 100))
    told = "  ".join(f"{name} {(found.age_us(part) or 0) / 1000:,.1f} ms" for name, part in ages)
    yield "", f"{told}  out of date"


def index_lag_in_words(found: IndexLag) -> Iterator[tuple[str, str]]:
    """Tell how many entries global indexes took, and how late they were."""
    yield "Index entries", f"{len(found.lags_us):,} taken by global indexes"
    if found.lags_us:
        ages = (("p50", 50), ("p99", 99), ("max", 100))
        told = "  ".join(f"{name} {(found.at_us(part) or 0) / 1000:,.1f} ms" for name, part in ages)
        yield "", f"{told}  after their items"


def draw_marks(console: Console, marks: Mapping[str, int]) -> None:
    """Draw what happened inside that outcomes and reasons do not tell."""
    seen = [mark for mark in MARKS_SHOWN if marks.get(mark)]
    if not seen:
        return
    section(console, "What happened inside")
    console.print(mark_grid(console, [(f"{marks[mark]:,}", mark, "") for mark in seen]))


def mark_grid(console: Console, rows: Iterable[tuple[str, str, str]]) -> Table:
    """Lay out counts, marks and styles, and what each mark means.

    That stands beside its name where there is room, and else below it.
    """
    is_wide = console.width >= MARKS_WIDTH
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", min_width=5)
    grid.add_column(no_wrap=is_wide, overflow="fold")
    grid.add_column(overflow="fold")
    for count, mark, style in rows:
        meaning = Text(EVENTS[mark], style="dim")
        if is_wide:
            grid.add_row(count, mark, meaning, style=style)
        else:
            grid.add_row(count, mark, style=style)
            grid.add_row("", meaning)
    return grid


def draw_checks(console: Console, result: Result) -> None:
    checks = listed(result.checks)
    if result.ok:
        section(console, "Every check holds", "bold green")
        console.print(Padding(Text(checks), (0, 0, 0, 2)))
        return
    count = len(result.findings)
    found = "1 finding" if count == 1 else f"{count:,} findings"
    section(console, f"{found}: not every check holds", "bold red")
    console.print(Padding(Text(f"checked: {checks}", style="dim"), (0, 0, 0, 2)))
    seen: Counter[tuple[str, str]] = Counter()
    for n, finding in enumerate(result.findings, 1):
        kind = finding.checker, finding.kind
        seen[kind] += 1
        if seen[kind] <= OF_A_KIND_MAX:
            draw_finding(console, n, finding)
    for (checker, name), many in seen.items():
        if many > OF_A_KIND_MAX:
            more = f"     … and {many - OF_A_KIND_MAX} more of {checker}: {name}"
            console.print(Text(more, style="dim"))


def draw_finding(console: Console, n: int, finding: Finding) -> None:
    console.print(Text(f"  {n}  {finding.checker}: {finding.kind}", style="red"))
    console.print(Padding(Text(finding.explanation), (0, 0, 0, 5)))
    draw_meaning(console, finding)
    if finding.transactions:
        about = Text(f"about: {listed(finding.transactions)}", style="dim")
        console.print(Padding(about, (0, 0, 0, 5)))


def draw_meaning(console: Console, finding: Finding) -> None:
    """Draw what a finding is called, what it refutes, and what may still hold."""
    words = []
    if finding.anomaly and finding.anomaly != finding.kind:
        words.append(f"anomaly: {finding.anomaly}")
    if finding.refutes:
        words.append(f"refutes: {listed(finding.refutes)}")
    if finding.possible:
        words.append(f"still possible: {listed(finding.possible)}")
    if words:
        console.print(Padding(Text("; ".join(words), style="bold"), (0, 0, 0, 5)))
