"""`twophase report` and `twophase simulate … --report`: what they write, and what they refuse."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from twophase.cli.main import main

SMALL = ("--set", "workload.transactions=20")
FAILING = ("bank", "--seed", "3", "--mutant", "reads-have-one-round")


def twophase(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def data_in(path: Path) -> dict[str, Any]:
    found = re.search(
        r'<script type="application/json" id="run">(.*?)</script>',
        path.read_text(encoding="utf-8"),
        re.DOTALL,
    )
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_a_run_leaves_a_page_if_it_is_asked_for_one(tmp_path: Path) -> None:
    page = tmp_path / "run.html"

    result = twophase("simulate", "bank", *SMALL, "--report", str(page))

    assert result.exit_code == 0
    assert f"the report is {page}" in result.stderr
    assert data_in(page)["meta"]["command"] == (
        "twophase simulate bank --seed 1 --set workload.transactions=20"
    )


def test_a_page_changes_nothing_of_what_is_printed(tmp_path: Path) -> None:
    words = ("simulate", "bank", *SMALL, "--json")
    asked = twophase(*words, "--report", str(tmp_path / "run.html"))

    def without_time(result: Result) -> dict[str, Any]:
        return {**json.loads(result.stdout), "wall_s": 0}

    assert without_time(asked) == without_time(twophase(*words))


def test_run_and_trace_have_the_same_diagram(tmp_path: Path) -> None:
    first, trace, second = tmp_path / "a.html", tmp_path / "t.jsonl", tmp_path / "b.html"
    twophase("simulate", "bank", *SMALL, "--report", str(first), "--trace", str(trace))

    result = twophase("report", str(trace), "-o", str(second))

    assert result.exit_code == 0
    of_run, of_trace = data_in(first), data_in(second)
    for key in ("messages", "bands", "writes", "nodes", "steps"):
        assert of_run[key] == of_trace[key], key
    assert of_trace["meta"]["command"] == ""


def test_a_failure_is_run_again_with_its_seed_and_its_mutant(tmp_path: Path) -> None:
    failure, page = tmp_path / "f.toml", tmp_path / "run.html"
    assert twophase("simulate", *FAILING, "--failure", str(failure)).exit_code == 1

    result = twophase("report", str(failure), "-o", str(page))

    assert result.exit_code == 0
    data = data_in(page)
    assert data["meta"]["mutant"] == "reads-have-one-round"
    assert data["meta"]["seed"] == 3
    assert data["meta"]["about"]
    calls = {call["call"] for call in data["calls"]}
    assert set(data["meta"]["about"]) <= calls


def test_a_page_opens_on_the_transaction_that_is_named(tmp_path: Path) -> None:
    page = tmp_path / "run.html"
    words = ("report", "bank", *SMALL, "-o", str(page))
    assert twophase(*words).exit_code == 0
    assert data_in(page)["meta"]["chosen"] is None
    call = next(one for one in data_in(page)["calls"] if one["names"])

    for name in (call["call"], call["names"][0]):
        assert twophase(*words, "--transaction", name).exit_code == 0
        assert data_in(page)["meta"]["chosen"] == call["call"]


def test_a_page_is_called_run_html_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert twophase("report", "bank", *SMALL).exit_code == 0

    assert [entry.name for entry in tmp_path.iterdir()] == ["run.html"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nobody",), "there is no scenario 'nobody'"),
        (("lost.jsonl",), "there is no trace 'lost.jsonl'"),
        (("lost.toml",), "there is no scenario file 'lost.toml'"),
        (("bank", "--seed", "x"), "--seed must be a whole number"),
        (("bank", "--mutant", "x"), "x"),
        (("bank", *SMALL, "--transaction", "t9999"), "there is no transaction 't9999'"),
        (("bank", *SMALL, "-o", "no/where.html"), "there is no directory"),
        (("bank", *SMALL, "-o", ""), "takes the name of a file"),
        (("empty",), "is empty"),
        (("empty", "--seed", "1"), "takes no --seed"),
        (("bank", *SMALL, "--transaction", ""), "--transaction names none: it is empty"),
        (("words",), "line 1 of 'words' is no event"),
        (("words",), "it is no JSON, or was cut off"),
        (("null",), "a part of it is of another type than it should be"),
        (("other",), "it has no 'us'"),
        (("far",), "the trace 'far' is of a run of several regions"),
        (("empty", "-o", "empty"), "names the run itself"),
    ],
)
def test_what_cannot_be_is_named_and_leaves_nothing(
    words: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").touch()
    for name, line in {"words": "words", "null": "null", "other": '{"a": 1}'}.items():
        Path(name).write_text(f"{line}\n", encoding="utf-8")
    Path("far").write_text(
        '{"us":0,"event":"host.started","region":"eu","host":"eu.l1"}\n', encoding="utf-8"
    )

    result = twophase("report", *words)

    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output
    left = sorted(entry.name for entry in tmp_path.iterdir())
    assert left == ["empty", "far", "null", "other", "words"]


@pytest.mark.parametrize("form", [(), ("--elle",)])
def test_events_that_are_of_no_run_are_no_trace(form: tuple[str, ...], tmp_path: Path) -> None:
    trace, page = tmp_path / "trace", tmp_path / "page"
    twophase("simulate", "bank", *SMALL, "--trace", str(trace))
    text = trace.read_text(encoding="utf-8")
    trace.write_text(re.sub(r'"body":\{.*\},"call"', '"body":{},"call"', text), encoding="utf-8")

    result = twophase("report", str(trace), *form, "-o", str(page))

    assert result.exit_code == 2
    assert "is of no run: its lines do not go together" in result.stderr
    assert not page.exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_a_full_disk_is_no_fault_of_the_trace(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    twophase("simulate", "bank", *SMALL, "--trace", str(trace))

    result = twophase("report", str(trace), "-o", "/dev/full")

    assert result.exit_code == 2
    assert "cannot be written to '/dev/full': no space left on device" in result.stderr


def test_one_file_is_not_two_things(tmp_path: Path) -> None:
    path = str(tmp_path / "one")

    result = twophase("simulate", "bank", *SMALL, "--trace", path, "--report", path)

    assert result.exit_code == 2
    assert "--trace and --report name the same file" in result.stderr
