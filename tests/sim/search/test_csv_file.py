"""The result file: whatever ends a sweep, the next one goes on with what is whole."""

import csv
from contextlib import closing
from pathlib import Path

import pytest

from sim.search import origin
from sim.search.csv_file import ResultFile, ResultFileError
from sim.search.plan import Plan
from sim.search.rows import Row, killed, not_set_up
from tests.sim.search.jobs import plan, row, wrong
from tests.tidy import BELOW

ROWS = [
    row(1),
    wrong(2, explanations=('it says "no", and: a=1; b=2',)),
    wrong(6, findings={("a", "b c"): 1, ("d", "e"): 7}, explanations=("one", "two, and three")),
    row(3, faults={}, marks={}),
    not_set_up(0, 4, "CreateTable was answered 500"),
    killed(0, 5, "the process died"),
]
GRID = ({"network.loss": "0"}, {"network.loss": "0.1"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.csv"


def written(path: Path, rows: list[Row], chosen: Plan | None = None) -> bytes:
    with closing(ResultFile(path, chosen or plan())) as file:
        assert list(file.rows()) == []
        file.keep(rows)
    return path.read_bytes()


def read(path: Path, chosen: Plan | None = None) -> list[Row]:
    with closing(ResultFile(path, chosen or plan())) as file:
        return list(file.rows())


def test_what_was_written_is_read_again(path: Path) -> None:
    written(path, ROWS)

    assert read(path) == ROWS


def test_it_is_a_table_that_any_program_reads(path: Path) -> None:
    written(path, [row(1), wrong(2, 1)], plan(settings=GRID))
    with path.open(newline="") as text:
        first, second = csv.DictReader(text)

    assert (first["scenario"], first["network.loss"], first["seed"]) == ("bank", "0", "1")
    assert (first["ok"], first["committed"], first["faults"]) == ("true", "30", "crashes=2")
    assert (second["ok"], second["network.loss"]) == ("false", "0.1")
    assert second["findings"] == "timestamps: item lost=2"


def test_wherever_a_line_is_torn_all_others_are_kept(path: Path) -> None:
    whole = written(path, ROWS)
    ends = [place + 1 for place, byte in enumerate(whole) if byte == ord("\n")]

    for length in sorted({*range(0, len(whole), 9), *ends, *(end - 1 for end in ends)}):
        path.write_bytes(whole[:length])
        lines = sum(end <= length for end in ends)
        assert read(path) == ROWS[: max(0, lines - 1)]
        assert path.read_bytes() == whole[: ends[max(0, lines - 1)]]


def test_what_comes_after_a_torn_line_begins_a_line(path: Path) -> None:
    whole = written(path, ROWS[:2])
    path.write_bytes(whole[:-5])
    with closing(ResultFile(path, plan())) as file:
        assert list(file.rows()) == ROWS[:1]
        file.keep(ROWS[1:2])

    assert path.read_bytes() == whole


def test_other_seeds_and_combinations_stay_and_do_not_count(path: Path) -> None:
    whole = written(path, [row(1), row(99, 1), row(5, 1)], plan(settings=GRID))

    assert read(path, plan(0, 10, GRID[1:])) == [row(5, 0)]
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    "content",
    [
        b"hello",
        b"hello\nworld\n",
        b"seed,ok\n1,true\n",
        b"scenario,version\nbank,1\n",
        b"\xff\xfe\n",
        b"\n",
        b"x" * 200_000,
    ],
)
def test_a_file_of_something_else_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    with pytest.raises(ResultFileError, match="no result file"):
        read(path)
    assert path.read_bytes() == content


def test_another_scenario_is_refused(path: Path) -> None:
    whole = written(path, ROWS)
    path.write_bytes(whole.replace(b"bank,", b"hot-keys,"))

    with pytest.raises(ResultFileError, match="scenario hot-keys, and this is bank"):
        read(path)


def test_another_version_of_the_code_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(path, ROWS)
    monkeypatch.setattr(origin, "code_version", lambda: "0.1.0+another")

    with pytest.raises(
        ResultFileError, match=r"version .* of the code, and this is 0\.1\.0\+another"
    ):
        read(path)


@pytest.mark.parametrize(
    ("before", "after"),
    [(b",marks", b""), (b",marks", b",events"), (b"ok,findings", b"findings,ok")],
)
def test_a_file_with_other_columns_is_of_another_version(
    path: Path, before: bytes, after: bytes
) -> None:
    whole = written(path, ROWS, plan(settings=GRID)).replace(before, after, 1)
    path.write_bytes(whole)

    with pytest.raises(ResultFileError, match="another version of the code, which keeps other"):
        read(path, plan(settings=GRID))
    assert path.read_bytes() == whole


def test_other_keys_are_refused(path: Path) -> None:
    with_four = plan(settings=({"cluster.partitions": "4"},))
    with_eight = plan(settings=({"cluster.partitions": "8"},))
    written(path, [row(1)], with_four)

    # Another value of a key that --set gives is another combination of the same sweep.
    assert read(path, with_eight) == []
    assert read(path, with_four) == [row(1)]
    with pytest.raises(ResultFileError, match=r"--set of cluster\.partitions, and this one has no"):
        read(path, plan())


def test_a_scenario_that_was_changed_is_refused(path: Path) -> None:
    written(path, [row(1)])
    changed = plan(settings=({"cluster.partitions": "8"},))
    same_columns = Plan(changed.scenarios, ({},), first=0, end=100)

    with pytest.raises(ResultFileError, match="a scenario bank with other keys"):
        read(path, same_columns)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b",true,", b",maybe,"),
        (b",true,", b",false,"),
        (b",1000,", b",many,"),
        (b",1000,", b",-1000,"),
        (b",1000,", b",1_000,"),
        (b"crashes=2", b"crashes"),
        (b"crashes=2", b"crashes=-2"),
        (b",12.345678,", b",-12.345678,"),
        (b",12.345678,", b",nan,"),
        (b",12.345678,", b",inf,"),
        (b",true,", b",true,,"),
    ],
)
def test_a_line_that_makes_no_sense_is_named(path: Path, before: bytes, after: bytes) -> None:
    whole = written(path, [row(1), row(2)])
    path.write_bytes(whole.replace(before, after))
    assert path.read_bytes() != whole

    with pytest.raises(ResultFileError, match="line 2, is no line"):
        read(path)


def test_two_sweeps_do_not_write_one_file(path: Path) -> None:
    pytest.importorskip("fcntl", reason="files are locked with fcntl, which is not here")
    with (
        closing(ResultFile(path, plan())),
        pytest.raises(ResultFileError, match="written by another sweep"),
    ):
        ResultFile(path, plan())


def test_the_code_has_one_name_until_it_changes() -> None:
    assert origin.code_version() == origin.code_version()
    assert origin.code_version().startswith("0.")


def test_the_codes_name_is_that_of_all_that_a_run_is_made_by() -> None:
    assert {*origin.PACKAGES} == BELOW["sim"] | {"sim"}


def test_a_file_that_takes_no_more_is_told(path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no device here is always full")
    with closing(ResultFile(path, plan())) as file:
        list(file.rows())
        file.close()
        file._file = full.open("ab", buffering=0)
        with pytest.raises(ResultFileError, match="cannot be written: No space left"):
            file.keep(ROWS)
