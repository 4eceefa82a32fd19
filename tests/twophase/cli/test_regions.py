"""Several regions at the command line: what is printed of them, and what looks into one cluster."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from twophase.cli.main import main

SMALL = ("--set", "workload.transactions=30")


def twophase(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def as_json(*words: str) -> dict[str, Any]:
    result = twophase("simulate", "global-tables", "--json", *SMALL, *words)
    assert result.exit_code in (0, 1), result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_what_is_allowed_between_regions_is_told_and_is_no_finding() -> None:
    result = twophase("simulate", "global-tables")

    assert result.exit_code == 0
    assert "in each of us-east-1, eu-west-1:" in result.stdout
    for heading in ("The regions", "What another region could see", "Every check holds"):
        assert heading in result.stdout
    assert "The first: a partial transaction" in result.stdout
    assert "The first: a write that is gone" in result.stdout
    assert "a snapshot of each region shows the same" in result.stdout
    assert max(map(len, result.stdout.splitlines()[:-2])) <= 80


def test_json_has_the_regions_among_its_ordinary_keys() -> None:
    document = as_json()
    regions = document["regions"]

    assert document["ok"]
    assert [one["name"] for one in regions["each"]] == ["us-east-1", "eu-west-1"]
    assert sum(sum(one["transactions"].values()) for one in regions["each"]) == sum(
        document["transactions"].values()
    )
    assert regions["lag_us"]["p50"] <= regions["lag_us"]["p99"] <= regions["lag_us"]["max"]
    assert regions["lost_updates"] <= regions["lost_writes"]
    assert regions["gone_when_caught_up"] is True
    assert "regions" not in json.loads(twophase("simulate", "--json", *SMALL).stdout)


STEP = (
    *("--set", "regions.transactions=true"),
    *("--set", 'faults.steps=["crash c1 after its ledger write"]'),
)


def test_json_says_in_which_region_a_step_came() -> None:
    step = "crash c1 after c1's ledger write #1 is durable"

    assert as_json(*STEP)["steps"] == [
        {"region": region, "step": step, "happened": True} for region in ("us-east-1", "eu-west-1")
    ]


def test_the_summary_says_in_which_region_a_step_came() -> None:
    said = " ".join(twophase("simulate", "global-tables", *SMALL, *STEP).stdout.split())

    assert "came in us-east-1: crash c1 after c1's ledger write #1" in said
    assert "came in eu-west-1: crash c1 after c1's ledger write #1" in said


def test_three_regions_are_three() -> None:
    document = as_json("--set", "regions.names=3")

    assert [one["name"] for one in document["regions"]["each"]] == [
        "us-east-1",
        "eu-west-1",
        "ap-southeast-2",
    ]


def test_regions_that_do_not_agree_are_a_finding() -> None:
    document = as_json("--mutant", "tombstones-are-forgotten")

    assert not document["ok"]
    assert {one["checker"] for one in document["findings"]} <= {"replication", "snapshots"}
    assert document["regions"]["gone_when_caught_up"] is False


@pytest.mark.parametrize(
    "words",
    [
        ("simulate", "global-tables", "--story"),
        ("simulate", "global-tables", "--report", "x.html"),
        ("simulate", "global-tables", "--proof", "x.json"),
        ("report", "global-tables"),
        ("steps", "global-tables"),
        ("shrink", "global-tables"),
    ],
)
def test_what_looks_into_one_cluster_is_refused(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = twophase(*words)

    assert result.exit_code == 2
    assert "several regions" in result.stderr
    assert "one cluster" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_trace_names_every_node_with_its_region_and_no_report_is_made_of_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "t.jsonl"
    twophase("simulate", "global-tables", *SMALL, "--trace", str(path))
    events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    result = twophase("report", str(path), "-o", str(tmp_path / "t.html"))

    assert all("." in event["host"] for event in events if "host" in event)
    assert any(event.get("link") == "us-east-1.x1>eu-west-1.x1" for event in events)
    assert result.exit_code == 2
    assert "a run of several regions" in result.stderr


def test_a_failure_of_several_regions_is_run_again_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "f.toml"
    broken = ("--mutant", "tombstones-are-forgotten", "--failure", str(path))
    first = twophase("simulate", "global-tables", *SMALL, *broken, "--json")
    again = twophase("simulate", str(path), "--json")

    assert first.exit_code == again.exit_code == 1
    assert json.loads(first.stdout)["digest"] == json.loads(again.stdout)["digest"]


def test_a_sweep_takes_several_regions() -> None:
    words = ("--seeds", "0:2", "--jobs", "1", "--set", "workload.transactions=10", "--json")
    result = twophase("sweep", "global-tables", *words)

    assert result.exit_code == 0, result.stderr
