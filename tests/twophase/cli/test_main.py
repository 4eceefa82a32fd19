"""The command as a process: start, end, exit codes, pipes."""

import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.tidy import ROOT
from twophase.cli import scenarios
from twophase.cli.main import COMMANDS, main

COMMAND = [sys.executable, "-m", "twophase"]


def twophase(
    *words: str, files: int | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the command; `files` is how many it may have open."""
    limited = ["sh", "-c", f'ulimit -n {files}; exec "$@"', "sh"] if files is not None else []
    return subprocess.run(
        [*limited, *COMMAND, *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **variables},
    )


def test_help_names_every_command() -> None:
    result = CliRunner().invoke(main, ["--help"])

    assert result.exit_code == 0
    assert all(name in result.stdout for name in COMMANDS)


def test_no_command_is_answered_with_help() -> None:
    alone, asked = (CliRunner().invoke(main, words) for words in ([], ["--help"]))

    assert alone.exit_code == 0
    assert alone.stdout == asked.stdout


def test_the_version_is_told() -> None:
    done = twophase("--version")

    assert done.returncode == 0
    assert done.stdout.startswith("twophase ")


@pytest.mark.parametrize("words", [["--bogus"], ["bogus"], ["simulate", "--seed"]])
def test_a_mistyped_command_is_one_sentence_and_exit_code_2(words: list[str]) -> None:
    result = CliRunner().invoke(main, words)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("twophase: ")
    assert result.stderr.count("\n") == 1
    assert "Usage" not in result.stderr


def test_an_unknown_command_is_answered_with_those_that_there_are() -> None:
    result = CliRunner().invoke(main, ["simulat"])

    assert "simulate" in result.stderr
    assert "scenarios" in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "mutants one-accept-is-enough",
            "mutants takes options, not 'one-accept-is-enough': `twophase simulate SCENARIO"
            " --mutant NAME` runs one, and --hunt NAME hunts one",
        ),
        ("simulate bank 3", "takes [SCENARIO|FILE.toml] and options, not '3': a seed is --seed 3"),
        ("simulate bank ٣", "not '٣': `twophase simulate --help` shows them"),
        ("simulate bank --set network.loss 1", "is set by --set network.loss=1"),
        (
            "sweep bank --set network.delay_us=log-normal 500,200",
            "as in --set 'network.delay_us=log-normal 500,200'",
        ),
        ("check one.jsonl two.jsonl more", "not 'two.jsonl': `twophase check --help` shows them"),
        ("replay one.toml 3", "not '3': `twophase replay --help` shows them"),
    ],
)
def test_a_word_too_many_is_answered_with_what_may_be_meant(words: str, said: str) -> None:
    result = CliRunner().invoke(main, words.split())

    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_python_without_assertions_is_refused() -> None:
    done = twophase("scenarios", PYTHONOPTIMIZE="1")

    assert done.returncode == 2
    assert done.stdout == ""
    assert "without -O" in done.stderr


def test_help_imports_neither_the_simulation_nor_rich() -> None:
    script = (
        "import sys\n"
        "from twophase.cli.main import main\n"
        "try:\n"
        "    main(['--help'])\n"
        "except SystemExit:\n"
        "    sys.exit(bool({'sim', 'rich', 'asyncio', 'lark'} & set(sys.modules)))\n"
    )

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_json_does_without_rich() -> None:
    script = (
        "import sys\n"
        "from twophase.cli.main import main\n"
        "try:\n"
        "    main(['simulate', '--json', '--set', 'workload.transactions=5'])\n"
        "except SystemExit:\n"
        "    sys.exit('rich' in sys.modules)\n"
    )
    command = [sys.executable, "-c", script]

    assert subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0


def test_a_closed_pipe_is_silent() -> None:
    with subprocess.Popen(
        [*COMMAND, "simulate", "--set", "workload.transactions=5"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        complaint = process.stderr.read()
        code = process.wait()

    assert complaint == b""
    assert code == 141


def test_more_processes_than_the_system_gives_are_told_in_a_sentence() -> None:
    result = twophase("steps", "--no-pairs", "--jobs", "60", files=40)

    assert result.returncode == 2
    assert result.stderr.endswith(  # Python's fork server may have complained before.
        "twophase: the system gives no more: too many open files; fewer --jobs need less\n"
    )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no disk that is always full")
@pytest.mark.parametrize("words", [["scenarios"], ["simulate", "one-transaction"], ["--help"]])
def test_an_output_that_cannot_be_written_is_told(words: list[str]) -> None:
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [*COMMAND, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )

    assert ended.stderr == "twophase: the output cannot be written: no space left on device\n"
    assert ended.returncode == 2


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no disk that is always full")
def test_a_complaint_that_cannot_be_written_has_its_exit_code() -> None:
    with open("/dev/full", "w") as full:
        ended = subprocess.run([*COMMAND, "bogus"], stderr=full, check=False)

    assert ended.returncode == 2


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no disk that is always full")
def test_a_server_that_cannot_say_where_it_is_does_not_blame_the_port() -> None:
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [*COMMAND, "serve", "--port", "0"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )

    assert ended.stderr == "twophase: the output cannot be written: no space left on device\n"
    assert ended.returncode == 2


def test_no_place_for_temporary_files_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/nowhere"])
    monkeypatch.setattr(scenarios, "shipped", tempfile.mkdtemp)  # As processes are begun with.
    result = CliRunner().invoke(main, ["scenarios"])

    assert result.stderr == (
        "twophase: there is no temporary directory to write to: name one with TMPDIR\n"
    )
    assert result.exit_code == 2


@pytest.mark.skipif(os.name != "posix", reason="a shell of POSIX closes it")
def test_an_output_that_is_closed_is_told() -> None:
    shell = f"{shlex.quote(sys.executable)} -m twophase scenarios >&-"
    ended = subprocess.run(["sh", "-c", shell], stderr=subprocess.PIPE, text=True, check=False)

    assert ended.stderr == "twophase: standard output is closed: there is nowhere to answer\n"
    assert ended.returncode == 2


@pytest.mark.skipif(os.name != "posix", reason="a shell of POSIX closes it")
@pytest.mark.parametrize(("seed", "code"), [("1", 0), ("x", 2)])
def test_where_errors_are_closed_the_exit_code_says_what_came_of_it(seed: str, code: int) -> None:
    command = f"{shlex.quote(sys.executable)} -m twophase simulate one-transaction --seed {seed}"
    ended = subprocess.run(
        ["sh", "-c", f"{command} 2>&-"], stdout=subprocess.PIPE, text=True, check=False
    )

    assert ended.returncode == code
    assert ("Every check holds" in ended.stdout) == (code == 0)


def test_an_interrupt_is_quiet_and_leaves_no_file(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    with subprocess.Popen(
        [*COMMAND, "simulate", "--set", "workload.transactions=1000000", "--trace", str(trace)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        while process.poll() is None and not list(tmp_path.iterdir()):
            time.sleep(0.01)
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        output, complaint = process.communicate(timeout=60)

    assert process.returncode == 130
    assert output == b""
    assert complaint == b""
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_while_the_command_is_imported_is_quiet(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt  # As Ctrl-C, while click comes.")

    done = twophase("scenarios", PYTHONPATH=os.pathsep.join([str(tmp_path), str(ROOT)]))

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_the_installed_command_begins_where_an_interrupt_is_quiet() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["scripts"] == {"twophase": "twophase.__main__:main"}


def test_signs_that_an_encoding_lacks_are_replaced() -> None:
    done = twophase(
        "simulate", "--story", "--set", "workload.transactions=5", PYTHONIOENCODING="ascii"
    )

    assert done.returncode == 0, done.stderr
    assert "TransactWriteItems" in done.stdout
