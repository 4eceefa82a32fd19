"""`twophase steps`: the table it prints, the cells it tells, and what it refuses."""

import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sim.faults.steps import parse
from sim.scenario import load
from sim.search.shrink.scenario_file import written
from sim.search.steps import table as tables
from sim.search.steps.cells import Cell
from sim.search.steps.table import Undisturbed, undisturbed
from tests.sim.search.steps.test_steps import Alone
from twophase.cli import steps as command
from twophase.cli.main import main


def twophase(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "140"}).invoke(main, list(words))


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No processes: all runs are made here."""
    monkeypatch.setattr(command, "open_pool", lambda _where, _jobs: Alone())


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the cells of the first two messages and of one write."""

    def some(*asked: object) -> Undisturbed:
        whole = undisturbed(*asked)  # type: ignore[arg-type]  # As it was asked.
        return Undisturbed(whole.verdict, whole.occasions, tuple(filter(is_one, whole.cells)))

    def is_one(cell: Cell) -> bool:
        return cell.row in (1, 2) or (cell.occasion.is_write and cell.row < 10)

    monkeypatch.setattr(command, "undisturbed", some)


@pytest.mark.usefixtures("few")
def test_the_table_has_a_row_an_occasion_and_a_column_a_fault() -> None:
    result = twophase("steps", "--no-pairs")

    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert any(line.startswith(" 1  k1 → r1  TransactWriteItems") for line in lines)
    assert any("a  lost" in line and "c  late" in line for line in lines)
    assert any("p  lost" in line and "q  torn" in line for line in lines)
    assert "Every check of all" in result.stdout
    assert "twophase steps one-transaction --cell 3a" in result.stdout


@pytest.mark.usefixtures("few")
def test_json_has_every_cell_with_a_command_that_does_the_same_run() -> None:
    result = twophase("steps", "--no-pairs", "--json")

    document = json.loads(result.stdout)
    assert document["ok"]
    cells = [cell for row in document["rows"] for cell in row["cells"]]
    assert document["runs"] == 1 + len(cells)
    first = cells[0]
    assert first["cell"] == "1a"
    words = shlex.split(first["command"])
    again = json.loads(twophase(*words[1:], "--json").stdout)
    assert again["ok"]
    assert again["transactions"]["committed"] == 1
    assert first["requests"][0]["told"] == "committed"
    assert first["requests"][0]["client"] == "k1"
    assert first["requests"][0]["call"].startswith("k1/")


@pytest.mark.usefixtures("few")
def test_of_several_requests_it_is_said_whose_is_whose() -> None:
    lines = twophase("steps", "two-that-conflict", "--no-pairs").stdout.splitlines()

    outcomes = [line for line in lines if "; " in line and " told " in line]
    assert len(outcomes) == len({line.split("  ", 1)[1] for line in outcomes}) > 1
    for line in outcomes:
        first, second = line.split("; ")
        assert " k1 told " in first
        assert second.startswith("k2 told ")
    assert "   ✓ ✗  one for each request, in the order of clients: k1, k2" in lines
    assert "in the order of clients" not in twophase("steps", "--no-pairs").stdout


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("columns", ["80", "140"])
def test_each_request_has_a_line_of_its_own_in_a_cell(columns: str) -> None:
    words = ["steps", "two-that-conflict", "--no-pairs"]
    lines = CliRunner(env={"COLUMNS": columns}).invoke(main, words).stdout.splitlines()

    (first,) = [n for n, line in enumerate(lines) if line.startswith(" 1 ")]
    assert "k1 → r1  TransactWriteItems" in lines[first]
    for line in lines[first : first + 2]:  # Both have ends of a, b, c, f and g.
        assert sum(line.count(mark) for mark in "✓✗") == 5


@pytest.mark.usefixtures("few")
def test_a_broken_rule_ends_with_exit_code_1_and_names_cells_that_show_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(command, "undisturbed", tables.undisturbed)

    result = twophase("steps", "--no-pairs", "--mutant", "replies-precede-their-changes")

    assert result.exit_code == 1
    assert "FINDING" in result.stdout
    assert "--mutant replies-precede-their-changes --cell" in result.stdout


def test_a_cell_is_told_as_a_story_with_its_step_and_its_command() -> None:
    result = twophase("steps", "--cell", "3a")

    assert result.exit_code == 0, result.output
    assert "lose c1>l1 #1" in result.stdout
    assert "twophase simulate one-transaction --set" in result.stdout
    assert "again: " in result.stdout  # The question that was lost.


def test_a_cell_comes_beside_the_steps_of_the_scenario_itself(tmp_path: Path) -> None:
    path, own = tmp_path / "own.toml", parse("lose c1>p1 #1")
    path.write_text(written(replace(load("one-transaction"), steps=(own,)), None), encoding="utf-8")

    document = json.loads(twophase("steps", str(path), "--cell", "3a", "--json").stdout)

    assert document["steps"] == [
        {"step": "lose c1>p1 #1", "happened": True},
        {"step": "lose c1>l1 #1", "happened": True},
    ]
    assert 'faults.steps=["lose c1>p1 #1", "lose c1>l1 #1"]' in document["replay"]


def test_steps_that_are_set_are_said_once_in_a_cells_command() -> None:
    own = ("--set", 'faults.steps=["lose c1>p1 #1"]')

    _, command_said, *_ = twophase("steps", *own, "--cell", "3a").stdout.splitlines()

    assert command_said == shlex.join(
        [
            *("twophase", "simulate", "one-transaction", "--set"),
            'faults.steps=["lose c1>p1 #1", "lose c1>l1 #1"]',
        ]
    )


def test_a_pair_is_told_by_both_of_its_addresses() -> None:
    result = twophase("steps", "--cell", "3a+4a")

    assert result.exit_code == 0, result.output
    assert "lose c1>l1 #1" in result.stdout
    assert "lose r1>c1 #2" in result.stdout


def test_a_pair_may_be_written_in_either_order() -> None:
    upside, down = (twophase("steps", "--cell", pair, "--json") for pair in ("4a+3a", "3a+4a"))

    assert upside.exit_code == 0, upside.output
    assert json.loads(upside.stdout)["digest"] == json.loads(down.stdout)["digest"]


def test_none_is_no_rule_that_is_broken() -> None:
    result = twophase("steps", "--cell", "3a", "--mutant", "none")

    assert result.exit_code == 0, result.output
    assert "--mutant" not in result.stdout


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--cell", "6a"), "no cell 6a: row 6 is a durable write, with the columns p, q, r, s"),
        (("--cell", "1d"), "no cell 1d: row 1 is a message, with the columns a, b, c, f, g"),
        (("--cell", "3f+3f"), "no cell 3f after 3f: row 3 is a message, with the columns g"),
        (("--cell", "x"), "--cell must be an address in the table, as in 3a"),
        (("--cell", "99z"), "there is no cell 99z: they are from 1a to"),
        (("bank", "--set", "workload.transactions=1"), "has no step to put a fault on"),
        (("bank", "--set", "workload.transactions=1", "--cell", "3a"), "has no step to put"),
        (("--mutant", "nobody"), "nobody"),
        (("--jobs", "0"), "--jobs must be a whole number"),
        (("--seed", "-1"), "--seed must be a whole number"),
        (("--set", "cluster.partitions=0"), "cluster.partitions"),
    ],
)
def test_what_is_wrong_is_named(words: tuple[str, ...], why: str) -> None:
    result = twophase("steps", *words)

    assert result.exit_code == 2
    assert why in result.stderr
    assert result.stdout == ""


def test_a_large_world_is_refused() -> None:
    result = twophase("steps", "bank")

    assert result.exit_code == 2
    assert "a step sweep is for small worlds" in result.stderr
