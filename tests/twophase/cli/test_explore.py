"""`twophase explore`: what it says of a walk, the schedule that it tells, and what it refuses."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sim.mutants.catalogue import MUTANTS, applied
from sim.scenario import load
from sim.search.explore.world import KINDS
from sim.search.explore.worlds import WORLDS
from twophase.cli.main import main

LISTED = """
description = "two of a kind"
[cluster]
partitions = 2
[workload]
name = "listed"
there = "a=0"
requests = '''
k1: at 3ms write update(a, 1)
k2: get a
'''
"""


def twophase(*words: str, columns: int = 120) -> Result:
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(main, list(words))


def test_a_complete_walk_says_what_it_has_seen() -> None:
    result = twophase("explore", "two-writers")

    assert result.exit_code == 0, result.output
    for said in ("k1: write update(a, 1) update(d, 1)", "nothing goes wrong", "54,912"):
        assert said in result.stdout
    assert "Complete: every check holds at every end." in result.stdout


def test_json_has_the_figures_and_nothing_else_is_printed() -> None:
    document = json.loads(twophase("explore", "two-writers", "--json").stdout)

    assert document["ok"]
    assert document["complete"]
    assert document["world"] == "two-writers"
    assert document["schedules"] == 54_912
    assert 1 < document["states"] < document["transitions"] < document["schedules"]
    assert document["findings"] == document["schedule"] == []
    assert "strict" in document["checks"]


def test_a_finding_is_told_step_by_step_and_ends_with_exit_code_1() -> None:
    result = twophase("explore", "refused", "--mutant", "one-accept-is-enough")

    assert result.exit_code == 1
    for said in (
        "Broken on purpose: one-accept-is-enough",
        "k1 asks for TransactWriteItems",
        "reject ConditionalCheckFailed",
        "set t1 to COMMITTING: written",
        "half a transaction",
        "twophase explore refused --mutant one-accept-is-enough",
    ):
        assert said in result.stdout
    assert "0000-" not in result.stdout  # Transactions have names, no ids.


def test_none_is_no_rule_that_is_broken() -> None:
    result = twophase("explore", "refused", "--mutant", "none", "--json")

    assert result.exit_code == 0, result.output
    assert "--mutant" not in json.loads(result.stdout)["command"]


def test_a_finding_in_json_has_its_schedule_and_the_command_that_shows_it() -> None:
    words = ("explore", "refused", "--mutant", "one-accept-is-enough", "--json")
    document = json.loads(twophase(*words).stdout)

    assert not document["ok"]
    assert not document["complete"]
    assert document["mutant"] == "one-accept-is-enough"
    assert [line["step"] for line in document["schedule"]] == [*range(1, 8)]
    assert document["findings"][0]["kind"] == "half a transaction"
    again = document["command"].split()
    assert again[:3] == ["twophase", "explore", "refused"]
    assert json.loads(twophase(*again[1:], "--json").stdout)["schedule"] == document["schedule"]


def test_without_a_world_all_are_walked_up_to_the_first_finding() -> None:
    result = twophase("explore", "--mutant", "cancels-remove-the-item", "--json")

    document = json.loads(result.stdout)
    assert [one["world"] for one in document["worlds"]] == ["refused"]
    assert not document["worlds"][0]["ok"]


def test_all_worlds_are_a_table_that_says_where_a_walk_was_stopped() -> None:
    result = twophase("explore", "--states", "40")

    assert result.exit_code == 0, result.output
    assert all(name in result.stdout for name in WORLDS)
    assert "stopped" in result.stdout
    assert "Not complete: impatient, " in result.stdout
    assert "1 crash, 1 takeover" in result.stdout


def test_a_narrow_table_keeps_its_figures() -> None:
    wide, narrow = (
        twophase("explore", "--states", "4"),
        twophase("explore", "--states", "4", columns=60),
    )

    assert "what may go wrong" in wide.stdout
    assert "what may go wrong" not in narrow.stdout
    assert "stopped" in narrow.stdout


def test_a_scenario_that_lists_its_requests_is_walked_with_every_single_trouble() -> None:
    document = json.loads(twophase("explore", "one-transaction", "--json").stdout)

    assert document["complete"]
    assert document["troubles"] == 1
    assert set(document["limits"]) == {
        *("crashes", "losses", "repeats", "takeovers", "timeouts", "retries")
    }


def test_a_file_is_walked_and_limits_are_those_that_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(LISTED, encoding="utf-8")

    document = json.loads(twophase("explore", str(path), "--losses", "1", "--json").stdout)

    assert document["complete"]
    assert document["limits"] == {"losses": 1}
    assert document["sentence"] == "two of a kind"


@pytest.mark.parametrize("world", ["one-transaction", "refused"])
def test_so_many_troubles_of_no_kind_in_particular_are_of_every_kind(world: str) -> None:
    one = json.loads(twophase("explore", world, "--troubles", "1", "--json").stdout)
    none = json.loads(twophase("explore", world, "--troubles", "0", "--json").stdout)
    words = ("--troubles", "2", "--crashes", "0", "--depth", "2")
    but_crashes = json.loads(twophase("explore", world, *words, "--json").stdout)

    assert one["complete"]
    assert one["limits"] == dict.fromkeys(KINDS, 1)
    assert one["states"] > 10 * none["states"]
    assert (none["limits"], none["troubles"]) == ({}, 0)
    assert but_crashes["limits"] == dict.fromkeys(KINDS[1:], 2)
    assert (KINDS[0], but_crashes["troubles"]) == ("crashes", 2)


def test_troubles_bound_the_kinds_that_are_asked_for() -> None:
    words = ("explore", "refused", "--crashes", "1", "--losses", "1", "--troubles", "1")

    document = json.loads(twophase(*words, "--json").stdout)

    assert document["limits"] == {"crashes": 1, "losses": 1}
    assert document["troubles"] == 1


def test_a_schedule_is_written_as_a_failure_that_other_commands_run(tmp_path: Path) -> None:
    path, mutant = str(tmp_path / "torn.toml"), ("--mutant", "second-rounds-ignore-the-ongoing")

    walked = twophase("explore", "read", *mutant, "--scenario", path)
    broken = json.loads(twophase("simulate", path, "--json").stdout)
    whole = json.loads(twophase("simulate", path, "--mutant", "none", "--json").stdout)

    assert walked.exit_code == 1
    assert "no scenario" not in walked.stderr
    assert "read refuted" in [one["kind"] for one in broken["findings"]]
    assert all(step["happened"] for step in broken["steps"])
    assert whole["ok"]
    assert twophase("replay", path).stdout.startswith("The same run: instants: read refuted, ")


def test_the_commands_that_run_a_written_schedule_are_told(tmp_path: Path) -> None:
    path = str(tmp_path / "of two.toml")
    words = ("explore", "two-writers", "--mutant", "orders-ask-for-no-owner", "--at-ends")

    told = twophase(*words, "--scenario", path, columns=60).stdout
    untold = twophase(*words, columns=60).stdout

    assert f"  twophase simulate '{path}' --story\n  twophase replay '{path}'\n" in told
    assert "twophase simulate" not in untold


def test_a_schedule_that_ends_badly_without_a_mutant_is_a_failure_of_none(
    tmp_path: Path,
) -> None:
    path = str(tmp_path / "torn.toml")
    with applied(MUTANTS["second-rounds-ignore-the-ongoing"]):  # As if the rule were wrong.
        assert twophase("explore", "read", "--scenario", path).exit_code == 1
        again = twophase("replay", path)

    failure = load(path).failure
    assert failure is not None
    assert (failure.seed, failure.mutant) == (1, None)
    assert again.exit_code == 0


def test_the_command_of_a_walk_leaves_out_the_rule_that_the_file_breaks(tmp_path: Path) -> None:
    path = tmp_path / "failure.toml"
    path.write_text(f'{LISTED}[failure]\nseed = 1\nmutant = "nobody-recovers"\n', encoding="utf-8")

    broken, whole = (
        json.loads(twophase("explore", str(path), *words, "--states", "9", "--json").stdout)
        for words in ((), ("--mutant", "none"))
    )

    assert (broken["mutant"], broken["command"]) == (
        "nobody-recovers",
        f"twophase explore {path} --states 9 --mutant nobody-recovers",
    )
    assert "mutant" not in whole
    assert whole["command"] == f"twophase explore {path} --states 9 --mutant none"


def test_a_scenario_that_is_not_written_says_why(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"

    crash = twophase("explore", "crashed", "--mutant", "nobody-recovers", "--scenario", str(path))
    nothing = twophase("explore", "refused", "--scenario", str(path))
    nowhere = twophase("explore", "refused", "--scenario", str(tmp_path / "no" / "where"))

    assert "no scenario is written: it takes more: crash coordinator" in crash.stderr
    assert "no scenario is written: no schedule ends badly" in nothing.stderr
    assert not path.exists()
    assert (nothing.exit_code, nowhere.exit_code) == (0, 2)


def test_only_the_first_transactions_are_walked_if_so_asked() -> None:
    words = ("explore", "two-writers", "--transactions", "1", "--json")

    assert json.loads(twophase(*words).stdout)["states"] < 20


def test_clocks_change_which_transaction_comes_first() -> None:
    words = ("explore", "two-writers", "--mutant", "only-the-same-is-too-late", "--json")

    assert json.loads(twophase(*words, "--clocks", "c1=10,c2=5").stdout)["ok"] is False
    assert json.loads(twophase(*words, "--depth", "9").stdout)["ok"] is True


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("nowhere",), "'nowhere' is no tiny world; there are refused, "),
        (("bank",), "scenario bank is too large to be walked: its workload is bank"),
        (("nowhere.toml",), "there is no scenario file 'nowhere.toml'"),
        (("refused", "--crashes", "9"), "--crashes is a whole number from 0 to 3, not '9'"),
        (("refused", "--losses", ""), "--losses is a whole number from 0 to 3, not ''"),
        (("refused", "--depth", "0"), "--depth is a whole number from 1"),
        (("refused", "--states", "x"), "--states is a whole number"),
        (("refused", "--seconds", "-1"), "--seconds is a whole number"),
        (("refused", "--transactions", "0"), "--transactions is a whole number"),
        (("refused", "--clocks", "c1"), "--clocks is like c1=10,c2=5, not 'c1'"),
        (("refused", "--clocks", ""), "--clocks is like c1=10,c2=5, not ''"),
        (("refused", "--clocks", "x1=3"), "--clocks: there is no x1"),
        (("two-that-conflict", "--clocks", "c9=5"), "there is no c9; there are p1, p2, c1, c2"),
        (("refused", "--mutant", "nobody"), "there is no mutant 'nobody'"),
    ],
)
def test_what_is_wrong_is_named(words: tuple[str, ...], why: str) -> None:
    result = twophase("explore", *words)

    assert result.exit_code == 2
    assert why in result.stderr
    assert result.stdout == ""
