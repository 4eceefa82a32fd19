"""A file of one kind where another is asked for: who mixes them up is told which it is."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from twophase.cli.errors import BAD_INPUT
from twophase.cli.main import main

RUN = ("simulate", "bank", "--set", "workload.transactions=5")


def twophase(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, words)
    return result.exit_code, " ".join(result.output.split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Leave every kind of file that a run can leave."""
    folder = tmp_path_factory.mktemp("kinds")
    for option in ("trace", "history", "proof"):
        code, _ = twophase(*RUN, f"--{option}", str(folder / f"{option}.jsonl"))
        assert code == 0
    twophase("report", str(folder / "trace.jsonl"), "--elle", "-o", str(folder / "elle.jsonl"))
    words = ("sweep", "bank", "--seeds", "0:1", "--set", "workload.transactions=5", "--jobs", "1")
    twophase(*words, "--csv", str(folder / "rows.csv"))
    return folder


TOLD = {
    "trace.jsonl": "the file is a trace: `twophase report` shows it",
    "history.jsonl": "the file is what `twophase simulate --history` wrote: "
    "`twophase report SCENARIO --elle` writes a run's history",
    "proof.jsonl": "the file is a proof: `twophase verify-proof` checks it",
    "elle.jsonl": "the file is a history as Jepsen has it: `twophase check` judges it",
    "rows.csv": "the file is a result file: `twophase sweep --csv` goes on with it",
}
COMMANDS = {  # With the file that each takes, if it is one of these.
    "check": "elle.jsonl",
    "report": "trace.jsonl",
    "verify-proof": "proof.jsonl",
    "simulate": "",
    "shrink": "",
    "replay": "",
    "sweep --seeds 0:1": "",
}


@pytest.mark.parametrize(
    ("command", "name"),
    [(command, name) for command, own in COMMANDS.items() for name in TOLD if name != own],
)
def test_a_file_of_another_kind_is_called_by_its_name(
    folder: Path, command: str, name: str
) -> None:
    code, said = twophase(*command.split(), str(folder / name))

    assert code == BAD_INPUT
    assert TOLD[name] in said


@pytest.mark.parametrize(
    ("command", "name", "line"),
    [
        ("check", "elle.jsonl", '{"type":"ok","process":77,"value":[]}'),
        ("report", "trace.jsonl", '{"us":1,"event":"no.event"}'),
        ("verify-proof", "proof.jsonl", "no JSON"),
    ],
)
def test_a_damaged_file_of_the_right_kind_is_not_sent_back_to_where_it_was(
    folder: Path, tmp_path: Path, command: str, name: str, line: str
) -> None:
    damaged = tmp_path / name
    damaged.write_text((folder / name).read_text() + line + "\n")
    code, said = twophase(command, str(damaged))

    assert code == BAD_INPUT
    assert "the file is" not in said


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    code, said = twophase("simulate", str(tmp_path / "pipe"))

    assert code == BAD_INPUT
    assert "there is no scenario" in said
