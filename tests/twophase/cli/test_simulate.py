"""`twophase simulate` and `twophase scenarios`: what they print, and what they refuse."""

import gc
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sim.checkers.finding import Finding
from sim.cluster_run import Run
from sim.scenario import shipped
from twophase.cli.main import main

SMALL = ("--set", "workload.transactions=20")


def twophase(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def as_json(*words: str) -> dict[str, Any]:
    result = twophase("simulate", "--json", *words)
    assert result.exit_code in (0, 1), result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


# What it prints ----------------------------------------------------------------------------------


def test_json_is_one_object_with_all_its_keys() -> None:
    document = as_json(*SMALL)

    assert list(document) == [
        "scenario",
        "seed",
        "ok",
        "transactions",
        "reasons",
        "examples",
        "latency_us",
        "messages",
        "faults",
        "checks",
        "findings",
        "marks",
        "virtual_s",
        "wall_s",
        "digest",
        "replay",
    ]
    assert document["scenario"] == "orders-and-payments"
    assert document["seed"] == 1
    assert document["ok"] is (document["findings"] == [])


def test_outcomes_add_up_to_the_transactions_that_were_asked_for() -> None:
    document = as_json("bank", "--seed", "3", "--set", "workload.transactions=37")

    assert sum(document["transactions"].values()) == 37
    assert set(document["transactions"]) == {"committed", "cancelled", "unknown"}


def test_messages_add_up() -> None:
    messages = as_json(*SMALL, "--set", "faults.crashes=0")["messages"]

    assert messages["sent"] + messages["repeated"] >= messages["delivered"] + messages["lost"]
    assert messages["delivered"] > 0


def test_latencies_are_ordered() -> None:
    latency = as_json(*SMALL)["latency_us"]

    assert 0 < latency["p50"] <= latency["p90"] <= latency["p99"]


def test_the_tutorials_conflict_is_among_the_examples_with_its_reasons_by_item() -> None:
    examples = as_json(*SMALL)["examples"]
    cancelled = next(example for example in examples if example["outcome"] == "cancelled")

    assert cancelled["operation"] == "TransactWriteItems"
    assert cancelled["reasons"] == [
        {
            "table": "Orders",
            "key": "ORD#1001",
            "code": "ConditionalCheckFailed",
            "message": "The conditional request failed",
        },
        {"table": "Payments", "key": "PAY#9002", "code": "None", "message": None},
    ]
    assert "CancellationReasons" in cancelled["answer"]
    assert "TransactItems" in cancelled["request"]


def test_the_same_seed_is_the_same_output_but_for_the_wall_clock() -> None:
    first, second = (as_json("bank", "--seed", "7", *SMALL) for _ in range(2))

    first.pop("wall_s")
    second.pop("wall_s")
    assert first == second


def test_another_seed_is_another_run() -> None:
    first, second = (as_json("--seed", seed, *SMALL)["digest"] for seed in ("1", "2"))

    assert first != second


def test_the_summary_tells_the_opening_operation_by_operation() -> None:
    result = twophase("simulate", *SMALL)

    assert result.exit_code == 0
    assert "Put Orders ORD#1001 if attribute_not_exists(OrderID)" in result.stdout
    assert "ConditionalCheckFailed - The conditional request failed" in result.stdout
    assert "None - nothing was wrong with it" in result.stdout
    assert "Every check holds" in result.stdout


def test_output_that_is_no_terminal_is_plain_and_fits_80_columns() -> None:
    result = twophase("simulate", "--story", *SMALL)

    assert "\x1b" not in result.stdout
    assert result.stderr == ""
    assert max(len(line) for line in result.stdout.splitlines()) <= 80
    assert not any(line.endswith(" ") for line in result.stdout.splitlines())


def test_the_replay_command_is_the_same_run() -> None:
    settings = ("--set", "network.delay_us=log-normal 500", "--set", "cluster.partitions=2")
    shown = twophase("simulate", "bank", "--seed", "5", *SMALL, *settings).stdout
    replay = shlex.split(shown.splitlines()[-1])

    assert replay[:2] == ["twophase", "simulate"]
    assert f"Digest          {as_json(*replay[2:])['digest']}\n" in shown


def test_a_scenario_file_is_run(tmp_path: Path) -> None:
    scenario = tmp_path / "mine.toml"
    scenario.write_text('[workload]\nname = "bank"\ntransactions = 9\n')

    document = as_json(str(scenario))

    assert document["scenario"] == "mine"
    assert sum(document["transactions"].values()) == 9


def test_the_heading_counts_the_transactions_that_are_listed(tmp_path: Path) -> None:
    scenario = tmp_path / "story.toml"
    requests = "k1: put a 1\\nk1: write put(a, 2)\\nk2: read a"
    scenario.write_text(f'[workload]\nname = "listed"\nclients = 2\nrequests = "{requests}"\n')

    shown = twophase("simulate", str(scenario)).stdout

    assert "  2 clients, 2 transactions\n" in shown
    assert "Transactions    2: 2 committed" in shown


def test_the_latest_value_of_a_key_holds() -> None:
    document = as_json(*SMALL, "--set", "workload.transactions=11")

    assert sum(document["transactions"].values()) == 11


def test_a_finding_is_told_in_full_and_makes_the_exit_code_1(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    finding = Finding(
        checker="instants",
        kind="wrong answer",
        explanation="an answer that was never true",
        transactions=("k1/7",),
        anomaly="G1a (aborted read)",
        refutes=("read committed",),
        possible=("read uncommitted",),
    )
    monkeypatch.setattr("sim.cluster_run.check_run", lambda *_, **__: (("instants",), [finding]))
    shown = twophase("simulate", *SMALL)
    document = twophase("simulate", "--json", *SMALL)

    assert shown.exit_code == document.exit_code == 1
    assert "an answer that was never true" in shown.stdout
    assert "k1/7" in shown.stdout
    assert "anomaly: G1a (aborted read); refutes: read committed" in shown.stdout
    assert json.loads(document.stdout)["findings"] == [
        {
            "checker": "instants",
            "kind": "wrong answer",
            "explanation": "an answer that was never true",
            "transactions": ["k1/7"],
            "anomaly": "G1a (aborted read)",
            "refutes": ["read committed"],
            "possible": ["read uncommitted"],
        }
    ]


def test_two_findings_of_a_kind_are_shown_and_the_others_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [Finding("calm", "unfinished", f"number {n}", ()) for n in range(5)]
    monkeypatch.setattr("sim.cluster_run.check_run", lambda *_, **__: (("calm",), found))
    shown = twophase("simulate", *SMALL)
    document = twophase("simulate", "--json", *SMALL)

    assert "5 findings" in shown.stdout
    assert [f"number {n}" in shown.stdout for n in range(4)] == [True, True, False, False]
    assert "… and 3 more of calm: unfinished" in shown.stdout
    assert len(json.loads(document.stdout)["findings"]) == 5


def test_the_collector_is_as_it_was_after_a_run() -> None:
    before = gc.get_threshold()

    twophase("simulate", *SMALL)

    assert gc.get_threshold() == before


def test_scenarios_lists_every_shipped_scenario_with_a_line() -> None:
    lines = twophase("scenarios").stdout.splitlines()

    starts = [line.split()[0] for line in lines if not line.startswith(" ")]
    assert starts == list(shipped())


def test_scenarios_as_json() -> None:
    listed = json.loads(twophase("scenarios", "--json").stdout)

    assert [scenario["name"] for scenario in listed] == list(shipped())
    assert all(scenario["description"] for scenario in listed)


# What it refuses ---------------------------------------------------------------------------------

REFUSED = [
    (["nope"], ["no scenario 'nope'", "bank"]),
    (["nope.toml"], ["no scenario file 'nope.toml'"]),
    (["."], ["'.' is a directory", ".toml"]),
    (["a" * 5000], ["file name too long"]),
    (["--set", "cluster.partitions"], ["KEY=VALUE", "cluster.partitions=8"]),
    (["--set", "=8"], ["KEY=VALUE"]),
    (["--set", "cluster.partitions="], ["KEY=VALUE"]),
    (["--set", "cluster.shards=8"], ["'cluster.shards'", "cluster.partitions"]),
    (["--set", "cluster.partitions=many"], ["cluster.partitions", "whole number", "'many'"]),
    (["--set", "cluster.partitions=0"], ["cluster.partitions", "from 1 to 1,000", "0"]),
    (["--set", "cluster.partitions=" + "9" * 400], ["too large"]),
    (["--set", "cluster.partitions=" + "9" * 5_000], ["cluster.partitions", "more digits than"]),
    (["--set", "network.loss=nan"], ["network.loss", "number"]),
    (["--set", "workload.name=shop"], ["workload.name", "bank"]),
    (["bank", "--set", "workload.accounts=1"], ["accounts", "from 2"]),
    (
        ["--set", "run.trouble_us_max=1000"],
        ["cannot be carried out", "setting up has not ended by 1000 µs", "run.trouble_us_max"],
    ),
    (["--set", "run.trouble_us_max=400000"], ["trouble has not ended by 400000 µs"]),
    (["--set", "protocol.operation_deadline_us=1000"], ["500, Internal", "operation_deadline_us"]),
    (["--set", "client.attempt_deadline_us=1000"], ["no answer in time", "attempt_deadline_us"]),
    (["--seed", "one"], ["--seed", "whole number", "'one'"]),
    (["--seed", "-1"], ["--seed", "whole number", "'-1'"]),
    (["--seed", "1.0"], ["--seed", "whole number"]),
    (["--seed", "1_0"], ["--seed", "whole number"]),
    (["--seed", ""], ["--seed", "whole number"]),
    (["--seed", str(1 << 63)], ["--seed", str((1 << 63) - 1)]),
    (["--json", "--story"], ["--story", "--json"]),
    (["--trace", ""], ["--trace", "file"]),
    (["--trace", "."], ["'.'", "directory"]),
    (["--trace", "nowhere/trace"], ["'nowhere/trace'", "no directory"]),
    (["--history", "nowhere/history"], ["'nowhere/history'", "no directory"]),
    (["--trace", "same", "--history", "./same"], ["--trace", "--history", "same file"]),
    (["bank", "hot-keys"], ["hot-keys"]),
]


@pytest.mark.parametrize(("words", "told"), REFUSED, ids=lambda value: str(value)[:40])
def test_bad_input_is_one_sentence_and_exit_code_2(words: list[str], told: list[str]) -> None:
    result = twophase("simulate", *words)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("twophase: ")
    assert result.stderr.count("\n") == 1
    assert all(one in result.stderr for one in told), result.stderr


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = [", "not TOML"),
        ('[workload]\nname = ["bank"]', "single value"),
        ("description = 5", "description"),
        ("", "workload.name"),
    ],
)
def test_a_scenario_file_that_makes_no_sense_is_refused(
    text: str, told: str, tmp_path: Path
) -> None:
    scenario = tmp_path / "mine.toml"
    scenario.write_text(text)

    result = twophase("simulate", str(scenario))

    assert result.exit_code == 2
    assert told in result.stderr
    assert "mine" in result.stderr


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    scenario = tmp_path / "mine.toml"
    scenario.write_bytes(b"\xff\xfe")

    result = twophase("simulate", str(scenario))

    assert result.exit_code == 2
    assert "mine.toml" in result.stderr


def test_a_bug_is_not_taken_for_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Run, "go", broken)

    assert isinstance(twophase("simulate", *SMALL).exception, ZeroDivisionError)
