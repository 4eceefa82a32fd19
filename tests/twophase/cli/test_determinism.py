"""`twophase determinism`: what it prints when all agree and when not, and what it refuses."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sim.search.determinism.asked import golden_digests
from sim.search.determinism.pythons import LeftOut
from tests.sim.search.determinism.one_python import ONLY_THIS, THIS
from tests.sim.search.determinism.plants import LEFT_BEHIND, plant
from tests.sim.search.diff.failures import TWICE, decided_twice
from twophase.cli import determinism as command
from twophase.cli.determinism_table import bytes_apart
from twophase.cli.main import main


def twophase(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "120"}).invoke(main, list(words))


@pytest.fixture(autouse=True)
def only_this(monkeypatch: pytest.MonkeyPatch) -> None:
    old = LeftOut("/usr/bin/python3.8", "cpython 3.8.18 is older than 3.11")
    monkeypatch.setattr(command, "find_pythons", lambda: (ONLY_THIS[0], (old,)))


@pytest.mark.slow
def test_all_agree() -> None:
    result = twophase("determinism", "--seeds", "2")

    assert result.exit_code == 0, result.output
    row = next(line for line in result.stdout.splitlines() if line.startswith("this one"))
    digests = [word for word in row.split() if len(word) == 8 and word != "compiled"]
    assert row.count("✓") == 3
    assert len(digests) == 3
    assert len(set(digests)) == 1
    assert "cpython 3.8.18 is older than 3.11" in result.stdout
    assert "All 6 runs agree, and have the digests that come with twophase." in result.stdout


@pytest.mark.slow
def test_json_has_every_environment_and_one_digest() -> None:
    result = twophase("determinism", "one-transaction", "--seeds", "2", "--json")

    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert document["ok"]
    assert document["golden"] is None  # A scenario of one's own has none.
    assert [one["hash_seed"] for one in document["environments"]] == [0, 1, 42]
    assert len({tuple(one["digests"]) for one in document["environments"]}) == 1
    assert document["difference"] is None


@pytest.mark.slow
def test_a_difference_ends_with_exit_code_1_and_its_first_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path, LEFT_BEHIND, monkeypatch)

    result = twophase("determinism", "one-transaction", "--seeds", "2")

    assert result.exit_code == 1
    assert "one-transaction 0 has two digests:" in result.stdout
    assert "The first event that differs is number" in result.stdout
    assert "both   0.000 ms  sent k1 → r1 #1: CreateTable" in result.stdout


@pytest.mark.slow
def test_digests_that_are_not_the_golden_ones_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    golden = golden_digests()
    monkeypatch.setattr(command, "golden_digests", lambda: {**golden, "game-shop 1": "another"})

    result = twophase("determinism", "--seeds", "2")

    assert result.exit_code == 1
    assert "1 of 2 do not have the digest that comes with twophase: game-shop 1" in result.stdout


@pytest.mark.slow
def test_a_python_that_dies_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/dev/null")
    broken = type(THIS)("/bin/false", "a broken one", borrows=False, compiled=True)
    monkeypatch.setattr(command, "find_pythons", lambda: ((THIS, broken), ()))

    result = twophase("determinism", "one-transaction", "--seeds", "1")

    assert result.exit_code == 1
    assert "a broken one, hash seed 0: it died: exit code 1" in result.stdout
    assert "agree" not in result.stdout


@pytest.mark.slow
def test_a_failures_file_is_run_with_its_rule_broken_and_from_its_seed(tmp_path: Path) -> None:
    file = tmp_path / "twice.toml"
    file.write_text(TWICE)

    document = json.loads(twophase("determinism", str(file), "--seeds", "1", "--json").stdout)

    digests = {digest for one in document["environments"] for digest in one["digests"]}
    assert digests == {decided_twice().digest}


@pytest.mark.slow
def test_runs_that_cannot_be_set_up_are_bad_input() -> None:
    result = twophase("determinism", "bank", "--seeds", "1", "--set", "run.trouble_us_max=1000")

    assert result.exit_code == 2
    assert "no Python can make these runs: setting up has not ended" in result.stderr


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--seeds", "0"), "--seeds must be a whole number from 1 to 100"),
        (("--seeds", "101"), "the golden runs that there are"),
        (("bank", "--seeds", "many"), "--seeds must be a whole number from 1 to 100000"),
        (("no-such",), "there is no scenario 'no-such'"),
        (("--set", "network.loss=0.1"), "--set is for a scenario"),
        (("bank", "--set", "network.loss=2"), "network.loss"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(words: tuple[str, ...], why: str) -> None:
    result = twophase("determinism", *words)

    assert result.exit_code == 2
    assert why in result.stderr
    assert result.stdout == ""


def test_bytes_that_differ_are_shown_from_there_on() -> None:
    assert bytes_apart("0a0b0c", "0aff0c") == (
        "the same in words; from byte 1 on, one has 0b0c and the other ff0c"
    )
    assert bytes_apart("0a", "0a0b").endswith("one has nothing and the other 0b")
