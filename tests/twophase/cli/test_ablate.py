"""`twophase ablate`: the table, one mechanism, the page, and what is refused."""

import json
import re
import signal
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pytest
from click.testing import CliRunner, Result

from sim.scenario import parse
from sim.search.ablate import ablation
from sim.search.ablate.ablation import Ablated, Ablation
from sim.search.ablate.clients import clients_told
from sim.search.ablate.mechanisms import MECHANISMS, Mechanism, find_mechanism
from sim.search.hunt.hunted import Mean, hunted
from sim.search.shrink.failure import found
from tests.sim.search.steps.test_steps import Alone
from tests.tidy import ROOT
from twophase.cli import ablate as command
from twophase.cli.ablate_page import page
from twophase.cli.ablate_table import no_effect, what_breaks
from twophase.cli.main import main

WHY = ROOT / "docs" / "why-each-rule.md"


def twophase(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "140"}).invoke(main, list(words))


@cache
def two() -> tuple[Ablated, ...]:
    """Take two mechanisms away, once for all tests."""
    mechanisms = (find_mechanism("every-vote"), find_mechanism("first-round-check"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ablation, "STORIES", 1)
        return Ablation(mechanisms, Alone(), seeds=range(7)).go()


class Known:
    """An ablation of which is known what comes of it."""

    found: tuple[Ablated, ...]
    is_interrupting = False  # Ctrl-C is pressed while it goes on.

    def __init__(self, mechanisms: Sequence[Mechanism], *_: object, **__: object) -> None:
        self._mechanisms = mechanisms
        self.is_interrupted = False

    def interrupt(self) -> None:
        self.is_interrupted = True

    def go(self) -> tuple[Ablated, ...]:
        if self.is_interrupting:
            signal.raise_signal(signal.SIGINT)
        return tuple(one for one in self.found if one.mechanism in self._mechanisms)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """No processes, and no runs: what comes of it is known."""
    monkeypatch.setattr(command, "open_pool", lambda _where, _jobs: Alone())
    monkeypatch.setattr(Known, "found", two(), raising=False)
    monkeypatch.setattr(command, "Ablation", Known)


@pytest.fixture
def interrupted(known: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C, when one mechanism is done, one has had some of its runs, and one has had none."""
    done, begun = two()
    untried = Ablated(find_mechanism("token"), hunted("token", (), may_survive=False), None)
    left = tuple(replace(one, is_finished=False) for one in (begun, untried))
    monkeypatch.setattr(Known, "found", (done, *left))
    monkeypatch.setattr(Known, "is_interrupting", True)


@pytest.mark.slow
@pytest.mark.usefixtures("known")
def test_the_table_has_a_row_a_mechanism() -> None:
    result = twophase("ablate")

    assert result.exit_code == 0, result.output
    rows = {line.split()[0]: line for line in result.stdout.splitlines() if line.strip()}
    assert re.search(r"§?3\.3 +\d/7 +\d+ +\d\.\d +\d", rows["every-vote"])
    assert "no effect in 7 seeds: p < 0.35" in rows["first-round-check"]
    assert "1 of 2 mechanisms are missed" in result.stdout


@pytest.mark.slow
@pytest.mark.usefixtures("known")
def test_a_narrow_table_shows_every_name_to_its_end() -> None:
    result = CliRunner(env={"COLUMNS": "80"}).invoke(main, ["ablate"])

    assert result.exit_code == 0, result.output
    assert max(map(len, result.stdout.splitlines())) <= 80
    begun = [line.split()[0] for line in result.stdout.splitlines() if line.strip()]
    assert "every-vote" in begun
    assert "first-round-" in begun
    assert begun[begun.index("first-round-") + 1] == "check"
    assert "…" not in result.stdout


@pytest.mark.slow
@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("columns", range(40, 111, 5))
def test_what_is_found_is_never_cut_off(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    votes, rounds = two()
    many = replace(votes.hunted, hits=175, shots=700, mean=Mean(39.8, 21.4, 78.3))
    shown = (replace(votes, hunted=many), rounds)
    monkeypatch.setattr(Known, "found", shown)

    result = CliRunner(env={"COLUMNS": str(columns)}).invoke(main, ["ablate"])

    assert result.exit_code == 0, result.output
    assert max(map(len, result.stdout.splitlines())) <= columns
    assert "…" not in result.stdout
    said = result.stdout.split()
    for one in shown:
        told = [*what_breaks(one), no_effect(one)][0]
        assert set(told.split()) <= set(said), "no word of it is broken"
    assert {"175/700", "0/7"} <= set(said)


@pytest.mark.slow
@pytest.mark.usefixtures("known")
def test_a_table_without_stories_does_not_speak_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Known, "found", tuple(replace(one, shrunk=None) for one in two()))
    result = twophase("ablate", "--no-stories")

    assert result.exit_code == 0, result.output
    assert "1 of 2 mechanisms are missed" in result.stdout
    assert result.stdout.count("story") == 1, "the way to have one"


@pytest.mark.slow
@pytest.mark.usefixtures("known")
def test_one_mechanism_has_its_rule_and_a_story_that_runs() -> None:
    result = twophase("ablate", "every-vote")

    assert result.exit_code == 0, result.output
    assert "A transaction commits only if every action was accepted." in result.stdout
    assert "The shortest story:" in result.stdout
    scenario = result.stdout.partition("for twophase simulate\n")[2]
    assert_fails(re.sub(r"^  ", "", scenario, flags=re.MULTILINE))


@pytest.mark.slow
@pytest.mark.usefixtures("known")
def test_one_that_nobody_misses_says_why() -> None:
    result = twophase("ablate", "first-round-check")

    said = " ".join(result.stdout.split())
    assert "No effect in 7 seeds: p < 0.35 (95 %) that one shows it." in said
    assert "Round 1's question only saves the second round." in said


@pytest.mark.slow
@pytest.mark.usefixtures("known")
def test_json_has_figures_and_stories() -> None:
    document = json.loads(twophase("ablate", "--json").stdout)

    votes, rounds = document["mechanisms"]
    assert votes["found"]
    assert votes["mean"][1] <= votes["mean"][0] <= votes["mean"][2]
    assert_fails(votes["story"]["scenario"])
    assert (rounds["found"], rounds["equivalent"], rounds["below"]) == (False, True, "0.35")
    assert not document["interrupted"]
    assert all(one["finished"] for one in document["mechanisms"])


# Interrupted.


@pytest.mark.slow
@pytest.mark.usefixtures("interrupted")
def test_an_interrupted_one_tells_what_it_knows_and_counts_only_that() -> None:
    result = twophase("ablate")

    assert result.exit_code == 130, result.output
    rows = {line.split()[0]: line for line in result.stdout.splitlines() if line.strip()}
    assert "not found so far, in 7 seeds: p < 0.35" in rows["first-round-check"]
    assert "not tried" in rows["token"]
    said = " ".join(result.stdout.split())
    assert "1 of 1 mechanisms are missed" in said
    assert "2 more were not hunted to the end, and do not count." in said
    assert said.endswith("interrupted: this is what was known by then")


@pytest.mark.slow
@pytest.mark.usefixtures("interrupted")
def test_an_interrupted_one_that_was_done_with_nobody_counts_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Known, "found", Known.found[1:])

    result = twophase("ablate")

    assert result.exit_code == 130, result.output
    assert "No mechanism was hunted to the end: none counts." in result.stdout


@pytest.mark.slow
@pytest.mark.usefixtures("interrupted")
def test_interrupted_json_says_so_and_of_whom_not_all_is_known() -> None:
    result = twophase("ablate", "--json")

    assert result.exit_code == 130, result.output
    document = json.loads(result.stdout)
    assert document["interrupted"]
    assert [one["finished"] for one in document["mechanisms"]] == [True, False, False]
    assert [one["runs"] for one in document["mechanisms"]] == [7, 7, 0]


@pytest.mark.slow
@pytest.mark.usefixtures("interrupted")
def test_an_interrupted_page_is_no_page_to_be_kept() -> None:
    result = twophase("ablate", "--markdown")

    assert result.exit_code == 130, result.output
    assert (
        "This one was interrupted: 2 of 3 mechanisms were not hunted to the end." in result.stdout
    )


@pytest.mark.slow
@pytest.mark.usefixtures("interrupted")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("first-round-check", "Not found so far, in 7 seeds: p < 0.35 (95 %)"),
        ("token", "No run was made without it: nothing is known."),
    ],
)
def test_one_mechanism_that_was_interrupted_says_so(name: str, said: str) -> None:
    result = twophase("ablate", name)

    assert result.exit_code == 130, result.output
    assert said in result.stdout
    assert "interrupted: this is what was known by then" in result.stdout


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("no-such",), "there is no mechanism 'no-such'"),
        (("--seeds", "0"), "--seeds must be a whole number"),
        (("--jobs", "none"), "--jobs must be a whole number"),
        (("--json", "--markdown"), "choose one of them"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(words: tuple[str, ...], why: str) -> None:
    result = twophase("ablate", *words)

    assert result.exit_code == 2
    assert why in result.stderr
    assert result.stdout == ""


# The page.


def stories(text: str) -> list[str]:
    return re.findall(r"^```toml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def assert_fails(text: str) -> None:
    """A story is a scenario, and fails as it says."""
    scenario = parse(text, "story", {})
    recorded = scenario.failure
    assert recorded is not None
    failure = found(scenario, recorded.seed, recorded.mutant)
    assert failure is not None, f"this passes:\n{text}"
    assert recorded.finding in failure.kinds
    assert recorded.digest == failure.digest


@pytest.mark.slow
def test_the_page_has_a_section_a_mechanism_and_stories_that_fail() -> None:
    text = page(two(), is_interrupted=False)

    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["every-vote", "first-round-check"]
    assert len(stories(text)) == 1
    assert text.count(clients_told(two()[0].shrunk.failure)) == 1  # type: ignore[union-attr]  # Told.
    assert_fails(stories(text)[0])


def test_the_committed_page_is_about_the_mechanisms_there_are() -> None:
    text = WHY.read_text(encoding="utf-8")

    sections = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert sections == [one.name for one in MECHANISMS]
    assert all(one.rule in text and one.purpose in text for one in MECHANISMS)


@pytest.mark.slow
def test_every_story_of_the_committed_page_fails_as_it_says() -> None:
    found_stories = stories(WHY.read_text(encoding="utf-8"))

    assert len(found_stories) >= len(MECHANISMS) - 2
    for text in found_stories:
        assert_fails(text)


@pytest.mark.slow
def test_every_story_of_the_committed_page_says_whether_its_clients_can_tell() -> None:
    for section in WHY.read_text(encoding="utf-8").split("\n## ")[1:]:
        for text in stories(section):
            scenario = parse(text, "story", {})
            assert scenario.failure is not None
            failure = found(scenario, scenario.failure.seed, scenario.failure.mutant)
            assert failure is not None
            assert clients_told(failure) in section.splitlines()


def test_a_story_that_passes_is_refused() -> None:
    text = '[failure]\nseed = 1\n\n[workload]\nname = "listed"\nrequests = "k1: read a"\n'

    with pytest.raises(AssertionError, match="this passes"):
        assert_fails(text)
