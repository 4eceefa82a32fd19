"""Real time: kept by transactions and singleton writes, and not by GetItem."""

from pathlib import Path

import pytest

from sim.script import Player, parse
from tests.builders import Stage, json_add, json_check, json_put, single
from tests.sim.checks.evidence import Case

WITNESS = Path(__file__).parent.parent.parent / "scripts" / "get_reads_new_then_old.txt"


# GetItem ------------------------------------------------------------------------------------------


@pytest.fixture
def witness() -> Case:
    """Play the script in which a client reads a new item and then an old one."""
    player = Player()
    for block in parse(WITNESS.read_text(encoding="utf-8")):
        player.play(block.commands)
    return Case(player)


def gets(case: Case) -> list[int]:
    """Return the places of the reads that the script is about."""
    operations = enumerate(case.operations)
    return [n for n, one in operations if (one.client, one.name) == ("k2", "GetItem")][-2:]


def test_two_reads_of_two_items_may_go_back_in_time(witness: Case) -> None:
    first, second = (witness.operations[n] for n in gets(witness))

    assert first.returned_us <= second.invoked_us
    assert [one.answer["Item"]["value"]["S"] for one in (first, second)] == ["1", "0"]
    assert witness.findings() == []
    assert witness.graph() == witness.graph(strict=True) == set()


def test_if_get_item_had_to_keep_real_time_these_two_would_have_no_order(witness: Case) -> None:
    places = gets(witness)
    # The script asks for the second one at the very moment of the first one's answer.
    witness.replace(places[1], invoked_us=witness.operations[places[0]].returned_us + 1)
    for place in places:
        one = witness.operations[place]
        request = {"TransactItems": [{"Get": one.request}]}
        answer = {"Responses": [one.answer]}
        witness.replace(place, name="TransactGetItems", request=request, answer=answer)

    assert witness.graph() == set()
    assert witness.graph(strict=True) == {"G-single-realtime"}


# Everything else ----------------------------------------------------------------------------------


@pytest.fixture
def case() -> Case:
    stage = Stage(clients=1)
    stage.write(json_put("a", 1))
    stage.run_for(1)
    stage.do("PutItem", single(json_put("b", 1)))
    stage.run_for(1)
    stage.read("a", "b")
    stage.run_for(1)
    stage.do("PutItem", single(json_put("c", 1, "attribute_exists(k)")))
    return Case(stage)


def late(case: Case) -> list[str]:
    return [one.kind for one in case.findings() if one.checker == "strict"]


def test_what_comes_one_after_the_other_keeps_real_time(case: Case) -> None:
    assert case.findings() == []
    assert case.graph(strict=True) == set()


@pytest.mark.parametrize("place", [1, 2, 3])
def test_an_answer_from_before_what_happened_earlier_was_asked_for_is_found(
    case: Case, place: int
) -> None:
    before = case.operations[place - 1]
    case.replace(place, invoked_us=before.invoked_us - 2, returned_us=before.invoked_us - 1)

    assert late(case) == ["real time broken"]


def test_an_unknown_outcome_is_over_at_no_time(case: Case) -> None:
    before = case.operations[0]
    case.replace(
        1, invoked_us=before.invoked_us - 2, returned_us=before.invoked_us - 1, status=0, answer={}
    )

    assert late(case) == []


def test_an_unknown_outcome_may_still_be_asked_for_too_late(case: Case) -> None:
    case.replace(0, invoked_us=case.operations[1].returned_us + 1, status=0, answer={})

    assert late(case) == ["real time broken"]


def test_an_unknown_outcome_that_did_not_happen_has_no_time() -> None:
    stage = Stage(clients=1)
    stage.write(json_check("a"), json_add("b", 1))
    stage.read("a", "b")
    case = Case(stage)
    case.replace(0, invoked_us=case.operations[1].returned_us + 1, status=0, answer={})

    assert case.findings() == []


def test_reads_beside_a_write_may_be_in_either_order(case: Case) -> None:
    whole = case.operations[0].invoked_us, case.operations[-1].returned_us
    for place in range(len(case.operations)):
        case.replace(place, invoked_us=whole[0], returned_us=whole[1])

    assert late(case) == []
