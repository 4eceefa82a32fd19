"""The files of a run: whole or not there, the same bytes for the same seed."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from sim.cluster_run import Run
from twophase.cli.main import main

SMALL = ("--json", "--set", "workload.transactions=15")


def twophase(*words: str) -> Result:
    return CliRunner().invoke(main, ["simulate", *SMALL, *words])


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    path = tmp_path_factory.mktemp("files") / "trace.jsonl"
    settings = ("--set", "network.loss=0.1", "--set", "faults.crashes=2")
    assert twophase("--trace", str(path), *settings).exit_code == 0
    return lines_of(path)


def test_the_same_seed_is_the_same_bytes(tmp_path: Path) -> None:
    for n in "12":
        files = ("--trace", str(tmp_path / f"trace{n}"), "--history", str(tmp_path / f"history{n}"))
        assert twophase("--seed", "4", *files).exit_code == 0

    for name in ("trace", "history"):
        first, second = ((tmp_path / f"{name}{n}").read_bytes() for n in "12")
        assert first == second
        assert first
    assert len(list(tmp_path.iterdir())) == 4, "nothing else is left behind"


def test_a_trace_does_not_change_the_run(tmp_path: Path) -> None:
    with_trace, without = twophase("--trace", str(tmp_path / "trace")), twophase()

    first, second = json.loads(with_trace.stdout), json.loads(without.stdout)
    assert first["digest"] == second["digest"]


def test_a_trace_has_every_event_in_the_order_of_time(trace: list[dict[str, Any]]) -> None:
    times = [line["us"] for line in trace]

    assert times == sorted(times)
    assert {
        "message.sent",
        "message.delivered",
        "message.lost",
        "change.durable",
        "host.started",
        "host.crashed",
        "transaction.committed",
    } <= {line["event"] for line in trace}


def test_a_message_is_sent_once_and_told_with_its_fields(trace: list[dict[str, Any]]) -> None:
    sent = [line for line in trace if line["event"] == "message.sent"]
    prepare = next(line for line in sent if line["kind"] == "Prepare")

    assert len({(line["link"], line["n"]) for line in sent}) == len(sent)
    assert {line["fate"] for line in sent} >= {"carried", "lost", "repeated"}
    assert list(prepare)[:8] == ["us", "event", "link", "n", "kind", "fate", "id", "reply_to"]
    assert list(prepare["message"]) == ["transaction", "entry", "timestamp", "actions"]
    assert prepare["message"]["actions"][0]["Put"]["key"] == [{"S": "ORD#1001"}]


def test_what_arrives_or_is_lost_was_sent(trace: list[dict[str, Any]]) -> None:
    sent = {(line["link"], line["n"]) for line in trace if line["event"] == "message.sent"}
    ended = [line for line in trace if line["event"] in ("message.delivered", "message.lost")]

    assert all((line["link"], line["n"]) in sent for line in ended)
    assert all(line["because"] for line in ended if line["event"] == "message.lost")


def test_a_history_has_what_clients_asked_and_saw(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    document = json.loads(twophase("--history", str(path)).stdout)
    history = lines_of(path)

    transactions = [line for line in history if line["f"].startswith("Transact")]
    assert len(transactions) == sum(document["transactions"].values())
    assert all(line["invoked_us"] <= line["returned_us"] for line in history)
    assert {line["outcome"] for line in history} <= {"committed", "cancelled", "unknown"}
    assert transactions[0]["process"] == "k1"
    assert transactions[0]["request"]["TransactItems"][0]["Put"]["TableName"] == "Orders"


def test_a_file_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_text("older")

    twophase("--trace", str(path))

    assert lines_of(path)


def test_a_run_that_fails_leaves_nothing_and_touches_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_text("older")

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Run, "go", broken)
    twophase("--trace", str(path))

    assert [file.read_text() for file in tmp_path.iterdir()] == ["older"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    link.symlink_to(target)

    twophase("--history", str(link))

    assert link.is_symlink()
    assert lines_of(target)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
def test_a_full_disk_is_told_in_a_sentence() -> None:
    result = twophase("--trace", "/dev/full")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert "no space left" in result.stderr
    assert result.stderr.count("\n") == 1
    assert Path("/dev/full").is_char_device(), "a device stays what it is"
