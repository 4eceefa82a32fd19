"""What the pages show: outputs are what the commands print now, tables are what the code says.

A block under `<!-- shows … -->` is part of a real output, and `docs/events.md` is made from the
code as a whole.  `TWOPHASE_REWRITE=1 pytest tests/test_docs_examples.py` writes down what holds
now; read the difference before you commit it.

    <!-- shows first .. last | third -->       of what the `$ twophase` line of the block prints:
                                               from a line with `first` to one with `last`, `…`,
                                               and the next line with `third`
    <!-- shows trace bank: "Commit" "p1" -->   the first line of that scenario's trace (or history)
                                               that has all these words
"""

import ast
import json
import os
import re
import shlex
import tomllib
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner

from network.events import EVENTS, FAULTS, WITNESSED
from sim.keys import KEYS, Value
from sim.mutants.catalogue import GROUPS
from sim.scenario import parse, shipped
from sim.search.cells import COLUMNS
from sim.workloads.registry import WORKLOADS, make
from tests.test_docs import each_page, pages
from tests.tidy import ROOT
from twophase.cli.main import main

REWRITES = os.environ.get("TWOPHASE_REWRITE") == "1"
SCENARIOS = ROOT / "docs" / "scenarios.md"
CHECKS = ROOT / "docs" / "checks.md"
SWEEPS = ROOT / "docs" / "sweep.md"
EVENTS_PAGE = ROOT / "docs" / "events.md"
SHOWN = re.compile(r"<!-- shows (.+?) -->\n```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NUMBERS = {9: "Nine", 11: "Eleven", 18: "Eighteen"}
# What differs from run to run.
TIME = re.compile(r"[\d,]+ a second in [\d.,]+ s|[\d.]+ s real|\"wall_s\": [\d.]+")


# Outputs.


@each_page
def test_what_a_page_shows_is_what_is_printed(page: Path) -> None:
    written = page.read_text(encoding="utf-8")

    real = SHOWN.sub(lambda found: shown_again(found[1], found[2], found[3]), written)

    if REWRITES and TIME.sub("", real) != TIME.sub("", written):
        page.write_text(real, encoding="utf-8")
    elif not REWRITES:
        assert TIME.sub("", real).splitlines() == TIME.sub("", written).splitlines()


def shown_again(what: str, language: str, block: str) -> str:
    """Return a shown block, as it would be written now."""
    if language == "console":
        command = block.splitlines()[0]
        lines = [command, *excerpt(printed(command.removeprefix("$ ")), what)]
    else:
        run, _, words = what.partition(": ")
        kind, scenario = run.split()
        left = left_by(kind, scenario)
        lines = [left[place_of(words.split(), left, 0)]]
    text = "\n".join(lines)
    return f"<!-- shows {what} -->\n```{language}\n{text}\n```"


def excerpt(lines: list[str], what: str) -> list[str]:
    """Take parts of an output; where one is not the next line, `…` stands between."""
    taken: list[str] = []
    place = 0
    for part in what.split(" | "):
        first, _, last = part.partition(" .. ")
        begin = place_of([first], lines, place)
        end = place_of([last], lines, begin + 1) if last else begin
        taken += ["…"] if begin > place else []
        taken += lines[begin : end + 1]
        place = end + 1
    return [*taken, "…"] if place < len(lines) else taken


def place_of(words: list[str], lines: list[str], after: int) -> int:
    """Find the first line from `after` on that has all these words."""
    for place in range(after, len(lines)):
        if all(word in lines[place] for word in words):
            return place
    raise AssertionError(f"no line has {' and '.join(words)}; a `shows` asks for it")


@cache
def printed(command: str) -> list[str]:
    """Run one of our commands, on no terminal."""
    program, *words = shlex.split(command)
    assert Path(program).name == "twophase", f"not one of ours: {command}"
    result = CliRunner(env={"COLUMNS": "80"}).invoke(main, words)
    # A rule that is broken is found; `shrink` and `diff` have done what they were asked for then.
    is_found = "--mutant" in words and words[0] not in ("shrink", "diff")
    assert result.exit_code == (1 if is_found else 0), result.output
    return [line.rstrip() for line in result.stdout.splitlines()]


@cache
def left_by(kind: str, scenario: str) -> list[str]:
    """Return the lines of the file that a run with seed 1 leaves."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "file.jsonl"
        printed(f"twophase simulate {scenario} --{kind} {file}")
        return file.read_text(encoding="utf-8").splitlines()


def test_every_line_of_a_trace_and_a_history_is_json() -> None:
    for kind in ("trace", "history"):
        for line in left_by(kind, "bank"):
            assert isinstance(json.loads(line), dict)


def test_an_excerpt_leaves_out_what_is_not_asked_for() -> None:
    lines = ["a", "b", "c", "d", "e"]

    assert excerpt(lines, "a .. b | d") == ["a", "b", "…", "d", "…"]
    assert excerpt(lines, "b .. e") == ["…", "b", "c", "d", "e"]


# Names in the code.


@each_page
def test_every_name_in_a_file_exists(page: Path) -> None:
    named = re.findall(r"`([\w/]+\.py):([\w.]+)`", page.read_text(encoding="utf-8"))

    assert [f"{path}:{name}" for path, name in named if name not in names_in(path)] == []


@cache
def names_in(path: str) -> set[str]:
    """Name what a file defines: functions, classes and their methods, constants."""
    found = set()
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        found |= names_of(node)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{name}" for inner in node.body for name in names_of(inner)}
    return found


def names_of(node: ast.stmt) -> set[str]:
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return {name}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
        case ast.Assign(targets=targets):
            return {target.id for target in targets if isinstance(target, ast.Name)}
        case _:
            return set()


# Scenarios.


def test_the_example_of_a_scenario_can_be_run() -> None:
    for text in re.findall(r"^```toml\n(.*?)^```", SCENARIOS.read_text(), re.MULTILINE | re.DOTALL):
        scenario = parse(text, "example", {})

        assert scenario.description


def test_every_key_of_a_scenario_is_described() -> None:
    rows = {row[0]: row[1:4] for row in table_rows()}
    right = {}
    for key, (default, least, most) in KEYS.items():
        bounds = ["", ""] if isinstance(default, str | bool) else [shown(least), shown(most)]
        right[key] = [shown(default), *bounds]

    assert {key: row for key, row in rows.items() if key in right} == right


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_key_of_a_workload_is_described_with_its_bounds(name: str) -> None:
    section = (
        SCENARIOS.read_text(encoding="utf-8").partition(f"`{name}`\n")[2].partition("\n###")[0]
    )
    rows = {row[0]: row[1:4] for row in table_rows(section)}
    defaults = WORKLOADS[name].KEYS

    assert {key: row[0] for key, row in rows.items()} == {
        f"workload.{key}": shown(value) for key, value in defaults.items()
    }
    for key, (default, least, most) in rows.items():
        if not default.startswith('"'):
            own = key.removeprefix("workload.")
            step = 0.01 if "." in default else 1
            assert [fits(name, own, end) for end in (least, most)] == [True, True]
            assert not fits(name, own, shown(tomllib.loads(f"a = {least}")["a"] - step))
            assert not fits(name, own, shown(tomllib.loads(f"a = {most}")["a"] + step))


def fits(workload: str, key: str, value: str) -> bool:
    keys: dict[str, Value] = {**WORKLOADS[workload].KEYS, key: tomllib.loads(f"a = {value}")["a"]}
    try:
        make(workload, keys)
    except ValueError:  # The refusal is the answer that is asked for.
        return False
    return True


def test_every_shipped_scenario_has_a_section() -> None:
    text = SCENARIOS.read_text(encoding="utf-8").partition("\n## Those that are shipped\n")[2]
    headings = re.findall(r"^### (\S+)", text, re.MULTILINE)

    assert sorted(headings) == sorted(shipped())


def table_rows(text: str | None = None) -> list[list[str]]:
    """Read the rows of the tables of keys: key, default, least, most."""
    text = SCENARIOS.read_text(encoding="utf-8") if text is None else text
    rows = re.findall(r"^\| `(\w+\.\w+)` \| (.*?) \|$", text, re.MULTILINE)
    return [
        [key, *(cell.strip(" `").replace("_", "") for cell in rest.split("|"))]
        for key, rest in rows
    ]


def shown(value: Value) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, float) and value.is_integer() and abs(value) > 1:
        value = int(value)
    return str(value).lower()


# Checks.


def test_every_check_is_described() -> None:
    """Most are named in one function; those of a run's end, and of regions, are not."""
    source = (ROOT / "sim" / "checkers" / "all.py").read_text(encoding="utf-8")
    made = re.findall(r'"(\w+)"[:,] lambda|checks\["(\w+)"\] =', source)
    names = {"calm", "graph", "replication", "snapshots"} | {one or other for one, other in made}
    text = CHECKS.read_text(encoding="utf-8").partition("\n| check | judges | by |\n")[2]
    rows = re.findall(r"^\| (`.*?) \|", text.partition("\n\n")[0], re.MULTILINE)

    assert sorted(re.findall(r"`(\w+)`", " ".join(rows))) == sorted(names)


# Mutants.


@pytest.mark.parametrize(
    ("page", "group", "what"),
    [
        ("capacity.md", "provisioned tables", "[mutants]"),
        ("indexes.md", "secondary indexes", "[mutants](mutants.md) break one safeguard each"),
        ("streams.md", "streams", "mutants break one rule each"),
    ],
)
def test_a_page_knows_how_many_mutants_its_rules_have(page: str, group: str, what: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")

    assert f"{NUMBERS.get(len(GROUPS[group]))} {what}" in text


# Sweeps.


def test_every_column_of_a_result_file_is_described_in_order() -> None:
    text = SWEEPS.read_text(encoding="utf-8").partition("\n| column | meaning |\n")[2]
    rows = re.findall(r"^\| (`.*?) \|", text.partition("\n\n")[0], re.MULTILINE)

    assert re.findall(r"`(\w+)`", " ".join(rows)) == list(COLUMNS)


# Events.


def test_the_page_of_events_is_what_the_code_says() -> None:
    if REWRITES:
        EVENTS_PAGE.write_text(page_of_events(), encoding="utf-8")

    assert EVENTS_PAGE.read_text(encoding="utf-8") == page_of_events()


def page_of_events() -> str:
    """Write `docs/events.md` from `network.events`."""
    lines = [
        "# Events",
        "",
        "What nodes note about themselves, and what the simulation's witness notes about them.",
        "An event is `noun.happened`; `twophase simulate` counts each one as a *mark*, and a"
        " [trace](trace.md) has it as a line.",
        "A [server](serve.md#look-inside) shows those that nodes note, and no others: a simulation"
        " looks into its nodes, and has the clients as well.",
        "This page is made from `network/events.py` by `tests/test_docs_examples.py`.",
        "",
        "| event | noted by | meaning |",
        "|---|---|---|",
        *(f"| `{event}` | {noted_by(event)} | {meaning} |" for event, meaning in EVENTS.items()),
        "",
        "## Faults",
        "",
        "What a simulation's trace tells of hosts, links and disks ([faults](faults.md)); none of"
        " it is a mark.",
        "",
        "| event | meaning |",
        "|---|---|",
        *(f"| `{event}` | {meaning} |" for event, meaning in FAULTS.items()),
    ]
    return "\n".join(lines) + "\n"


def noted_by(event: str) -> str:
    return "a simulation" if event in WITNESSED else "nodes"


def test_the_pages_are_there() -> None:
    assert {page.name for page in pages()} >= {"README.md", "tour.md", "paper.md", "trace.md"}
