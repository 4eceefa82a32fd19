"""`twophase mutants` and `simulate --mutant`: the list, a run that fails, and what is refused."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from partition import rules
from sim.mutants.catalogue import GROUPS, MUTANTS, find
from sim.mutants.mutant import Mutant
from tests.tidy import ROOT
from twophase.cli.main import main

REWRITES = os.environ.get("TWOPHASE_REWRITE") == "1"
PAGE = ROOT / "docs" / "mutants.md"
BEGIN, END = "<!-- mutants -->\n", "<!-- end of mutants -->"
# What `make demo` names as the run that fails.
FAILS = ("bank", "--seed", "3", "--mutant", "reads-have-one-round")
SMALL = ("--set", "workload.transactions=20")


def twophase(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def as_json(*words: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(twophase("simulate", *words, "--json").stdout)
    return document


# The list -------------------------------------------------------------------------------------


def test_json_has_every_mutant_with_its_keys() -> None:
    listed = json.loads(twophase("mutants", "--json").stdout)

    assert [one["name"] for one in listed] == list(MUTANTS)
    for one in listed:
        mutant = find(one["name"])
        assert list(one)[:4] == ["name", "section", "sentence", "anomaly"]
        assert one["equivalent"] is mutant.is_equivalent
        assert one["sentence"] == mutant.sentence
        assert one["source"] == (mutant.source or None)


def test_the_list_says_of_each_mutant_what_it_does_wrong() -> None:
    result = twophase("mutants")
    text = " ".join(result.stdout.split())

    assert result.exit_code == 0
    assert all(name in text for name in MUTANTS)
    assert "§3.4 A read transaction compares no" in text


@pytest.mark.parametrize("columns", [40, 80, 300])
def test_the_list_keeps_within_the_terminal(columns: int) -> None:
    result = CliRunner(env={"COLUMNS": str(columns)}).invoke(main, ["mutants"])
    lines = [line for line in result.stdout.splitlines() if "twophase simulate" not in line]

    assert result.exit_code == 0
    assert max(map(len, lines)) <= max(columns, 80)


# A run that is broken -------------------------------------------------------------------------


def test_the_run_that_the_demo_names_fails() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    [suggested] = re.findall(r"\$\(VENV\)/bin/twophase (simulate [^'\n]*--mutant[^'\n]*)", makefile)
    assert shlex.split(suggested) == ["simulate", *FAILS]

    result = twophase(*shlex.split(suggested))

    assert result.exit_code == 1
    assert "not every check holds" in result.stdout
    assert "Broken on purpose: reads-have-one-round (§3.4): A read" in result.stdout
    assert f"twophase {suggested}" in result.stdout.splitlines()[-1]


def test_json_names_the_mutant_and_how_to_see_it_again() -> None:
    document = as_json(*FAILS)

    assert list(document)[:4] == ["scenario", "seed", "mutant", "ok"]
    assert document["mutant"] == "reads-have-one-round"
    assert document["ok"] is False
    assert "read refuted" in {finding["kind"] for finding in document["findings"]}
    assert shlex.split(document["replay"]) == ["twophase", "simulate", *FAILS]


def test_without_a_mutant_nothing_speaks_of_one() -> None:
    document = as_json("bank", *SMALL)
    result = twophase("simulate", "bank", *SMALL)

    assert "mutant" not in document
    assert "--mutant" not in result.stdout
    assert "Broken" not in result.stdout


def test_a_broken_run_leaves_the_next_one_as_it_was() -> None:
    before, rule = as_json("bank", *SMALL)["digest"], rules.owns

    broken = as_json("bank", *SMALL, "--mutant", "one-accept-is-enough")["digest"]

    assert broken != before
    assert as_json("bank", *SMALL)["digest"] == before
    assert rules.owns is rule


def test_a_trace_and_a_history_are_written_of_a_broken_run(tmp_path: Path) -> None:
    trace, history = tmp_path / "trace.jsonl", tmp_path / "history.jsonl"

    result = twophase("simulate", *FAILS, "--trace", str(trace), "--history", str(history))

    assert result.exit_code == 1
    for path in (trace, history):
        assert all(json.loads(line) for line in path.read_text().splitlines())


def test_where_the_broken_rule_does_not_show_a_run_is_named_in_which_it_does() -> None:
    mutant = find("reads-have-one-round")
    one = ("--set", "workload.clients=1", "--set", "workload.transactions=5")

    result = twophase("simulate", "bank", *one, "--mutant", mutant.name)

    assert result.exit_code == 0
    assert "did not show here" in result.stdout
    assert f"  {mutant.replay}" in result.stdout.splitlines()


def test_where_several_broken_rules_do_not_show_no_run_is_promised() -> None:
    names = "reads-have-one-round+answers-precede-commits"
    one = ("--set", "workload.clients=1", "--set", "workload.transactions=5")

    result = twophase("simulate", "bank", *one, "--mutant", names)

    assert result.exit_code == 0
    assert "The rules that are broken did not show here." in result.stdout
    assert "It does here" not in result.stdout


def test_of_a_rule_whose_seeds_nobody_has_counted_no_run_is_promised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sim.mutants.mutant.SEEDS", {})
    one = ("--set", "workload.clients=1", "--set", "workload.transactions=5")

    result = twophase("simulate", "bank", *one, "--mutant", "reads-have-one-round")

    assert "no seed is known" in result.stdout
    assert "  twophase mutants --hunt reads-have-one-round" in result.stdout.splitlines()
    assert "It does here" not in result.stdout


def test_the_run_that_is_named_shows_it() -> None:
    program, *words = shlex.split(find("one-accept-is-enough").replay)

    assert program == "twophase"
    assert twophase(*words).exit_code == 1


def test_an_equivalent_mutant_says_why_nobody_can_tell() -> None:
    result = twophase("simulate", "bank", *SMALL, "--mutant", "first-rounds-ignore-the-ongoing")

    assert result.exit_code == 0
    assert "Nobody can tell that a rule is broken." in result.stdout


def test_an_unknown_mutant_is_refused_with_the_nearest_name() -> None:
    result = twophase("simulate", "bank", "--mutant", "one_acept_is_enough")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert "there is no mutant 'one_acept_is_enough'; did you mean one-accept-is" in result.stderr


def test_who_breaks_nothing_imports_no_mutant() -> None:
    script = (
        "import sys\nfrom twophase.cli.simulate import command\n"
        f"command.main(['bank', *{SMALL}, '--json'], standalone_mode=False)\n"
        "sys.exit(any(name.startswith('sim.mutants') for name in sys.modules))"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, b"")


# The page -------------------------------------------------------------------------------------


def test_the_page_lists_all_mutants() -> None:
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    listed, _, tail = rest.partition(END)
    right = "\n".join(rows())

    if REWRITES:
        PAGE.write_text(f"{head}{BEGIN}{right}\n{END}{tail}", encoding="utf-8")
    else:
        assert listed.splitlines() == right.splitlines()


def rows() -> list[str]:
    lines = []
    for title, group in GROUPS.items():
        lines += ["", f"### {title[0].upper()}{title[1:]}", ""]
        lines += ["| mutant | § | what it does wrong | what that leads to |", "|---|---|---|---|"]
        lines += [row(mutant) for mutant in group]
    return lines[1:]


def row(mutant: Mutant) -> str:
    code = f" ({mutant.code.replace(' ', ', ')})" if mutant.code else ""
    after = f"nothing: {mutant.why}" if mutant.is_equivalent else mutant.anomaly
    name = f"`{mutant.name}`{code}"
    like = f" *As in {mutant.source}.*" if mutant.source else ""
    return f"| {name} | {mutant.section} | {mutant.sentence}{like} | {after} |"
