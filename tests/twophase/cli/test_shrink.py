"""`twophase shrink`, `replay` and `simulate --failure`: what they write, print and refuse."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sim.scenario import load
from sim.script import rewrite
from tests.tidy import ROOT
from twophase.cli.main import main

MUTANT = "conditions-are-not-judged"
SMALL = ("bank", "--set", "workload.transactions=10", "--mutant", MUTANT)


def twophase(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def as_json(*words: str) -> dict[str, Any]:
    result = twophase(*words, "--json")
    assert result.exit_code in (0, 1), result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A failure's file, as `simulate` writes it."""
    path = tmp_path_factory.mktemp("failed") / "failed.toml"
    assert twophase("simulate", *SMALL, "--failure", str(path)).exit_code == 1
    return path


@pytest.fixture(scope="module")
def story(failed: Path) -> Path:
    """The same failure, made short."""
    path = failed.with_name("story.toml")
    assert twophase("shrink", str(failed), "-o", str(path)).exit_code == 0
    return path


# A failure's file --------------------------------------------------------------------------------


def test_a_failures_file_brings_its_seed_and_its_mutant_along(failed: Path) -> None:
    first = as_json("simulate", *SMALL)
    again = as_json("simulate", str(failed))

    assert again["digest"] == first["digest"]
    assert (again["seed"], again["mutant"]) == (first["seed"], MUTANT)
    assert twophase("simulate", str(failed)).stdout.count("Broken on purpose") == 1


def test_seed_and_mutant_of_the_command_line_go_before_the_files(failed: Path) -> None:
    assert as_json("simulate", str(failed), "--seed", "5")["seed"] == 5
    unbroken = as_json("simulate", str(failed), "--mutant", "none")
    assert "mutant" not in unbroken
    assert unbroken["ok"]


def test_nothing_is_written_of_a_run_that_holds(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    result = twophase("simulate", *SMALL[:3], "--failure", str(path))

    assert result.exit_code == 0
    assert "nothing is written" in result.stderr
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_is_refused_before_the_run(tmp_path: Path) -> None:
    result = twophase("simulate", *SMALL, "--failure", str(tmp_path))

    assert result.exit_code == 2
    assert "it is a directory" in result.stderr


# Shrinking ---------------------------------------------------------------------------------------


def test_the_short_scenario_is_run_as_it_is(failed: Path, story: Path) -> None:
    document = as_json("simulate", str(story))

    assert document["mutant"] == MUTANT
    assert {one["kind"] for one in document["findings"]} & {"data differ", "order refuted"}
    assert sum(document["transactions"].values()) <= 2
    assert len(story.read_text(encoding="utf-8").splitlines()) < 40


def test_what_is_written_has_the_story_in_front(story: Path) -> None:
    first = story.read_text(encoding="utf-8").splitlines()[0]

    assert first.startswith("# At 0.0 ms k1 asks for a write transaction")


def test_the_same_failure_has_the_same_story_with_or_without_a_file(story: Path) -> None:
    document = as_json("shrink", *SMALL)

    written = [
        line for line in document["short"]["scenario"].splitlines() if "made short" not in line
    ]
    there = [
        line for line in story.read_text(encoding="utf-8").splitlines() if "made short" not in line
    ]
    assert written == there
    assert document["is_told"]
    assert document["transactions"] <= 2
    assert len(document["steps"]) == document["choices"]


def test_a_page_tells_the_story_and_shows_the_scenario(failed: Path) -> None:
    result = twophase("shrink", str(failed))

    assert result.exit_code == 0
    for said in ("The story", "The scenario", 'name = "listed"', "made short", "-o story.toml"):
        assert said in result.stdout


def test_a_golden_script_is_written_where_it_is_asked_for(failed: Path, tmp_path: Path) -> None:
    path = tmp_path / "failed.txt"
    document = as_json("shrink", str(failed), "--script", str(path))

    assert document["script"] == {"path": str(path), "why_not": None, "shows": "same"}
    written = path.read_text(encoding="utf-8")
    assert MUTANT in written.splitlines()[0]
    assert rewrite(written) == written
    page = twophase("shrink", str(failed), "--script", str(path)).stdout
    assert "with the mutant it shows the same anomaly" in " ".join(page.split())
    assert as_json("shrink", str(failed))["script"] is None


def test_where_there_is_no_golden_script_nothing_is_written_and_it_is_said_why(
    failed: Path, tmp_path: Path
) -> None:
    words = ("shrink", str(failed), "--runs", "3", "--script", str(tmp_path / "none.txt"))
    script = as_json(*words)["script"]

    assert script == {"path": None, "why_not": "it could not be told as a list of requests"}
    assert "There is none: it could not be told as a list" in twophase(*words).stdout
    assert not list(tmp_path.iterdir())


def test_with_few_runs_it_is_the_smallest_so_far() -> None:
    document = as_json("shrink", *SMALL, "--runs", "3")

    assert document["runs"] <= 3
    assert not document["is_told"]
    assert document["finding"] in ("timestamps: order refuted", "timestamps: data differ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("bank", "--seed", "1"), "bank does not fail from seed 1: try another seed"),
        (("nowhere",), "there is no scenario 'nowhere'"),
        (("nowhere.toml",), "there is no scenario file 'nowhere.toml'"),
        (("bank", "--mutant", "nobody"), "there is no mutant 'nobody'"),
        ((*SMALL, "--runs", "0"), "--runs must be a whole number from 1"),
        (("bank", "--seed", "1", "--runs", "0"), "--runs must be a whole number from 1"),
        ((*SMALL, "-o", "one", "--script", "./one"), "--output and --script name the same file"),
        ((*SMALL, "--seconds", "soon"), "--seconds must be a whole number from 1"),
        ((*SMALL, "-o", "/nowhere/story.toml"), "there is no directory"),
        ((*SMALL, "--script", "/nowhere/story.txt"), "there is no directory"),
        ((), "Missing argument"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(words: tuple[str, ...], said: str) -> None:
    result = twophase("shrink", *words)

    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


# Replaying ---------------------------------------------------------------------------------------


def test_a_failure_is_replayed_to_the_byte(failed: Path, story: Path) -> None:
    for path in (failed, story):
        result = twophase("replay", str(path))
        assert result.exit_code == 0
        assert result.stdout.startswith("The same run: ")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seed = 1", "seed = 2", "digest"),
        ("timestamps: order refuted", "items: stale read", "items: stale read is not found, but"),
        (
            f'mutant = "{MUTANT}"\n',
            "",
            "the run that the file describes has no finding, every check holds; a rule that was"
            ' broken would stand in [failure], as in mutant = "NAME"',
        ),
    ],
)
def test_what_is_not_the_same_is_said(failed: Path, old: str, new: str, said: str) -> None:
    text = failed.read_text(encoding="utf-8")
    assert old in text
    other = failed.with_name("other.toml")
    other.write_text(text.replace(old, new), encoding="utf-8")

    result = twophase("replay", str(other))
    document = as_json("replay", str(other))

    assert result.exit_code == 1
    assert said in result.stderr
    assert not document["same"]
    assert said in document["differs"]


def test_a_file_whose_run_does_not_fail_any_more_is_told_from_a_seed(failed: Path) -> None:
    other = failed.with_name("whole.toml")
    text = failed.read_text(encoding="utf-8").replace(f'mutant = "{MUTANT}"\n', "")
    other.write_text(text, encoding="utf-8")

    described = twophase("shrink", str(other))
    asked = twophase("shrink", str(other), "--seed", "1")

    assert described.exit_code == asked.exit_code == 2
    assert "is no failure any more: the run that the file describes" in described.stderr
    assert "does not fail from seed 1: try another seed" in asked.stderr


@pytest.mark.parametrize("mutant", ["none", "completed-means-cancelled"])
def test_a_failure_that_another_mutant_does_not_have_asks_for_its_own(
    failed: Path, mutant: str
) -> None:
    for command in ("shrink", "diff"):
        result = twophase(command, str(failed), "--mutant", mutant)

        assert result.exit_code == 2
        assert "does not fail from seed 1" in result.stderr
        assert result.stderr.endswith(f": leave out `--mutant {mutant}`\n")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("page.md", "'page.md' is no failure's file: the name of one ends in .toml"),
        ("folder", "'folder' is a directory, not a failure's file"),
        ("lost.toml", "there is no failure's file 'lost.toml'"),
    ],
)
def test_what_is_no_failures_file_is_not_taken_for_a_scenario(
    name: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("page.md").touch()
    Path("folder").mkdir()

    result = twophase("replay", name)

    assert result.exit_code == 2
    assert said in result.stderr


def test_the_file_that_the_page_writes_by_hand_fails_as_it_says(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "shrink.md").read_text(encoding="utf-8")
    text = page.partition("```toml\n")[2].partition("```")[0]
    path = tmp_path / "hand.toml"
    path.write_text(text, encoding="utf-8")

    result = twophase("replay", str(path))

    assert result.output == "The same run: timestamps: data differ.\n"
    assert result.exit_code == 0


def test_a_scenario_is_no_failure(tmp_path: Path) -> None:
    path = tmp_path / "bank.toml"
    path.write_text('[workload]\nname = "bank"\n', encoding="utf-8")

    result = twophase("replay", str(path))

    assert result.exit_code == 2
    assert "a scenario without a failure" in result.stderr
    assert load(str(path)).failure is None
    assert not os.path.exists(path.with_suffix(".partial"))
