"""`twophase sweep`: what it prints, what it refuses, and how it goes on after whatever ended it."""

import csv
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from network.events import EVENTS
from sim.run import run
from sim.scenario import load
from sim.search.csv_file import ResultFile, ResultFileError
from sim.search.grid import combinations_of
from sim.search.plan import Chunk
from sim.search.results import Results
from sim.search.rows import Row
from sim.search.sweep import Sweep
from tests.sim.search.jobs import Here, plan, row, wrong
from tests.tidy import ROOT
from twophase.cli import sweep as command
from twophase.cli.main import main
from twophase.cli.sweep import seconds_of, seeds_of
from twophase.cli.sweep_told import Told

SMALL = ("--set", "workload.transactions=5", "--set", "workload.clients=2")
WAIT_SECONDS = 60


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Here:
    """Sweeps without processes."""
    pool = Here()
    monkeypatch.setattr(command, "open_pool", lambda _where, _jobs: pool)
    return pool


def twophase(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "100"}).invoke(main, list(words))


def as_json(*words: str) -> dict[str, Any]:
    result = twophase("sweep", "bank", *SMALL, "--json", *words)
    assert result.exit_code in (0, 1), result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every seventh seed has two findings."""

    def run_seventh(chunk: Chunk) -> list[Row]:
        make = {True: wrong, False: row}
        return [make[seed % 7 == 0](seed, chunk.combination) for seed in chunk.seeds]

    monkeypatch.setattr(command, "Sweep", partial(Sweep, job=run_seventh))


# What it prints ----------------------------------------------------------------------------------


def test_json_is_one_object_with_all_its_keys(here: Here) -> None:
    document = as_json("--seeds", "0:6")

    assert list(document) == [
        *("scenario", "ok", "seeds", "whole_seeds", "whole_seeds_failed", "asked", "from_file"),
        *(
            "stopped",
            "wall_s",
            "seeds_per_s",
            "jobs",
            "executor",
            "fault_model",
            "combinations",
            "findings",
            "not_set_up",
            "marks",
        ),
        *("never_seen", "novelty", "faults", "verdict"),
    ]
    assert (document["ok"], document["seeds"], document["asked"]) == (True, 6, 6)
    assert list(document["marks"]) == list(EVENTS)
    assert document["marks"]["transaction.begun"] == 6
    assert document["findings"] == []


def test_a_grid_has_results_by_combination(here: Here) -> None:
    found = as_json("--seeds", "0:3", "--set", "network.loss=0,0.2", "--set", "faults.crashes=0,1")

    sets = [one["set"] for one in found["combinations"]]
    assert [(one["network.loss"], one["faults.crashes"]) for one in sets] == [
        *(("0", "0"), ("0", "1"), ("0.2", "0"), ("0.2", "1")),
    ]
    assert [one["seeds"] for one in found["combinations"]] == [3, 3, 3, 3]
    assert found["seeds"] == 12
    assert (found["whole_seeds"], found["whole_seeds_failed"]) == (3, 0)
    assert "no finding in 12 runs of 3 seeds" in found["verdict"]


TWO = '["lose the first vote","crash c1 after its ledger write"]'
STEPS = f'faults.steps=["lose the second vote"],{TWO}'


@pytest.mark.parametrize("columns", ["80", "120"])
@pytest.mark.parametrize(
    ("settings", "has_legend_at"),
    [
        (["network.loss=0,0.1"], ()),
        (["workload.transactions=10,20"], ()),
        (["disk.sync_us=100..200,1000..2000", "workload.transactions=10,20"], ("80",)),
        ([STEPS, "network.loss=0,0.1"], ("80", "120")),
    ],
)
def test_settings_of_a_grid_are_not_cut_into_pieces(
    here: Here,
    monkeypatch: pytest.MonkeyPatch,
    settings: list[str],
    columns: str,
    has_legend_at: tuple[str, ...],
) -> None:
    monkeypatch.setattr(command, "loaded", lambda name, _: load(name))
    monkeypatch.setattr(command, "refuse_same_runs", lambda *_: None)
    monkeypatch.setattr(command, "Sweep", partial(Sweep, job=lambda _: []))
    words = ["sweep", "bank", "--seeds", "0:1"]
    for setting in settings:
        words += ["--set", setting]

    shown = CliRunner(env={"COLUMNS": columns}).invoke(main, words).stdout

    table = shown.partition("By combination\n")[2].partition("\n\n")[0].splitlines()
    assert max(map(len, table)) <= int(columns)
    assert "committed  cancelled  unknown" in "".join(table[:2])
    below = " ".join(shown.split())  # A legend may be broken between words.
    for n, settings_of in enumerate(combinations_of(settings), 1):
        words = [f"{key}={value}" for key, value in settings_of.items()]
        if columns in has_legend_at:
            assert f" {n} {' '.join(words)}" in below
        else:
            assert any(line.split()[: len(words)] == [*settings_of.values()] for line in table)


def test_two_sweeps_of_the_same_seeds_differ_in_their_time_only(here: Here) -> None:
    first, second = (as_json("--seeds", "5:9") for _ in range(2))

    for name in ("wall_s", "seeds_per_s"):
        first.pop(name)
        second.pop(name)
    assert first == second


def test_the_last_line_says_what_was_shown(here: Here) -> None:
    result = twophase("sweep", "bank", *SMALL, "--seeds", "0:4", "--set", "network.loss=0")

    assert result.exit_code == 0
    assert " ".join(result.stdout.split()).endswith(
        "no finding in 4 seeds: under fault model network.repeat=0.01, faults.crashes=2"
        " a seed fails with probability below 0.53 (95 %)"
    )
    assert "transaction.unknown" in result.stdout


def test_findings_are_grouped_and_can_be_seen_again(here: Here, broken: None) -> None:
    result = twophase("sweep", "bank", "--seeds", "1:30", "--set", "network.loss=0.02")

    assert result.exit_code == 1
    assert "timestamps: item lost  in 4 runs" in result.stdout
    assert "seed 7 lost an item, and more" in result.stdout
    assert "seeds 7, 14, 21, 28" in result.stdout
    assert "twophase simulate bank --seed 7 --set network.loss=0.02" in result.stdout
    assert "4 of 29 seeds have findings" in result.stdout


def test_findings_in_json(here: Here, broken: None) -> None:
    [finding] = as_json("--seeds", "1:90")["findings"]

    assert (finding["checker"], finding["kind"]) == ("timestamps", "item lost")
    assert (finding["seeds"], finding["count"]) == (12, 24)
    assert [first["seed"] for first in finding["first"]] == [7, 14, 21, 28, 35]
    replay = shlex.split(finding["first"][0]["replay"])
    assert replay[:5] == ["twophase", "simulate", "bank", "--seed", "7"]


def test_a_replay_is_the_command_for_that_combination() -> None:
    chosen, results = plan(0, 2, ({"network.loss": "0.02", "cluster.partitions": "2"},)), Results(1)
    results.add(wrong(1))
    told = Told("bank", chosen, results, Sweep(chosen, results, Here()), 0, 2, "processes")
    [group] = results.groups.values()

    assert told.replay(group.first[0]) == (
        "twophase simulate bank --seed 1 --set network.loss=0.02 --set cluster.partitions=2"
    )


# What it refuses ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nobody"], "there is no scenario 'nobody'"),
        (["."], "is a directory"),
        (["bank", "--seeds", "5:5"], "--seeds must be FROM:TO"),
        (["bank", "--seeds", "-1:5"], "--seeds must be FROM:TO"),
        (["bank", "--seeds", "1:x"], "--seeds must be FROM:TO"),
        (["bank", "--seeds", "0:99999999999"], "ask for fewer at once"),
        (["bank", "--set", "network.loss=0,2"], "network.loss is to be from 0 to 1, not 2"),
        (["bank", "--set", "network.los=0,1"], "'network.los' is no key of a scenario"),
        (["bank", "--set", "network.loss=0,,1"], "nothing between two commas"),
        (["bank", "--jobs", "0"], "--jobs must be a whole number from 1"),
        (["bank", "--time", "soon"], "--time must be a time like 60s, 5m or 2h"),
        (["bank", "--time", "0s"], "--time must be a time like 60s, 5m or 2h"),
        (["bank", "--executor", "threads"], "--executor must be 'processes', dask://HOST:PORT or"),
        (["bank", "--executor", "dask://nowhere"], "--executor must be 'processes', dask://"),
        (["bank", "--executor", f"ray://here:{'1' * 5_000}"], "--executor must be 'processes', "),
        (["bank", "--executor", "ray://h:1", "--jobs", "2"], "--jobs is for processes"),
        (["bank", "--csv", "no/such/folder.csv"], "cannot be opened: no such file or directory"),
        (["bank", "--csv", "."], "cannot be opened: is a directory"),
        (
            ["bank", "--set", "network.loss=0.1,0.10"],
            "--set gives the same runs twice: network.loss=0.1 and network.loss=0.10; say it once",
        ),
    ],
)
def test_bad_input_is_told_in_a_sentence(words: list[str], said: str) -> None:
    result = twophase("sweep", *words)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert said in result.stderr


def test_a_file_of_something_else_is_bad_input(here: Here, tmp_path: Path) -> None:
    file = tmp_path / "notes.csv"
    file.write_text("my notes\n")

    result = twophase("sweep", "bank", "--seeds", "0:2", "--csv", str(file))

    assert result.exit_code == 2
    assert "is no result file of a sweep: name another file" in result.stderr
    assert file.read_text() == "my notes\n"


def test_seeds_and_times_are_read_as_they_are_written() -> None:
    assert seeds_of("0:10000") == (0, 10_000)
    assert seeds_of("7") == (7, 8)
    assert [seconds_of(text) for text in ("60s", "1.5m", "2h", "90")] == [60, 90, 7200, 90]


# Going on ----------------------------------------------------------------------------------------


def test_a_sweep_goes_on_where_its_file_ends(here: Here, tmp_path: Path) -> None:
    file = str(tmp_path / "results.csv")
    whole = as_json("--seeds", "0:8")
    as_json("--seeds", "0:5", "--csv", file)
    here.chunks.clear()

    resumed = as_json("--seeds", "0:8", "--csv", file)

    assert sorted(seed for chunk in here.chunks for seed in chunk.seeds) == [5, 6, 7]
    assert (resumed["from_file"], resumed["seeds"]) == (5, 8)
    for name in ("combinations", "marks", "faults", "novelty", "verdict", "ok"):
        assert resumed[name] == whole[name]


def test_a_sweep_that_is_done_says_it_again(here: Here, tmp_path: Path) -> None:
    file = str(tmp_path / "results.csv")
    first = as_json("--seeds", "0:5", "--csv", file)
    here.chunks.clear()

    again = as_json("--seeds", "0:5", "--csv", file)

    assert here.chunks == []
    assert again["verdict"] == first["verdict"]


def test_findings_of_before_count_as_well(here: Here, broken: None, tmp_path: Path) -> None:
    file = str(tmp_path / "results.csv")
    first, again = (as_json("--seeds", "0:30", "--csv", file) for _ in range(2))

    assert again["from_file"] == 30
    assert again["findings"] == first["findings"] != []


class Going:
    """A sweep in a process of its own, with more to do than it will."""

    def __init__(self, file: Path, *words: str) -> None:
        self.file = file
        command = [sys.executable, "-m", "twophase", "sweep", "bank", *SMALL, "--csv", str(file)]
        self.process = subprocess.Popen(
            [*command, *words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # A group of its own, so that all of it can be looked for.
        )

    def await_lines(self, count: int) -> None:
        until = time.monotonic() + WAIT_SECONDS
        while not self.file.exists() or self.file.read_bytes().count(b"\n") < count:
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < until, "nothing is done"
            time.sleep(0.02)

    def await_silence(self) -> None:
        """Wait until no process of the sweep is left."""
        until = time.monotonic() + WAIT_SECONDS
        while living_in_group(self.process.pid):
            assert time.monotonic() < until, "a worker is left behind"
            time.sleep(0.02)


def living_in_group(group: int) -> list[int]:
    """List the processes of a group that are more than a name in the process table."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, pgrp = status.read_text().rpartition(")")[2].split()[:3]
        except OSError:  # Gone meanwhile.
            continue
        if int(pgrp) == group and state not in "ZX":
            found.append(int(status.parent.name))
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_a_sweep_that_is_killed_leaves_nobody_behind_and_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "results.csv"
    going = Going(file, "--seeds", "0:100000", "--jobs", "2")
    going.await_lines(60)
    assert len(living_in_group(going.process.pid)) >= 3
    os.kill(going.process.pid, signal.SIGKILL)
    going.process.communicate()
    going.await_silence()

    with file.open(newline="") as text:
        seeds = {int(line["seed"]) for line in csv.DictReader(text) if line["explanation"] == ""}
    resumed = as_json("--seeds", f"0:{max(seeds) + 1}", "--csv", str(file), "--jobs", "2")
    assert resumed["from_file"] >= 58
    assert resumed["seeds"] == max(seeds) + 1


@pytest.mark.slow
def test_ctrl_c_ends_a_sweep_with_what_is_known(tmp_path: Path) -> None:
    file = tmp_path / "results.csv"
    going = Going(file, "--seeds", "0:100000", "--jobs", "2", "--json")
    going.await_lines(60)
    os.killpg(going.process.pid, signal.SIGINT)  # As a terminal does it: workers hear it as well.
    out, err = going.process.communicate(timeout=WAIT_SECONDS)

    document = json.loads(out)
    assert (going.process.returncode, err) == (130, "")
    assert document["stopped"] == "interrupted"
    assert document["seeds"] == file.read_bytes().count(b"\n") - 1 >= 59
    with file.open(newline="") as text:
        line = next(csv.DictReader(text))
    scenario = load("bank", {"workload.transactions": "5", "workload.clients": "2"})
    assert line["digest"] == run(scenario, int(line["seed"])).digest


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_ctrl_c_while_workers_come_up_ends_a_sweep_without_a_word_of_theirs(tmp_path: Path) -> None:
    going = Going(tmp_path / "results.csv", "--seeds", "0:100000", "--jobs", "2", "--json")
    until = time.monotonic() + WAIT_SECONDS
    while len(living_in_group(going.process.pid)) < 3:  # The fork server begins to import.
        assert time.monotonic() < until, "no worker comes"
    os.killpg(going.process.pid, signal.SIGINT)
    out, err = going.process.communicate(timeout=WAIT_SECONDS)

    assert (going.process.returncode, err) == (130, "")
    assert json.loads(out)["stopped"] == "interrupted"
    going.await_silence()


@pytest.mark.slow
def test_time_that_is_up_ends_a_sweep(tmp_path: Path) -> None:
    document = as_json("--seeds", "0:1000000", "--time", "0.5s", "--jobs", "2")

    assert document["stopped"] == "time"
    assert 0 < document["seeds"] < 1_000_000


# Broken on purpose -------------------------------------------------------------------------------

MUTANT = ("--mutant", "conditions-are-not-judged")


@pytest.mark.slow
def test_a_mutant_is_found_and_its_replay_breaks_the_same_rule(here: Here) -> None:
    words = ("--set", "workload.transactions=40", "--seeds", "0:5")
    result = twophase("sweep", "bank", *words, *MUTANT, "--json")
    document = json.loads(result.stdout)

    assert result.exit_code == 1
    assert document["mutant"] == MUTANT[1]
    first = document["findings"][0]["first"][0]
    again = twophase(*shlex.split(first["replay"])[1:], "--json")
    assert again.exit_code == 1
    explanations = [
        " ".join(one["explanation"].split()) for one in json.loads(again.stdout)["findings"]
    ]
    assert any(one.startswith(first["explanation"].rstrip(" …")) for one in explanations)
    # Whole again: the rule is broken in the sweep's runs and nowhere else.
    assert as_json("--seeds", "0:3")["findings"] == []


def test_a_mutant_that_nobody_knows_is_bad_input(here: Here) -> None:
    result = twophase("sweep", "bank", "--mutant", "conditions-are-judged")

    assert result.exit_code == 2
    assert "there is no mutant 'conditions-are-judged'" in result.stderr


def test_none_is_no_rule_that_is_broken(here: Here) -> None:
    assert "mutant" not in as_json("--seeds", "0:1", "--mutant", "none")


def test_a_mutants_results_are_no_evidence_for_the_rules(here: Here, tmp_path: Path) -> None:
    file = str(tmp_path / "results.csv")
    words = ("sweep", "bank", *SMALL, "--seeds", "0:2", "--csv", file)
    assert twophase(*words, *MUTANT).exit_code in (0, 1)

    result = twophase(*words)

    assert result.exit_code == 2
    assert "results of scenario bank --mutant conditions-are-not-judged" in result.stderr


# Runs that cannot be carried out -----------------------------------------------------------------


def test_runs_that_cannot_be_carried_out_are_told_and_are_no_success(here: Here) -> None:
    # No table is made within a millisecond.
    words = ("sweep", "bank", "--seeds", "0:3", "--set", "run.trouble_us_max=1000")
    result = twophase(*words)

    assert result.exit_code == 2
    assert "3 runs could not be carried out" in result.stdout
    assert "setting up has not ended by 1000 µs" in result.stdout
    assert "no run was judged: nothing is known" in result.stdout


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no disk that is always full")
def test_a_file_that_takes_no_header_cannot_be_written(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ResultFile, "_begins", lambda _: False)  # As if it were empty.
    result = twophase("sweep", "bank", *SMALL, "--seeds", "0:2", "--csv", "/dev/full")

    assert result.exit_code == 2
    assert "/dev/full cannot be written: no space left on device" in result.stderr.lower()


def test_what_is_known_when_the_file_is_full_is_told(
    here: Here, broken: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: ResultFile, rows: list[Row]) -> None:
        if any(row.findings for row in rows):
            raise ResultFileError("the file cannot be written: no space left on device")

    monkeypatch.setattr(ResultFile, "keep", full)
    words = ("--seeds", "0:100", "--json", "--csv", str(tmp_path / "rows.csv"))
    result = twophase("sweep", "bank", *SMALL, *words)

    assert result.exit_code == 2
    assert "--csv: the file cannot be written" in result.stderr
    assert json.loads(result.stdout)["findings"]
