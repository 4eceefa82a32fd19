"""The graph of a run: what each operation read and wrote, from inside and from outside."""

from typing import Any

import pytest

from sim.checkers.dependencies import SERIALIZABLE, explained
from sim.checkers.whence import whence
from tests.builders import TABLE_NAME, Stage, json_check, json_key, json_put
from tests.sim.checks.evidence import Case

FIRST, SECOND, READ = range(3)


def versioned(name: str, version: str) -> dict[str, Any]:
    """Put an item that carries a version, as those of the workloads do."""
    item = {**json_key(name), "version": {"S": version}}
    return {"Put": {"TableName": TABLE_NAME, "Item": item}}


@pytest.fixture
def case() -> Case:
    """Write a and b twice, and read both."""
    stage = Stage(clients=1)
    for n in (1, 2):
        stage.write(versioned("a", f"a{n}"), versioned("b", f"b{n}"))
        stage.run_for(1)
    stage.read("a", "b")
    return Case(stage)


def torn(case: Case) -> None:
    """Have the read shown the old a and the new b."""
    (attempt,) = case.operations[READ].attempts
    case.evidence.reads[attempt] = [
        read._replace(
            lsns=tuple(
                1 if key[1] == (("S", "a"),) else lsn
                for key, lsn in zip(read.keys, read.lsns, strict=True)
            )
        )
        for read in case.evidence.reads[attempt]
    ]
    _, new = case.operations[READ].answer["Responses"]
    old = {"Item": {**json_key("a"), "version": {"S": "a1"}}}
    case.replace(READ, answer={"Responses": [old, new]})


@pytest.mark.parametrize("is_inside", [True, False])
def test_a_true_story_has_no_cycle(case: Case, is_inside: bool) -> None:
    assert case.graph(strict=True, is_inside=is_inside) == set()


@pytest.mark.parametrize("is_inside", [True, False])
def test_a_torn_read_is_a_cycle(case: Case, is_inside: bool) -> None:
    torn(case)

    found = list(explained(case.evidence, model=SERIALIZABLE, is_inside=is_inside))

    assert found != []
    assert {one.checker for one in found} == {"graph"}
    assert all("serializable" in one.refutes for one in found)
    assert any(case.operations[READ].call in one.explanation for one in found)
    assert is_inside is False or found[0].kind == "G-single"


def test_a_torn_read_says_whose_versions_it_has_seen(case: Case) -> None:
    torn(case)

    first, second = (case.operations[n].call for n in (FIRST, SECOND))
    assert sorted(whence(case.evidence, case.operations[READ])) == [
        f"things a: as {first} left it (version 1 of 2)",
        f"things b: as {second} left it (version 2 of 2)",
    ]


def test_of_several_readings_the_one_with_the_answer_s_item_counts(case: Case) -> None:
    (attempt,) = case.operations[READ].attempts
    reads = case.evidence.reads[attempt]
    earlier = [read._replace(lsns=(1,) * len(read.lsns)) for read in reads]
    case.evidence.reads[attempt] = [*earlier, *reads]

    second = case.operations[SECOND].call
    assert all(second in told for told in whence(case.evidence, case.operations[READ]))
    assert case.graph() == set()


# Unknown outcomes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("is_inside", [True, False])
def test_an_unknown_write_that_was_read_is_no_finding(case: Case, is_inside: bool) -> None:
    case.replace(SECOND, status=0, answer={})

    assert case.graph(strict=True, is_inside=is_inside) == set()


@pytest.mark.parametrize("is_inside", [True, False])
def test_an_unknown_write_that_was_read_has_happened_as_a_whole(
    case: Case, is_inside: bool
) -> None:
    case.replace(SECOND, status=0, answer={})
    torn(case)

    assert case.graph(is_inside=is_inside) != set()


@pytest.mark.parametrize("is_inside", [True, False])
def test_an_unknown_write_that_did_not_happen_is_left_out(is_inside: bool) -> None:
    stage = Stage(clients=1)
    stage.write(versioned("a", "a1"), versioned("b", "b1"))
    stage.write(json_check("c"), versioned("a", "a2"), json_put("b", 2))
    stage.read("a", "b")
    case = Case(stage)
    case.replace(1, status=0, answer={})

    assert case.graph(strict=True, is_inside=is_inside) == set()
