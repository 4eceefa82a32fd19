"""`twophase mutants --hunt`: what it prints, as table, as JSON, as a page, and what it refuses."""

import json
import shlex
import signal
from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sim.mutants.catalogue import GROUPS, MUTANTS
from sim.search.hunt import hunting
from sim.search.hunt.hunted import hunted
from sim.search.hunt.hunting import Hunt
from sim.search.hunt.shots import Order, Shot
from sim.search.hunt.strategies import portfolio, strategy_of
from sim.search.hunt.tales import Finding, Tale
from tests.sim.search.jobs import Here
from tests.tidy import ROOT
from twophase.cli import mutants_hunt
from twophase.cli.main import main
from twophase.cli.mutants_figures import figures_of, number

NAME = "one-accept-is-enough"
BLIND = "copies-outlive-a-crash"  # In these tests nobody finds it.
PAGE = ROOT / "docs" / "bug-zoo.md"
LOST = ("timestamps", "data differ")


def twophase(*words: str, columns: int = 120) -> Result:
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(main, ["mutants", *words])


def as_json(*words: str) -> Any:
    return json.loads(twophase("--hunt", *words, "--json").stdout)


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hunt without processes."""
    monkeypatch.setattr(mutants_hunt, "open_pool", lambda _where, _jobs: Here())


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every third seed find every mutant that can be found but one, and run nothing."""

    def carry_out(order: Order) -> tuple[Shot, ...]:
        name = order.mutant
        is_there = name is not None and name != BLIND and not MUTANTS[name].is_equivalent
        return tuple(
            Shot(
                seed,
                strategy_of(seed).name,
                0.05,
                (LOST,) if is_there and seed % 3 == 1 else (),
                is_set_up=True,
                is_changed=True if order.compares else None,
            )
            for seed in order.seeds
        )

    def tell(finding: Finding) -> Tale:
        return Tale(finding.mutant, 3, 2, 40, ("At first all is well.", "Then it is not."), 1.5)

    monkeypatch.setattr(hunting, "carry_out", carry_out)
    monkeypatch.setattr(hunting, "tell", tell)


# One, as it is -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_hunt_for_one_mutant_tells_of_it_and_of_its_story() -> None:
    result = twophase("--hunt", NAME, "--seeds", "5:6")

    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(f"{NAME}  found\n")
    assert "seed 5 found it" in result.stdout
    assert "Its shrunk story: " in result.stdout
    assert f"--mutant {NAME}" in result.stdout


@pytest.mark.parametrize(
    ("name", "seeds"),
    [(NAME, "5:6"), ("batches-give-nothing-back", "0:1")],  # The other needs a scenario.
)
def test_the_run_that_found_it_can_be_run_again(name: str, seeds: str) -> None:
    document = as_json(name, "--seeds", seeds, "--no-shrink")
    program, *words = shlex.split(document["replay"])

    assert program == "twophase"
    again = json.loads(CliRunner().invoke(main, [*words, "--json"]).stdout)

    assert again["mutant"] == name
    assert document["finding"] in {finding["kind"] for finding in again["findings"]}


def test_without_shrinking_there_is_no_story() -> None:
    assert as_json(NAME, "--seeds", "5:6", "--no-shrink")["story"] is None


def test_nothing_is_found_where_nothing_is_broken() -> None:
    result = twophase("--hunt", "none", "--seeds", "5:7")
    document = as_json("none", "--seeds", "5:7")

    assert result.exit_code == 0
    assert "no finding in 2 seeds of the unbroken protocol" in result.stdout
    assert document["found"] is False
    assert document["probability_below"] == "0.78"


# All of them -------------------------------------------------------------------------------------


def test_json_has_an_object_for_each_mutant(told: None) -> None:
    documents = as_json()

    assert [one["name"] for one in documents] == list(MUTANTS)
    for one in documents:
        assert {"found", "seeds", "seconds", "checker", "story"} <= one.keys()
        assert one["equivalent"] is MUTANTS[one["name"]].is_equivalent
    one = next(one for one in documents if one["name"] == NAME)
    assert (one["found"], one["seeds"], one["checker"]) == (True, 2, "timestamps")
    assert one["seconds"] == 0.1
    assert one["story"].items() >= {"transactions": 3, "choices": 2, "events": 40}.items()
    assert one["mean"]["least"] < one["mean"]["seeds"] < one["mean"]["most"]


def test_what_is_not_found_is_told_by_kind_and_fails(told: None) -> None:
    result = twophase("--hunt")
    document = next(one for one in as_json() if one["name"] == BLIND)

    assert result.exit_code == 1
    assert f"checker blind: {BLIND}." in result.stdout
    assert document["verdict"] == "checker blind"
    assert document["found"] is False


def test_the_table_has_every_mutant_and_ends_with_what_that_comes_to(told: None) -> None:
    text = twophase("--hunt").stdout
    survivors = sum(one.is_equivalent for one in MUTANTS.values())

    assert all(name in text for name in MUTANTS)
    assert f"{len(MUTANTS) - survivors - 1} of {len(MUTANTS) - survivors} mutants" in text
    assert "3 · 2 · 40" in text
    assert "Seeds to a finding: median 2.9" in text
    assert f"{survivors} equivalent ones survived" in text


@pytest.mark.parametrize("columns", [100, 140, 300])
def test_the_table_keeps_within_the_terminal(told: None, columns: int) -> None:
    lines = twophase("--hunt", columns=columns).stdout.splitlines()

    assert max(map(len, lines)) <= columns


def test_a_page_has_the_same_table_in_markdown(told: None) -> None:
    text = twophase("--hunt", "--markdown").stdout

    assert text.startswith("# The bug zoo\n")
    assert f"| `{NAME}` | §3.3 | 2 | 0.10 | 2.9 (2.0 … 4.8) | timestamps: data differ |" in text
    assert f"| `{BLIND}` | §3.3 |  | 35.0 |  | checker blind (700 seeds) |  |  |" in text
    for strategy in portfolio():
        assert f"| {strategy.name} | {strategy.about} |" in text


def test_of_one_mutant_its_own_table_is_written(told: None) -> None:
    whole = twophase("--hunt", "--markdown").stdout
    lines = twophase("--hunt", NAME, "--markdown").stdout.splitlines()

    assert lines[0].startswith("### ")
    assert len([line for line in lines if line.startswith("| `")]) == 1
    assert [line for line in lines if line not in whole.splitlines()] == []


def test_the_committed_page_is_of_these_mutants() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = [line.split("|")[1].strip(" `") for line in text.splitlines() if line.startswith("| `")]

    assert rows == [mutant.name for group in GROUPS.values() for mutant in group], (
        "`twophase mutants --hunt NAME --markdown` writes a mutant's row, and without NAME the page"
    )


def test_an_interrupted_hunt_tells_what_it_knows(
    told: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    carry_out: Callable[[Order], tuple[Shot, ...]] = vars(hunting)["carry_out"]

    def interrupted(order: Order) -> tuple[Shot, ...]:
        if 20 in order.seeds:
            signal.raise_signal(signal.SIGINT)
        return carry_out(order)

    monkeypatch.setattr(hunting, "carry_out", interrupted)

    result = twophase("--hunt", NAME)

    assert result.exit_code == 130
    assert "interrupted: this is what was known by then" in result.stdout


@pytest.mark.parametrize("words", [("--markdown",), ()])
def test_what_an_interrupted_hunt_has_not_tried_is_told_and_counted_nowhere(
    told: None, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    carry_out: Callable[[Order], tuple[Shot, ...]] = vars(hunting)["carry_out"]
    names = list(MUTANTS)

    def interrupted(order: Order) -> tuple[Shot, ...]:
        if order.mutant == names[2]:
            signal.raise_signal(signal.SIGINT)
        return carry_out(order)

    monkeypatch.setattr(hunting, "carry_out", interrupted)

    text = twophase("--hunt", *words).stdout
    documents = as_json()

    tried = [one["name"] for one in documents if one["shots"]]
    untried = [one["name"] for one in documents if one["verdict"] == "not tried"]
    assert [*tried, *untried] == names
    assert tried
    assert f"{len(tried)} of {len(tried)} mutants that can be found were found." in text
    assert f"not tried: {untried[0]}, " in " ".join(text.split())
    assert "equivalent ones survived" not in text
    assert "median ∞" not in text
    assert "Seeds to a finding: worst" in text


@pytest.mark.parametrize("name", ["none", NAME, "completed-means-cancelled"])
def test_of_a_hunt_that_is_interrupted_at_once_nothing_is_known(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(Hunt, "_carry_out", lambda hunt, *_, **__: hunt.interrupt())

    result = twophase("--hunt", name)

    assert result.exit_code == 130
    assert "no run" in result.stdout
    assert "survives" not in result.stdout
    assert as_json(name)["verdict"] == "not tried"


def test_who_was_not_found_takes_more_seeds_than_anybody() -> None:
    found = [Shot(seed, "swarm", 0.1, (LOST,), is_set_up=True, is_changed=None) for seed in (0, 1)]
    missed = [replace(shot, kinds=()) for shot in found]
    one = hunted("a-a", found, may_survive=False)
    other = hunted("b-b", missed, may_survive=False)

    assert figures_of([one, one, other], {}).median == 1.0
    assert figures_of([one, other, other], {}).median is None
    assert number(inf) == "∞"


# Refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--hunt", "one-acept-is-enough"), "did you mean one-accept-is-enough"),
        (("--hunt", NAME, "--seeds", "9:3"), "--seeds must be FROM:TO"),
        (("--hunt", NAME, "--seeds", "0:99999999999"), "--seeds may be 10,000,000 seeds at most"),
        (("--hunt", NAME, "--jobs", "0"), "--jobs must be a whole number"),
        (("--seeds", "0:3"), "--seeds is for a hunt: add --hunt"),
        (("--jobs", "2"), "--jobs is for a hunt: add --hunt"),
        (("--no-shrink",), "--no-shrink is for a hunt: add --hunt"),
        (("--markdown",), "--markdown prints a hunt: add --hunt"),
        (("--hunt", "--markdown", "--json"), "--markdown and --json are two things"),
        (("--hunt", "none", "--markdown"), "--markdown is of mutants, and 'none' breaks nothing"),
        (("--hunt", f"{NAME}+{NAME}", "--markdown"), "and none for several at once"),
    ],
)
def test_what_makes_no_sense_is_refused(words: tuple[str, ...], said: str) -> None:
    result = twophase(*words)

    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""
