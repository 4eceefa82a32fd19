"""A proof with any line swapped, dropped or altered is refused; and not by its seal alone."""

import json
from collections.abc import Callable
from functools import cache
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.tidy import ROOT
from twophase.cli.main import main
from twophase.proof import MalformedError, RefutedError, verified

SMALL = ("bank", "--seed", "2", "--set", "workload.transactions=30")
places = st.integers(0, 10**6)


@cache
def proof() -> tuple[str, ...]:
    """Return the lines of a run's proof."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "proof.jsonl"
        result = CliRunner().invoke(main, ["simulate", *SMALL, "--proof", str(path)])
        assert result.exit_code == 0, result.output
        return tuple(path.read_text(encoding="utf-8").splitlines())


def operations() -> list[dict[str, Any]]:
    return [json.loads(line) for line in proof()[1:-2]]


def sealed(changed: list[dict[str, Any]], **last: Any) -> list[str]:
    """Write a proof of these operations, numbered and sealed as if nothing had happened."""
    data = {**json.loads(proof()[-2]), **last}
    lines = [{**line, "n": n} for n, line in enumerate(changed, 1)]
    return with_seal([proof()[0], *(json.dumps(line) for line in (*lines, data))])


def with_seal(texts: list[str]) -> list[str]:
    seal = blake2b("".join(f"{text}\n" for text in texts).encode(), digest_size=16)
    return [*texts, json.dumps({"seal": seal.hexdigest()})]


def without_effect(*times: tuple[int, int]) -> list[str]:
    """Write a proof of read transactions that found nothing, asked for and answered at times."""
    changed: list[dict[str, Any]] = [
        {
            "call": f"k{n}",
            "f": "TransactGetItems",
            "invoked_us": invoked_us,
            "returned_us": returned_us,
            "timestamp": None,
            "reads": [],
            "writes": [],
        }
        for n, (invoked_us, returned_us) in enumerate(times, 1)
    ]
    return sealed(changed, data=[])


def refuted(texts: list[str]) -> str:
    """Return why these lines are no proof; nothing if they are one."""
    try:
        verified(texts)
    except (MalformedError, RefutedError) as error:
        return str(error)
    return ""


# What is written is a proof -----------------------------------------------------------------------


def test_a_proof_says_of_what_and_proves_it() -> None:
    told = verified(proof())
    header = json.loads(proof()[0])

    assert (told["scenario"], told["seed"]) == ("bank", 2)
    assert header["replay"] == "twophase simulate bank --seed 2 --set workload.transactions=30"
    assert len(header["claims"]) == 3
    assert told["operations"] == len(operations())
    assert told["writers"] == sum(one["timestamp"] is not None for one in operations())
    assert refuted(sealed(operations())) == "", "the tests below change something else as well"


def test_the_verifier_is_short_and_stands_alone() -> None:
    text = (ROOT / "twophase" / "proof.py").read_text(encoding="utf-8")
    imports = [line for line in text.splitlines() if line.startswith(("import", "from"))]

    assert len(text.splitlines()) < 100
    assert {line.split()[1] for line in imports} == {"json", "collections.abc", "hashlib", "typing"}


# As it was written, or refused --------------------------------------------------------------------


@given(places)
def test_a_dropped_line_is_refused(place: int) -> None:
    texts = list(proof())
    del texts[place % len(texts)]

    assert refuted(texts)


@given(places, places)
def test_swapped_lines_are_refused(one: int, other: int) -> None:
    texts = list(proof())
    one, other = one % len(texts), other % len(texts)
    assume(one != other)
    texts[one], texts[other] = texts[other], texts[one]

    assert refuted(texts)


@given(places, places, st.characters(codec="ascii"))
def test_an_altered_line_is_refused(line: int, place: int, character: str) -> None:
    texts = list(proof())
    line %= len(texts)
    text = texts[line]
    place %= len(text)
    assume(text[place] != character)
    texts[line] = text[:place] + character + text[place + 1 :]

    assert refuted(texts)


@given(places)
def test_a_repeated_line_is_refused(place: int) -> None:
    texts = list(proof())
    place %= len(texts)
    texts.insert(place, texts[place])

    assert refuted(texts)


# Falsified by somebody who can seal ---------------------------------------------------------------


@given(places)
def test_a_writer_that_is_left_out_is_missed(place: int) -> None:
    changed = operations()
    writers = [n for n, one in enumerate(changed) if one["writes"]]
    del changed[writers[place % len(writers)]]

    assert "cannot have found" in refuted(sealed(changed)) or "leave" in refuted(sealed(changed))


def test_an_operation_without_effect_that_is_left_out_is_missed_by_its_number() -> None:
    texts = list(proof()[:-1])
    del texts[next(n for n, line in enumerate(operations(), 1) if not line["writes"])]

    assert "is missing" in refuted(with_seal(texts))


@given(places, places)
def test_another_value_is_missed(place: int, which: int) -> None:
    changed = operations()
    seen = [(one, kind) for one in changed for kind in ("reads", "writes") if one[kind]]
    one, kind = seen[place % len(seen)]
    one[kind][which % len(one[kind])][1] = {"id": {"S": "another"}}

    assert refuted(sealed(changed))


@given(places)
def test_a_read_before_the_write_that_it_read_is_refused(place: int) -> None:
    changed = operations()
    pairs = [
        (n, m)
        for m, reader in enumerate(changed)
        for n, writer in enumerate(changed[:m])
        if any(written in reader["reads"] for written in writer["writes"])
    ]
    writer, reader = pairs[place % len(pairs)]
    changed.insert(writer, changed.pop(reader))

    assert "cannot have found" in refuted(sealed(changed))


@given(places)
def test_timestamps_in_another_order_are_refused(place: int) -> None:
    changed = operations()
    pairs = [
        (writer, reader)
        for m, reader in enumerate(changed)
        for writer in changed[:m]
        if reader["timestamp"] and any(one in reader["reads"] for one in writer["writes"])
    ]
    first, second = pairs[place % len(pairs)]
    first["timestamp"], second["timestamp"] = second["timestamp"], first["timestamp"]

    assert "in the order of timestamps" in refuted(sealed(changed))


@given(places)
def test_a_writer_without_a_timestamp_is_refused(place: int) -> None:
    changed = operations()
    writers = [one for one in changed if one["writes"]]
    writers[place % len(writers)]["timestamp"] = None

    assert "has no timestamp" in refuted(sealed(changed))


def test_other_data_at_the_end_are_refused() -> None:
    assert "leave the data" in refuted(sealed(operations(), data=[]))


def keeps_real_time(one: dict[str, Any]) -> bool:
    return one["f"] != "GetItem" and one["returned_us"] is not None


def test_an_answer_before_an_earlier_one_was_asked_for_is_refused() -> None:
    changed = operations()
    last = [one for one in changed if keeps_real_time(one)][-1]
    last["invoked_us"], last["returned_us"] = 0, 1

    assert "real time is not kept" in refuted(sealed(changed))


def test_real_time_is_kept_with_all_that_came_before_and_not_with_the_last_alone() -> None:
    assert "real time is not kept" in refuted(without_effect((100, 200), (0, 150), (0, 50)))


def test_an_answer_at_the_moment_of_another_question_may_come_after_it() -> None:
    assert refuted(without_effect((100, 200), (0, 100))) == ""


def test_a_proof_of_no_operation_is_one() -> None:
    assert verified(without_effect())["operations"] == 0


def test_an_unknown_outcome_and_a_get_item_may_be_over_at_any_time() -> None:
    changed = operations()
    last = [one for one in changed if keeps_real_time(one)][-1]
    last["invoked_us"], last["returned_us"] = 0, None
    get = next(one for one in changed if one["f"] == "GetItem")
    get["invoked_us"], get["returned_us"] = 0, 1

    told = verified(sealed(changed))

    assert get["call"] in told["late"]


# What is no proof at all --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda _: [], "the first line is to be the header"),
        (lambda texts: ["[]", *texts[1:]], "line 1 is not a JSON object"),
        (lambda texts: [texts[0], "{", *texts[2:]], "line 2 is not a JSON object"),
        (lambda texts: ["{}", *texts[1:]], "the first line is to be the header"),
        (lambda texts: ['{"proof": 2}', *texts[1:]], "the first line is to be the header"),
        (lambda texts: [texts[0], "{}", *texts[1:]], "not as lines of a proof"),
        (lambda texts: [texts[0], '{"n": 1, "writes": 3}', *texts[1:]], "not as lines"),
    ],
)
def test_what_is_malformed_is_named(
    change: Callable[[tuple[str, ...]], list[str]], said: str
) -> None:
    with pytest.raises(MalformedError, match=said):
        verified(change(proof()))


# The command --------------------------------------------------------------------------------------


def twophase(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def test_the_command_says_what_is_proved(tmp_path: Path) -> None:
    path = tmp_path / "proof.jsonl"
    path.write_text("\n".join(proof()) + "\n", encoding="utf-8")

    result = twophase("verify-proof", str(path))
    as_json = twophase("verify-proof", str(path), "--json")

    assert result.exit_code == as_json.exit_code == 0
    assert "strictly serializable" in result.stdout
    assert json.loads(as_json.stdout)["ok"] is True


def test_a_false_proof_is_exit_code_1(tmp_path: Path) -> None:
    path = tmp_path / "proof.jsonl"
    path.write_text("\n".join(sealed(operations()[:-1])) + "\n", encoding="utf-8")

    result = twophase("verify-proof", str(path), "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["refuted"]


@pytest.mark.parametrize("text", ["", "{}\n", "not JSON\n"])
def test_what_is_no_proof_is_exit_code_2(tmp_path: Path, text: str) -> None:
    path = tmp_path / "proof.jsonl"
    path.write_text(text, encoding="utf-8")

    for name in (path, tmp_path / "nowhere", tmp_path):
        result = twophase("verify-proof", str(name))
        assert result.exit_code == 2
        assert result.stdout == ""
        assert len(result.stderr.splitlines()) == 1


def test_a_run_with_findings_leaves_no_proof(tmp_path: Path) -> None:
    path = tmp_path / "proof.jsonl"

    result = twophase("simulate", *SMALL, "--set", "run.canary=true", "--proof", str(path))

    assert result.exit_code == 1
    assert "no proof is written" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_proof_takes_a_file_of_its_own(tmp_path: Path) -> None:
    path = str(tmp_path / "one")

    result = twophase("simulate", *SMALL, "--history", path, "--proof", path)

    assert result.exit_code == 2
    assert "--history and --proof name the same file" in result.stderr


# What only somebody with a seal could claim -------------------------------------------------------


def test_a_place_that_has_two_values_at_the_end_is_refused() -> None:
    data = json.loads(proof()[-2])["data"]
    other = [data[0][0], {"id": {"S": "x"}, "balance": {"N": "999999"}}]

    assert "two values at the end" in refuted(sealed(operations(), data=[other, *data]))


def test_two_writes_of_one_place_at_one_timestamp_are_refused() -> None:
    changed = operations()
    for one in changed:
        one["timestamp"] = one["timestamp"] and [1, "c1"]

    assert "at one timestamp" in refuted(sealed(changed))


@given(places)
def test_an_answer_before_its_question_is_refused(place: int) -> None:
    changed = operations()
    known = [one for one in changed if one["returned_us"] is not None]
    one = known[place % len(known)]
    one["returned_us"] = one["invoked_us"] - 1

    assert "was over before it began" in refuted(sealed(changed))


@pytest.mark.parametrize("field", ["invoked_us", "returned_us"])
@pytest.mark.parametrize("time", [float("nan"), 1.5, True, "1"])
def test_a_time_that_is_none_is_refused(field: str, time: object) -> None:
    changed = operations()
    changed[0][field] = time

    assert refuted(sealed(changed))


def test_a_writer_that_is_called_a_read_is_not_let_off_real_time() -> None:
    changed = operations()
    writers = [one for one in changed if one["writes"] and one["returned_us"] is not None]
    late = writers[-1]
    late["f"], late["invoked_us"], late["returned_us"] = "GetItem", 0, 0

    assert "real time is not kept" in refuted(sealed(changed))
