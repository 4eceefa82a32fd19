"""What the pages promise: every link leads somewhere, every path exists, every command parses.

A command is read from the blocks marked `console` (after a `$`) and `sh`.  A block marked `text`
is only shown.
"""

import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.tidy import BELOW, ROOT

COMMAND_LINE = ROOT / "twophase" / "cli" / "main.py"
FOLDERS = {*BELOW, "tests", "docs", "benchmarks", "examples", ".ci"}
FENCE = re.compile(r"^ *```(\w*).*?\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def pages() -> list[Path]:
    alone = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "examples/README.md")]
    return [*alone, *sorted((ROOT / "docs").rglob("*.md"))]


each_page = pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)


# Links.


@each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert [link for link in links(text) if not leads_somewhere(link, page)] == []


def links(text: str) -> list[str]:
    """Find the targets of links and pictures, but for those that lead out of the repository."""
    prose = re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))
    targets = re.findall(r"\]\(<?([^)\s>]+)", prose)
    targets += re.findall(r"^ *\[[^\]]+\]: *(\S+)", prose, re.MULTILINE)
    targets += re.findall(r"""(?:src|href)=["']([^"']+)""", prose)
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def leads_somewhere(link: str, page: Path) -> bool:
    path, _, anchor = link.partition("#")
    target = page.parent / path if path else page
    if not target.exists():
        return False
    return not anchor or target.suffix != ".md" or anchor in anchors(target)


def anchors(page: Path) -> set[str]:
    """Name a page's headings as its links do: lower case, no punctuation, `-` for a space."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ +(.*?) *#*$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# Paths.


@each_page
def test_every_path_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert [path for path in paths(text) if not any(ROOT.glob(path))] == []


def paths(text: str) -> list[str]:
    """Find the files and folders that the prose names in `code`: `items/keys.py:key`, `sim/`."""
    spans = re.findall(r"`([^`\n]+)`", FENCE.sub("", text))
    named = (span.partition(":")[0].rstrip("/") for span in spans if re.fullmatch(r"\S+", span))
    return [path for path in named if "/" in path and path.partition("/")[0] in FOLDERS]


# Commands.


@each_page
def test_every_command_of_a_page_parses(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert [told for words in commands(text) if (told := trouble_with(words))] == []


def test_every_command_that_the_demo_suggests_parses() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    suggested = re.findall(r"\$\(VENV\)/bin/(twophase [^'\n]+)", text)

    assert len(suggested) == 4
    assert [told for line in suggested if (told := trouble_with(shlex.split(line)))] == []


def commands(text: str) -> Iterator[list[str]]:
    """Read the commands of runnable blocks, each as its words."""
    for language, block in FENCE.findall(text):
        if language not in {"console", "sh"}:
            continue
        for line in block.replace("\\\n", " ").splitlines():
            prompt, _, typed = line.strip().partition("$ ")
            if language == "sh" or (not prompt and typed):
                yield from simple_commands(typed if not prompt else line)


def simple_commands(line: str) -> Iterator[list[str]]:
    """Part `A=1 one --x | two > file && three` into its three commands."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.commenters = "#"
    lexer.whitespace_split = True  # A word ends at a blank or a sign of the shell, and at no colon.
    words: list[str] = []
    for word in (*lexer, ";"):
        if set(word) <= set("();<>|&"):
            if words:
                yield words
            # What follows a redirection is a file.
            words = ["file"] if set(word) & set("<>") else []
        elif words or not re.match(r"\w+=", word):
            words.append(word)


def trouble_with(words: list[str]) -> str:
    """Say in one line what is wrong with a command of ours; '' for nothing, or another's."""
    program = words[0].rpartition("/")[2]
    if program == "make":
        return next((f"make {name}: no such target" for name in unknown_targets(words[1:])), "")
    if program != "twophase" or not COMMAND_LINE.exists():
        return ""
    main = importlib.import_module("twophase.cli.main").main
    assert isinstance(main, click.Command), "twophase.cli.main:main is the command"
    return parse(main, words)


def unknown_targets(arguments: list[str]) -> list[str]:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    asked = (argument for argument in arguments if not re.search(r"^-|=", argument))
    return [name for name in asked if name not in targets]


def parse(command: click.Command, words: list[str]) -> str:
    """Ask click about commands, options and missing arguments; nothing is run or converted."""
    shown, arguments = " ".join(words), words[1:]
    context = click.Context(command, info_name=words[0], **command.context_settings)
    try:
        values, arguments, _ = command.make_parser(context).parse_args(list(arguments))
        while isinstance(command, click.Group) and arguments:
            name, found, arguments = command.resolve_command(context, arguments)
            assert found is not None
            command = found
            context = click.Context(command, context, name, **command.context_settings)
            values, arguments, _ = command.make_parser(context).parse_args(list(arguments))
    except click.UsageError as error:
        return f"{shown}: {error.format_message()}"
    if arguments:
        return f"{shown}: unexpected {' '.join(arguments)}"
    given = {name: value for name, value in values.items() if value_was_given(value)}
    told = trouble_with_values(command.get_params(context), given)
    return f"{shown}: {told}" if told else ""


def value_was_given(value: object) -> bool:
    return isinstance(value, str | int | list | tuple) and value != ()


def trouble_with_values(parameters: list[click.Parameter], given: dict[str, object]) -> str:
    if any(parameter.is_eager and parameter.name in given for parameter in parameters):
        return ""  # `--help` and `--version` ask for nothing else.
    for parameter in parameters:
        value = given.get(parameter.name or "")
        if parameter.required and value is None:
            return f"{parameter.human_readable_name} is missing"
        choices = parameter.type.choices if isinstance(parameter.type, click.Choice) else None
        if choices is not None and isinstance(value, str) and value not in choices:
            return f"{value} is none of {', '.join(map(str, choices))}"
    return ""


# That these checks can say no.


def test_a_lost_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A tour: *part* 1\n\n[here](#a-tour-part-1) ![no](b.png)\n[n]: c.md#x\n")

    assert links(page.read_text()) == ["#a-tour-part-1", "b.png", "c.md#x"]
    assert leads_somewhere("#a-tour-part-1", page)
    assert leads_somewhere("page.md", page)
    assert not leads_somewhere("#a-tour", page)
    assert not leads_somewhere("b.png", page)
    assert not leads_somewhere("c.md#x", page)


def test_links_out_and_links_in_code_are_left_alone() -> None:
    assert links("[a](https://example.org) `[b](c)`\n```text\n[d](e)\n```\n") == []


def test_paths_are_found_in_code_only() -> None:
    text = "`sim/run.py:run` and `tests/`, `docs/*.md`; sim/prose `a/b` `make test`\n"

    assert paths(text + "```sh\n`sim/block`\n```\n") == ["sim/run.py", "docs/*.md"]


def test_commands_are_read_from_runnable_blocks() -> None:
    text = """
```console
$ make demo
prints this
$ twophase simulate bank \\
    --seed 11
```
```sh
# A comment.
SEED=1 .venv/bin/twophase simulate 'a b' | less > out && make test  # Another.
```
```text
twophase nonsense
```
"""

    assert list(commands(text)) == [
        ["make", "demo"],
        ["twophase", "simulate", "bank", "--seed", "11"],
        [".venv/bin/twophase", "simulate", "a b"],
        ["less"],
        ["file", "out"],
        ["make", "test"],
    ]


@click.group()
@click.option("--quiet", is_flag=True)
@click.version_option("1")
def example() -> None: ...


@example.command()
@click.argument("scenario")
@click.option("--seed", type=int)
@click.option("--format", type=click.Choice(["text", "svg"]))
def simulate(scenario: str, seed: int, format: str) -> None: ...  # noqa: A002 - As people type it.


@pytest.mark.parametrize(
    "line",
    [
        "twophase",
        "twophase --version",
        "twophase --quiet simulate bank --seed 11",
        "twophase simulate --help",
        "twophase simulate bank --format=svg",
    ],
)
def test_a_command_that_exists_parses(line: str) -> None:
    assert parse(example, line.split()) == ""


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("twophase simulat bank", "No such command"),
        ("twophase simulate bank --sed 11", "No such option"),
        ("twophase simulate bank --seed", "requires an argument"),
        ("twophase simulate", "SCENARIO is missing"),
        ("twophase simulate bank orders", "unexpected orders"),
        ("twophase simulate bank --format png", "png is none of text, svg"),
        ("twophase --loud simulate bank", "No such option"),
    ],
)
def test_a_command_that_does_not_exist_is_found(line: str, complaint: str) -> None:
    assert complaint in parse(example, line.split())


def test_a_target_that_does_not_exist_is_found() -> None:
    assert trouble_with(["make", "demo", "PYTHON=python3.12"]) == ""
    assert "no such target" in trouble_with(["make", "coffee"])
