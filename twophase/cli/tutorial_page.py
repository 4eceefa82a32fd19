"""A tutorial's page as steps: which server to start, what to ask it, and what to expect.

The page is for people first: whoever reads it copies the same commands.  `docs/tutorial.md` says
at its end how such a page is written.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, TypeAlias

from items.data import data
from twophase.cli.errors import BadInputError

ANYTHING = "…"  # In an answer: whatever comes there.
UNTIL = "<!-- until -->"
SERVER = ["twophase", "serve"]
RUNS = ("bash", "python")
ANSWERS = ("json", "text")
BLOCKS = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^## +(.*)$", re.MULTILINE)

Json: TypeAlias = Any


@data
class Heading:
    text: str


@data
class Start:
    """Start a server, in place of the one before."""

    line: int
    options: tuple[str, ...]


@data
class Ask:
    """Run a command or a program, and compare its answer."""

    line: int
    language: str  # One of RUNS.
    text: str
    expected: str  # Empty: nothing may be printed.
    is_json: bool
    is_awaited: bool  # Ask until the answer is the expected one.

    @property
    def words(self) -> list[str]:
        """The words of a command, as a shell reads them."""
        return shlex.split(self.text.replace("\\\n", " "))


Step: TypeAlias = Heading | Start | Ask


def steps_of(page: str) -> list[Step]:
    """Read all steps of a page, in its order.

    Raises:
        BadInputError: A block cannot be run.
    """
    blocks = list(BLOCKS.finditer(page))
    places: list[tuple[int, Step]] = []
    for n, block in enumerate(blocks):
        if block[1] in RUNS:
            answer = blocks[n + 1] if n + 1 < len(blocks) else None
            places.append((block.start(), ask_of(page, block, answer)))
        elif block[1] == "sh":
            places += [(block.start(), start) for start in starts_of(page, block)]
    for heading in HEADING.finditer(BLOCKS.sub(blank, page)):
        places.append((heading.start(), Heading(heading[1])))
    steps = [step for _, step in sorted(places, key=lambda place: place[0])]
    first = next((step for step in steps if not isinstance(step, Heading)), None)
    if not isinstance(first, Start):
        raise BadInputError(
            "the page starts no server: a block marked sh with `twophase serve` has to come first"
        )
    return [step for step, after in pairwise([*steps, Heading("")]) if leads(step, after)]


def leads(step: Step, after: Step) -> bool:
    """Leave out the heading of a section in which nothing is run."""
    return not (isinstance(step, Heading) and isinstance(after, Heading))


def blank(block: re.Match[str]) -> str:
    """Keep a block's place, so that what comes after it keeps its own."""
    return " " * len(block[0])


def ask_of(page: str, block: re.Match[str], following: re.Match[str] | None) -> Ask:
    """Read a command with its answer: the next block, if nothing stands between the two."""
    line = line_of(page, block)
    expected, is_json = "", False
    if following is not None and following[1] in ANSWERS:
        between = page[block.end() : following.start()]
        if not between.strip():
            expected, is_json = following[2].strip(), following[1] == "json"
    is_awaited = page[: block.start()].endswith(f"{UNTIL}\n")
    ask = Ask(line, block[1], block[2].strip(), expected, is_json, is_awaited)
    refuse_what_cannot_be_run(ask)
    return ask


def refuse_what_cannot_be_run(ask: Ask) -> None:
    try:
        program = ask.words[:1] if ask.language == "bash" else ["aws"]
    except ValueError as error:
        raise BadInputError(f"line {ask.line}: no command: {str(error).lower()}") from error
    if program != ["aws"]:
        raise BadInputError(f"line {ask.line}: a block marked bash is one `aws` command")
    if ask.is_json:
        try:
            json.loads(ask.expected)
        except ValueError as error:
            raise BadInputError(f"line {ask.line}: its answer is no JSON: {error}") from error


def starts_of(page: str, block: re.Match[str]) -> Iterator[Start]:
    """Find the servers that a block of `sh` starts; all else in it is for people."""
    for number, line in enumerate(block[2].splitlines(), line_of(page, block)):
        words = shlex.split(line, comments=True)
        if words[:2] == SERVER:
            yield Start(number, tuple(words[2:]))


def line_of(page: str, block: re.Match[str]) -> int:
    """Return the line at which a block's text begins."""
    return page.count("\n", 0, block.start()) + 2


# Answers -----------------------------------------------------------------------------------------


def filled(expected: Json, answer: Json) -> Json:
    """Put what came in the place of every `…`: the rest has to be the same."""
    if expected == ANYTHING:
        return answer
    if isinstance(expected, list) and isinstance(answer, list) and len(expected) == len(answer):
        return [filled(one, other) for one, other in zip(expected, answer, strict=True)]
    if isinstance(expected, dict) and isinstance(answer, dict):
        return filled_object(expected, answer)
    return expected


def filled_object(expected: Mapping[str, Json], answer: Mapping[str, Json]) -> dict[str, Json]:
    """Fill an object, in the order of what came, so that a difference shows no other order."""
    more = expected.get(ANYTHING) == ANYTHING
    members = {
        name: filled(expected[name], value) if name in expected else value
        for name, value in answer.items()
        if name in expected or more
    }
    lacking = {name: value for name, value in expected.items() if name not in (*answer, ANYTHING)}
    return {**members, **lacking}
