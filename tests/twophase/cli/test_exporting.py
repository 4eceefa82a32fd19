"""`twophase report` in other formats: to a file, to standard output, and to who reads them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from twophase.cli.main import main

RUN = ("report", "bank", "--set", "workload.transactions=20")


def twophase(*words: str, given: str | None = None) -> Result:
    return CliRunner().invoke(main, words, input=given)


def test_a_history_is_read_by_twophase_check() -> None:
    lines = twophase(*RUN, "--elle").stdout

    judged = twophase("check", "-", "--json", given=lines)

    assert json.loads(judged.stdout)["valid"] is True
    assert judged.exit_code == 0


def test_a_history_that_no_order_explains_is_refused_there() -> None:
    broken = ("report", "bank", "--seed", "3", "--mutant", "reads-have-one-round", "--elle")

    judged = twophase("check", "-", "--json", given=twophase(*broken).stdout)

    assert json.loads(judged.stdout)["valid"] is False


def test_a_file_ending_in_edn_is_edn(tmp_path: Path) -> None:
    file = tmp_path / "history.edn"

    assert twophase(*RUN, "--elle", "-o", str(file)).exit_code == 0

    assert file.read_text().startswith("{:index 0, :type :invoke,")


@pytest.mark.parametrize("name", ["t1", "k1/12"])
def test_a_transaction_is_drawn_by_whatever_name(name: str) -> None:
    drawn = twophase(*RUN, "--transaction", name, "--mermaid").stdout

    assert drawn.startswith("sequenceDiagram\n    %% k1/12:")


def test_the_same_from_a_trace_as_from_the_run(tmp_path: Path) -> None:
    # Without unknown outcomes: of those a trace does not tell when their clients gave up.
    calm = (*RUN[1:], "--set", "network.loss=0", "--set", "faults.crashes=0")
    trace = str(tmp_path / "trace.jsonl")
    twophase("simulate", *calm, "--trace", trace)

    for options in (["--shiviz"], ["--elle"], ["--mermaid", "--transaction", "t2"], ["--perfetto"]):
        of_trace, of_run = twophase("report", trace, *options), twophase("report", *calm, *options)
        assert of_trace.stdout == of_run.stdout != ""


def test_a_trace_for_perfetto_goes_into_a_file(tmp_path: Path) -> None:
    file = tmp_path / "trace.json"

    assert twophase(*RUN, "--perfetto", "-o", str(file)).stdout == ""

    assert json.loads(file.read_text())["traceEvents"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--elle", "--shiviz"), "choose one of them"),
        (("--mermaid",), "name it, as in --transaction t1"),
        (("--elle", "--transaction", "t1"), "it takes no --transaction"),
        (("--mermaid", "--transaction", "t999"), "no transaction 't999'"),
        (("--shiviz", "-o", "/nowhere/at/all"), "there is no directory"),
    ],
)
def test_what_makes_no_sense_is_refused(words: tuple[str, ...], said: str) -> None:
    refused = twophase(*RUN, *words)

    assert refused.exit_code == 2
    assert said in refused.stderr
    assert refused.stdout == ""
