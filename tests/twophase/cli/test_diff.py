"""`twophase diff`: two columns, one sentence, and what is refused."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.sim.search.diff.failures import TWICE
from twophase.cli.main import main


def twophase(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "120"}).invoke(main, list(words))


@pytest.fixture
def failure(tmp_path: Path) -> str:
    file = tmp_path / "twice.toml"
    file.write_text(TWICE)
    return str(file)


def test_both_runs_stand_beside_each_other_and_part(failure: str) -> None:
    result = twophase("diff", failure)

    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    parting = next(n for n, line in enumerate(lines) if "here they part" in line)
    before, after = lines[parting - 1], lines[parting + 1]
    assert before[: len(before) // 2].split()[:4] == before[len(before) // 2 :].split()[:4]
    assert "l1 → c1" in after
    assert ", lost: written" in after
    assert any(
        line.startswith("Without 'lose l1>c1 written #1' every check holds") for line in lines
    )
    assert "outcomes finds: decided twice" in " ".join(result.stdout.split())


def test_json_has_the_rows_and_the_sentence(failure: str) -> None:
    document = json.loads(twophase("diff", failure, "--json").stdout)

    assert document["flipped"] == "without 'lose l1>c1 written #1'"
    assert document["parting"]["failing"]["event"].endswith("lost: written")
    assert len(document["rows"]) > 10
    assert document["findings"][0]["kind"]
    assert document["digests"]["failing"] != document["digests"]["passing"]


def test_beside_the_rule_the_field_that_differs_is_named(failure: str) -> None:
    result = twophase("diff", failure, "--unbroken")

    said = " ".join(result.stdout.split())
    assert "Without the mutant decisions-compare-nothing every check holds" in said
    assert "but action.condition is '#transaction = :id', and '#state = :preparing AND" in said


@pytest.mark.slow
def test_what_is_long_is_made_short_first() -> None:
    settings = ("--set", "workload.transactions=5")

    result = twophase("diff", "bank", "--seed", "0", "--mutant", "one-accept-is-enough", *settings)

    assert result.exit_code == 0, result.output
    assert "here they part" in result.stdout


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("no-such",), "there is no scenario 'no-such'"),
        (("one-transaction",), "one-transaction does not fail from seed 1"),
        (("one-transaction", "--mutant", "no-such"), "there is no mutant 'no-such'"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(words: tuple[str, ...], why: str) -> None:
    result = twophase("diff", *words)

    assert result.exit_code == 2
    assert why in result.stderr
    assert result.stdout == ""


def test_a_rule_that_is_in_force_cannot_be_put_in_force(failure: str, tmp_path: Path) -> None:
    unset = ("--set", "run.canary=1", "--mutant", "none")

    result = twophase("diff", failure, *unset, "--unbroken")

    assert result.exit_code == 2
    assert result.stdout == ""
