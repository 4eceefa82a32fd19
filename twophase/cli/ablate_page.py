"""The page docs/why-each-rule.md: a section a mechanism, with the shortest story without it."""

from collections.abc import Iterator

from sim.search.ablate.ablation import Ablated
from sim.search.ablate.clients import clients_told
from sim.search.shrink.failure import text_of
from sim.search.shrink.shrink import Shrunk
from twophase.cli.ablate_table import figures, in_words, length, mean, no_effect, what_breaks

ABOUT = (
    "# Why each rule",
    "",
    "Every mechanism of the protocol, what it is for, and what breaks without it, with the shortest"
    " story found.",
    "This page is made by `twophase ablate --markdown`; a portfolio of small and crowded worlds in"
    " trouble looked for what breaks, and knew nothing of what was missing"
    " ([the hunt](bug-zoo.md)).",
    "A story is a scenario: save it as `story.toml`, and `twophase simulate story.toml --story`"
    " draws it, message by message.",
    "",
    "| without | § | found in | seeds to it (95 %) | what is found | story |",
    "|---|---|---|---|---|---|",
)
NOTE = (
    "",
    "'Seeds to it' is how many runs it takes on the average, with the interval that holds with"
    " 95 %.",
    "A story is so many transactions (t), choices that differ from a calm world (c) and messages"
    " (m).",
    "Most checks look inside as well, at disks, LSNs and timestamps, and a story ends where the"
    " first of them objects: often before any client could tell, or where none ever would.",
    "So what is counted here is how soon a check sees that the rule is gone, and each story says"
    " whether its clients' answers alone show it.",
)


def page(found: tuple[Ablated, ...], *, is_interrupted: bool) -> str:
    """Write the page."""
    lines = [*ABOUT, *map(row, found), *NOTE]
    if is_interrupted:
        left = sum(not one.is_finished for one in found)
        lines += [
            f"This one was interrupted: {left} of {len(found)} mechanisms were not hunted to the"
            " end."
        ]
    for one in found:
        lines += ["", *section(one)]
    return "\n".join(lines) + "\n"


def row(ablated: Ablated) -> str:
    mechanism, hunted = ablated.mechanism, ablated.hunted
    link = f"[{mechanism.name}](#{mechanism.name})"
    breaks = "; ".join(what_breaks(ablated)) or no_effect(ablated)
    story = "" if ablated.shrunk is None else length(ablated.shrunk)
    part = f"{hunted.hits:,} of {hunted.shots:,}"
    return f"| {link} | {mechanism.section} | {part} | {mean(ablated)} | {breaks} | {story} |"


def section(ablated: Ablated) -> Iterator[str]:
    """Write a mechanism: its rule, what breaks without it, the story, the command."""
    mechanism = ablated.mechanism
    yield f"## {mechanism.name}"
    yield ""
    yield f"**{mechanism.rule}** ({mechanism.section})"
    yield mechanism.purpose
    yield ""
    yield f"Without it: {lower(mechanism.taken_away().sentence)}"
    yield figures(ablated)
    yield ""
    if ablated.shrunk is not None:
        yield from story(ablated.shrunk)
    yield "```sh"
    yield f".venv/bin/twophase ablate {mechanism.name}"
    yield mechanism.taken_away().replay.replace("twophase", ".venv/bin/twophase", 1)
    yield "```"


def story(shrunk: Shrunk) -> Iterator[str]:
    yield f"The shortest story: {in_words(shrunk)}."
    yield ""
    yield from (f"{n}. {sentence}" for n, sentence in enumerate(shrunk.sentences, 1))
    yield ""
    yield clients_told(shrunk.failure)
    yield ""
    yield "```toml"
    yield text_of(shrunk.failure).rstrip("\n")
    yield "```"
    yield ""


def lower(sentence: str) -> str:
    """Begin a sentence in the middle of another one."""
    return f"{sentence[0].lower()}{sentence[1:]}"
