"""`twophase check`: verdicts, exit codes, and one sentence for what is malformed."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sim.checkers.graph import search
from tests.tidy import ROOT
from twophase.cli.check import UNDECIDED
from twophase.cli.main import main

HISTORIES = ROOT / "tests" / "sim" / "checkers" / "histories"
SKEW, TRANSFER = str(HISTORIES / "read-skew.jsonl"), str(HISTORIES / "transfer.jsonl")


def twophase(*words: str, given: str | None = None) -> Result:
    return CliRunner(env={"COLUMNS": "100"}).invoke(main, ["check", *words], input=given)


def lines(*txns: list[Any]) -> str:
    """Write transactions that succeed, one after another."""
    entries = []
    for ops in txns:
        asked = [[f, key, None if f == "r" else value] for f, key, value in ops]
        entries += [
            json.dumps({"type": kind, "process": 0, "f": "txn", "value": value})
            for kind, value in (("invoke", asked), ("ok", ops))
        ]
    return "\n".join(entries)


def test_a_valid_history_is_exit_code_0() -> None:
    result = twophase(TRANSFER)

    assert result.exit_code == 0
    assert "Valid: serializable" in result.stdout
    assert "3 transactions: 0 failed, 1 with unknown outcome" in result.stdout


def test_an_anomaly_is_told_and_is_exit_code_1() -> None:
    result = twophase(SKEW)

    assert result.exit_code == 1
    told = " ".join(result.stdout.split())
    assert "Not serializable: 1 anomaly" in told
    assert "G-single read skew" in told
    assert "but T0 must precede T1, because T1 read x = [1], and T0 appended 1 to x" in told
    assert "Refutes: snapshot isolation, serializable. Still possible: read committed." in told
    assert "Still possible, by all of this: read committed" in told


def test_json_is_one_object_with_all_its_keys() -> None:
    result = twophase(SKEW, "--json")

    document = json.loads(result.stdout)
    assert result.exit_code == 1
    assert list(document) == ["valid", "model", "transactions", "anomalies"]
    assert (document["valid"], document["model"]) == (False, "serializable")
    assert document["transactions"] == 2
    (anomaly,) = document["anomalies"]
    assert anomaly["type"] == "G-single"
    assert "T1 must precede T0, because" in anomaly["explanation"]
    assert sorted(anomaly["transactions"]) == [0, 1]
    assert result.stderr == ""


def test_json_of_a_valid_history_has_no_anomalies() -> None:
    document = json.loads(twophase(TRANSFER, "--json").stdout)

    assert document["valid"] is True
    assert document["anomalies"] == []


def test_the_page_shows_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    page = (ROOT / "docs" / "checking.md").read_text(encoding="utf-8")
    command = "twophase check tests/sim/checkers/histories/read-skew.jsonl"
    shown = page.partition(f"```text\n$ {command}\n")[2].partition("```")[0]

    printed = CliRunner(env={"COLUMNS": "80"}).invoke(main, command.split()[1:]).stdout

    assert shown == printed
    assert Path(SKEW).read_text() in page


def test_standard_input_is_read() -> None:
    result = twophase("-", given=Path(SKEW).read_text())

    assert result.exit_code == 1
    assert "standard input" in result.stdout


def test_the_model_decides() -> None:
    stale = lines([["append", "x", 1]], [["r", "x", []]])

    assert twophase("-", given=stale).exit_code == 0
    for model in ("strict-serializable", "linearizable"):
        result = twophase("-", "--json", "--model", model, given=stale)
        assert result.exit_code == 1
        (anomaly,) = json.loads(result.stdout)["anomalies"]
        assert anomaly["type"] == "G-single-realtime"


def test_registers_are_linearizable_or_not() -> None:
    good = lines([["w", "x", 1]], [["w", "x", 2]], [["r", "x", 2]])
    stale = lines([["w", "x", 1]], [["w", "x", 2]], [["r", "x", 1]])

    assert twophase("-", "--model", "linearizable", given=good).exit_code == 0
    result = twophase("-", "--model", "linearizable", "--json", given=stale)
    assert result.exit_code == 1
    (anomaly,) = json.loads(result.stdout)["anomalies"]
    assert anomaly["type"] == "not-linearizable"
    assert anomaly["refutes"] == ["linearizable"]
    assert "x = 1 came before x = 2, because" in anomaly["explanation"]
    assert "but x = 2 came before x = 1, because" in anomaly["explanation"]


def test_an_empty_history_says_so() -> None:
    result = twophase("-", given="")

    assert result.exit_code == 0
    assert "nothing to judge" in result.stdout


def test_many_anomalies_are_counted() -> None:
    result = twophase("-", given=lines(*[[["r", key, 7]] for key in range(12)]))

    assert "Not serializable: 10 anomalies" in result.stdout
    assert "2 more of these types are not shown." in result.stdout


def test_no_verdict_is_neither_yes_nor_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "WORK_EACH", 0)
    monkeypatch.setattr(search, "WORK_MIN", 0)
    blind = lines([["w", "x", 1]], [["w", "x", 2]])

    assert UNDECIDED not in (0, 1, 2)
    result = twophase("-", given=blind)
    assert result.exit_code == UNDECIDED
    assert "Undecided: serializable" in result.stdout
    document = json.loads(twophase("-", "--json", given=blind).stdout)
    assert document["valid"] is None
    assert document["undecided"]


@pytest.mark.parametrize(
    ("words", "given", "told"),
    [
        (["-"], "{", "standard input, line 1: not JSON"),
        (["-"], lines([["w", "x", 1]]) + "\n" + "[]", "standard input, line 3: not a JSON object"),
        (
            ["-"],
            lines([["w", "x", 1]], [["w", "x", 1]]),
            "standard input, line 3: 1 is written to key 'x' a second time",
        ),
        (
            ["-"],
            lines([["w", "k" * 500, "v" * 500]], [["w", "k" * 500, "v" * 500]]),
            f"line 3: '{'v' * 59} … is written to key '{'k' * 59} … a second time",
        ),
        (
            ["-"],
            lines([["r", "k" * 500, [["v" * 500]]]]),
            f"line 2: key '{'k' * 59} … was read with an element [\"{'v' * 58} …; elements are",
        ),
        (
            ["-"],
            lines([["w", "x", 1]], [["append", "x", 2]]),
            "line 3: key 'x' is used as a list and as a register",
        ),
        (
            ["-"],
            lines([["w", "x", 1]], [["r", "x", []]]),
            "line 4: key 'x' is used as a list and as a register",
        ),
        (
            ["-"],
            lines([["r", "x", [None]]]),
            "line 2: key 'x' was read with an element null; elements are numbers or texts",
        ),
        (
            ["-", "--model", "linearizable"],
            lines([["w", "x", 1]], [["w", "x", 2], ["r", "y", None]]),
            "line 3: transaction 2 has more or fewer operations than one",
        ),
        (["-", "--model", "snapshot"], "", "--model must be one of serializable, strict"),
        (["nowhere.jsonl"], "", "'nowhere.jsonl' cannot be read: no such file"),
        (["."], "", "is a directory"),
        ([], "", "Missing argument"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_exit_code_2(
    words: list[str], given: str, told: str
) -> None:
    result = twophase(*words, given=given)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("twophase: ")
    assert told in result.stderr
    assert result.stderr.count("\n") == 1
