"""A failure's file wherever a scenario can stand: its rule stays broken, and it stays as it is."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sim.scenario import FILE_LENGTH_MAX
from twophase.cli.errors import BAD_INPUT, FINDING
from twophase.cli.main import main

RULE = "second-rounds-ignore-the-ongoing"
FAILURE = f"""
[workload]
name = "listed"
clients = 2
there = "a=0 d=0"
requests = "k1: write update(a, 1) update(d, 1)\\nk2: at 1ms read a d"
[cluster]
partitions = 2
[failure]
seed = 14
mutant = "{RULE}"
"""


def twophase(*words: str) -> Result:
    return CliRunner().invoke(main, words)


@pytest.fixture
def failure(tmp_path: Path) -> str:
    path = tmp_path / "failure.toml"
    path.write_text(FAILURE)
    return str(path)


def test_a_sweep_breaks_the_rule_of_the_failure(tmp_path: Path) -> None:
    path = str(tmp_path / "failure.toml")
    words = ("bank", "--set", "workload.transactions=10", "--mutant", "conditions-are-not-judged")
    assert twophase("simulate", *words, "--failure", path).exit_code == FINDING
    sweep = ("sweep", path, "--seeds", "1", "--jobs", "1", "--json")

    broken, whole = twophase(*sweep), twophase(*sweep, "--mutant", "none")

    assert json.loads(broken.stdout)["findings"]
    assert json.loads(whole.stdout)["findings"] == []


def test_steps_break_the_rule_of_the_failure_and_take_its_seed(failure: str) -> None:
    words = ("steps", failure, "--no-pairs", "--jobs", "1", "--json")

    broken, whole = twophase(*words), twophase(*words, "--mutant", "none")

    cell = json.loads(broken.stdout)["rows"][0]["cells"][0]
    assert " --seed 14 --set " in cell["command"]
    assert cell["command"].endswith(f" --mutant {RULE}")
    cell = json.loads(whole.stdout)["rows"][0]["cells"][0]
    assert " --seed 14 --set " in cell["command"]
    assert cell["command"].endswith(" --mutant none")
    assert json.loads(whole.stdout)["ok"]


def test_a_run_without_the_rule_of_the_failure_is_replayed_without_it(failure: str) -> None:
    result = twophase("simulate", failure, "--mutant", "none", "--json")

    assert json.loads(result.stdout)["replay"].endswith("--seed 14 --mutant none")


def test_a_failure_that_was_cut_says_what_is_not_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "cut.toml"
    path.write_text(FAILURE.replace("clients = 2", "clients = 2\ntransactions = 1"))

    result = twophase("simulate", str(path))

    said = " ".join(result.stdout.split())
    assert "1 transaction of the 2 that are listed: workload.transactions says so" in said


def test_a_walk_breaks_the_rule_of_the_failure(failure: str) -> None:
    broken, whole = twophase("explore", failure), twophase("explore", failure, "--mutant", "none")

    assert (broken.exit_code, whole.exit_code) == (FINDING, 0)


@pytest.mark.parametrize(
    "words",
    [
        ("simulate", "--trace"),
        ("simulate", "--history"),
        ("simulate", "--failure"),
        ("simulate", "--report"),
        ("shrink", "--output"),
        ("shrink", "--script"),
        ("explore", "--scenario"),
        ("sweep", "--seeds", "0:1", "--csv"),
    ],
    ids=" ".join,
)
def test_what_is_run_is_not_written_over(failure: str, words: tuple[str, ...]) -> None:
    command, *options = words
    result = twophase(command, failure, *options, failure)

    assert result.exit_code == BAD_INPUT
    assert f"{words[-1]} names the run itself" in result.stderr
    assert Path(failure).read_text() == FAILURE


@pytest.mark.parametrize(
    "words",
    [("simulate", "--failure"), ("shrink", "--output"), ("explore", "--scenario")],
    ids=" ".join,
)
def test_a_name_that_no_command_would_read_is_not_written(
    failure: str, tmp_path: Path, words: tuple[str, ...]
) -> None:
    command, option = words
    result = twophase(command, failure, option, str(tmp_path / "short"))

    assert result.exit_code == BAD_INPUT
    assert f"{option} writes a scenario, and the name of one ends in .toml" in result.stderr
    assert not (tmp_path / "short").exists()


@pytest.mark.parametrize("command", ["replay", "report", "explore", "shrink", "diff", "simulate"])
@pytest.mark.parametrize("ending", ["", ".toml"])
def test_a_name_that_is_too_long_for_a_file_is_refused(command: str, ending: str) -> None:
    result = twophase(command, "x" * 300 + ending)

    assert result.exit_code == BAD_INPUT, result.output
    assert result.stderr.startswith("twophase: ")


@pytest.mark.parametrize("command", ["simulate", "replay", "sweep", "report", "shrink"])
def test_a_file_that_is_too_long_is_refused_before_it_is_read_to_its_end(
    command: str, tmp_path: Path
) -> None:
    path = tmp_path / "long.toml"
    path.write_text('description = "' + "x" * FILE_LENGTH_MAX)  # Nor is it TOML, further on.

    result = twophase(command, str(path))

    assert result.exit_code == BAD_INPUT, result.output
    assert "is too long: it may have 2,097,152 characters" in result.stderr


def test_a_failure_that_is_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.toml"
    path.write_text("deep = " + "[" * 5_000 + "]" * 5_000)

    result = twophase("replay", str(path))

    assert result.exit_code == BAD_INPUT
    assert "its values are nested too deeply" in result.stderr
