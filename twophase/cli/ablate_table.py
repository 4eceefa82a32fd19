"""What breaks without each mechanism, drawn with rich; and one mechanism with its story."""

from collections.abc import Mapping
from textwrap import wrap

from rich.console import Console
from rich.padding import Padding
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table as Grid
from rich.text import Text

from sim.counted import counted
from sim.search.ablate.ablation import Ablated
from sim.search.ablate.clients import clients_told
from sim.search.hunt.hunted import UNTRIED
from sim.search.shrink.failure import text_of
from sim.search.shrink.shrink import Shrunk
from twophase.cli.drawing import drawing, section
from twophase.cli.progress import PatientBar

WIDTH_MAX = 140
NAME_NARROW = 15
FIGURES = ("found", "first", "CPU s", "mean (95 %)")
# What is shown from so many columns on: what breaks without a mechanism is to have room beside it.
SHOWN = (
    (110, ("§", *FIGURES, "story")),
    (76, ("§", "found", "mean (95 %)", "story")),
    (58, ("§", "found", "story")),
    (0, ("found",)),
)
EXAMPLE = "twophase ablate timestamp-test"
INTERRUPTED = Text("interrupted: this is what was known by then", style="yellow")


def show(found: tuple[Ablated, ...], *, is_interrupted: bool) -> None:
    """Draw all mechanisms on standard output, a row each."""
    with drawing(WIDTH_MAX) as console:
        heads = heads_for(found, console.width)
        console.print(rows(found, heads))
        console.print()
        legend = "  A story has transactions (t), choices (c) and messages (m)."
        console.print(Text(in_all(found) + (legend if "story" in heads else "")))
        console.print(Text.assemble("The rule, and the shortest story of one:  ", EXAMPLE))
        if is_interrupted:
            console.print(INTERRUPTED)


def heads_for(found: tuple[Ablated, ...], width: int) -> tuple[str, ...]:
    """Say which columns so much room allows, beside the name and what is found."""
    heads = next(heads for least, heads in SHOWN if width >= least)
    has_stories = any(one.shrunk is not None for one in found)
    return tuple(head for head in heads if head != "story" or has_stories)


def rows(found: tuple[Ablated, ...], heads: tuple[str, ...]) -> Grid:
    """Draw a row a mechanism; nothing is cut off, a name least of all: it is to be typed."""
    grid = Grid(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    grid.add_column("without", no_wrap=True)
    before = [head for head in heads if head != "story"]
    for head in before:
        grid.add_column(head, justify="right" if head in FIGURES else "left", no_wrap=True)
    grid.add_column("what is found", ratio=1, overflow="fold")
    if "story" in heads:
        grid.add_column("story", no_wrap=True)
    is_narrow = heads_for(found, WIDTH_MAX) != heads
    for one in found:
        name = one.mechanism.name
        if is_narrow:
            name = "\n".join(wrap(name, NAME_NARROW))  # At its hyphens.
        told = cells(one)
        after = [told["story"]] if "story" in heads else []
        grid.add_row(name, *(told[head] for head in before), breaks(one), *after)
    return grid


def cells(ablated: Ablated) -> Mapping[str, str]:
    """Give the figures of one mechanism, and how long the shortest story is."""
    hunted = ablated.hunted
    told = dict.fromkeys((*FIGURES, "story"), "")
    told |= {"§": ablated.mechanism.section[1:], "found": f"{hunted.hits:,}/{hunted.shots:,}"}
    if not hunted.found:
        return told
    told |= {"first": f"{hunted.seeds:,}", "CPU s": f"{hunted.seconds:.1f}"}
    told["mean (95 %)"] = mean(ablated)
    return told if ablated.shrunk is None else {**told, "story": length(ablated.shrunk)}


def breaks(ablated: Ablated) -> Text:
    """Say what breaks."""
    if ablated.hunted.found:
        return Text(", ".join(what_breaks(ablated)), style="red")
    return Text(no_effect(ablated), style="green" if ablated.is_finished else "yellow")


def mean(ablated: Ablated) -> str:
    found = ablated.hunted.mean
    return "" if found is None else f"{found.seeds:.1f} ({found.least:.1f}-{found.most:.1f})"


def what_breaks(ablated: Ablated) -> list[str]:
    """Name what was found: by the shortest story, else by the first finding."""
    leading = ablated.hunted.kind if ablated.shrunk is None else ablated.shrunk.failure.leading
    return [] if leading is None else [f"{leading[0]}: {leading[1]}"]


def length(shrunk: Shrunk) -> str:
    """Write how long a story is, as in 2t 1c 26m."""
    return f"{shrunk.transactions}t {shrunk.choices}c {shrunk.events}m"


def no_effect(ablated: Ablated) -> str:
    shots = ablated.hunted.shots
    if not shots:
        return UNTRIED
    if not ablated.is_finished:
        return f"not found so far, in {counted(shots, 'seed')}: p < {ablated.bound}"
    return f"no effect in {shots:,} seeds: p < {ablated.bound}"


def in_all(found: tuple[Ablated, ...]) -> str:
    """Count what is certain: an interrupted hunt says nothing of those it had not done with."""
    finished = [one for one in found if one.is_finished]
    if not finished:
        return "No mechanism was hunted to the end: none counts."
    broken, left = sum(one.hunted.found for one in finished), len(found) - len(finished)
    text = f"{broken} of {len(finished)} mechanisms are missed by some check when they are gone."
    if left:
        text += f"  {left} more were not hunted to the end, and do not count."
    return text


# One mechanism -----------------------------------------------------------------------------------


def show_one(ablated: Ablated, *, is_interrupted: bool) -> None:
    """Draw one mechanism: its rule, what breaks without it, and the shortest story."""
    mechanism = ablated.mechanism
    with drawing(WIDTH_MAX) as console:
        console.print(Text.assemble((mechanism.name, "bold"), f"  {mechanism.section}"))
        console.print(Text(mechanism.rule))
        console.print(Text(mechanism.purpose, style="dim"))
        section(console, "Without it")
        console.print(Text(mechanism.taken_away().sentence))
        console.print(Text(figures(ablated)))
        if ablated.shrunk is not None:
            draw_story(console, ablated.shrunk)
        if is_interrupted:
            console.print(INTERRUPTED)


def figures(ablated: Ablated) -> str:
    """Say in a sentence or two what came of it."""
    hunted = ablated.hunted
    if not hunted.shots:
        return "No run was made without it: nothing is known."
    if not hunted.found:
        text = f"{no_effect(ablated)} (95 %) that one shows it."
        why = ablated.mechanism.taken_away().why
        return f"{text[0].upper()}{text[1:]}" + (f"  {why}" if why else "")
    found = f"Found in {hunted.hits:,} of {hunted.shots:,} runs"
    first = f"first by seed {hunted.seeds:,} after {hunted.seconds:.1f} s of CPU time"
    return f"{found}, {first}; one in {mean(ablated)} shows it."


def draw_story(console: Console, shrunk: Shrunk) -> None:
    title = f"The shortest story: {in_words(shrunk)}"
    section(console, title)
    for sentence in shrunk.sentences:
        console.print(Padding(Text(sentence), (0, 0, 0, 2)))
    console.print(Padding(Text(clients_told(shrunk.failure), style="dim"), (0, 0, 0, 2)))
    section(console, "As a scenario, for twophase simulate")
    for line in text_of(shrunk.failure).splitlines():
        console.print(Text(f"  {line}", style="dim"), soft_wrap=True)


def in_words(shrunk: Shrunk) -> str:
    """Say how long a story is."""
    parts = (
        counted(shrunk.transactions, "transaction"),
        counted(shrunk.choices, "choice"),
        counted(shrunk.events, "message"),
    )
    return ", ".join(parts)


class StagesBar(PatientBar):
    """Shows how much is done of each stage: of the runs, then of the stories."""

    def __init__(self) -> None:
        text = TextColumn("{task.description}")
        super().__init__(text, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._stages: dict[str, TaskID] = {}

    def show(self, what: str, done: int, total: int) -> None:
        """Take how far a stage has come; a `sim.search.ablate.ablation.Progress`."""
        if self.is_shown():
            if what not in self._stages:
                self._stages[what] = self._bar.add_task(what)
            self._bar.update(self._stages[what], completed=done, total=total)
