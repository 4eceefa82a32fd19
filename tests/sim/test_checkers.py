"""Each check refuses evidence that is wrong: a true story with one thing falsified.

The story is the same for all, and true: see `story`.  A test changes one piece of its evidence and
names the finding that this must lead to.
"""

from collections.abc import Iterable
from typing import Any

import pytest

from items.values import Item
from sim.checkers.all import check_run, data_of
from sim.checkers.dependencies import SERIALIZABLE, STRICT
from sim.checkers.evidence import Evidence
from sim.checkers.finding import Finding
from sim.checkers.instants import Instants
from sim.checkers.items_told import both_told
from sim.checkers.linear import check_items
from sim.checkers.model import Place
from sim.checkers.outcomes import check_outcomes, check_singletons
from sim.checkers.reasons import check_reasons
from sim.checkers.structure import check_structure
from sim.checkers.timestamps import check_timestamps
from sim.cluster_run import Run
from sim.history import Operation
from sim.scenario import load
from sim.witness import Decision, ReadAt
from tests.builders import (
    CREATE_TABLE,
    TABLE_NAME,
    Stage,
    json_add,
    json_check,
    json_delete,
    json_key,
    json_put,
    key,
    single,
)
from tests.sim.test_history import operation

TABLES = (CREATE_TABLE,)
WRITE, ADD, REFUSED, GET, READ, CANCELLED, DELETE, GONE = range(8)


def story() -> Stage:
    """Let k1 do eight things, one after the other; the constants above are their places."""
    stage = Stage(clients=1)
    stage.write(json_put("a", 1), json_put("b", 1))
    stage.do("UpdateItem", {**single(json_add("a", 1)), "ReturnValues": "ALL_NEW"})
    stage.do("PutItem", single(json_put("a", 9, "attribute_not_exists(k)")))
    stage.get("a")
    stage.read("a", "b")
    stage.write(
        json_check("a", "v = :v", ExpressionAttributeValues={":v": {"N": "7"}}), json_put("b", 5)
    )
    stage.write(json_delete("b"), json_add("c", 1))
    stage.get("b")
    return stage


class Case:
    """The evidence of the story, to be falsified."""

    def __init__(self) -> None:
        stage = story()
        self.evidence = Evidence(stage.history, stage.witness, TABLES)
        self.evidence.lies, self.evidence.wrongs = [], []
        self.data: dict[Place, Item] = data_of(stage.cluster, stage.witness)
        self.operations = [one for one in self.evidence.operations if one.name != "CreateTable"]

    def replace(self, place: int, **fields: Any) -> None:
        """Have another operation in the place of one."""
        old = self.operations[place]
        new = old._replace(**fields)
        evidence = self.evidence
        evidence.operations = [new if one is old else one for one in evidence.operations]
        evidence.by_call = {name: swap(one, old, new) for name, one in evidence.by_call.items()}
        evidence.by_attempt = {
            name: swap(one, old, new) for name, one in evidence.by_attempt.items()
        }

    def decision_of(self, place: int) -> Decision:
        call = self.operations[place].call
        (found,) = [one for one in self.evidence.decisions if one.call == call]
        return found

    def replace_decision(self, place: int, **fields: Any) -> None:
        old = self.decision_of(place)
        decisions = self.evidence.decisions
        decisions[decisions.index(old)] = old._replace(**fields)

    def findings(self) -> set[str]:
        return {one.kind for one in self.found()}

    def told(self) -> str:
        """Return what the findings say."""
        return "\n".join(one.explanation for one in self.found())

    def found(self) -> list[Finding]:
        evidence = self.evidence
        instants = Instants(evidence)
        found: tuple[Iterable[Finding], ...] = (
            check_outcomes(evidence),
            check_singletons(evidence),
            check_reasons(evidence),
            check_structure(evidence),
            check_items(evidence),
            check_timestamps(evidence, instants, self.data),
            instants.findings,
            instants.late,
        )
        return [one for findings in found for one in findings]


def swap(one: Operation, old: Operation, new: Operation) -> Operation:
    return new if one is old else one


@pytest.fixture
def case() -> Case:
    return Case()


def test_the_true_story_has_no_finding(case: Case) -> None:
    assert case.findings() == set()
    assert len(case.operations) == 8
    assert [one.outcome for one in case.operations] == [
        *("committed", "committed", "cancelled", "committed"),
        *("committed", "cancelled", "committed", "committed"),
    ]


# Outcomes -----------------------------------------------------------------------------------------


def test_a_commit_that_the_ledger_never_decided_is_found(case: Case) -> None:
    case.evidence.decisions.remove(case.decision_of(WRITE))

    assert "commit lost" in case.findings()


def test_a_commit_that_the_ledger_decided_otherwise_is_found(case: Case) -> None:
    case.replace_decision(WRITE, commits=False)

    assert "commit lost" in case.findings()


def test_a_transaction_that_was_decided_twice_is_found(case: Case) -> None:
    other_end = case.decision_of(CANCELLED)._replace(commits=True)
    case.evidence.decisions.append(other_end)

    assert "decided twice" in case.findings()


def test_a_commit_that_is_told_to_who_asked_for_something_else_is_found(case: Case) -> None:
    written, other = case.operations[WRITE], json_put("a", 2)
    mistaken = written._replace(
        call="another", request={**written.request, "TransactItems": [other]}, attempts=["k1#0"]
    )
    case.evidence.operations.append(mistaken)

    assert "mismatch overlooked" in case.findings()


def test_a_singleton_that_was_told_done_and_never_applied_is_found(case: Case) -> None:
    case.evidence.applied.clear()

    assert "write lost" in case.findings()


def test_a_refusal_that_no_partition_gave_is_found(case: Case) -> None:
    case.evidence.refused.clear()

    assert "refusal invented" in case.findings()


def test_a_cancellation_that_the_ledger_committed_is_found(case: Case) -> None:
    case.replace_decision(CANCELLED, commits=True)

    assert "cancelled and committed" in case.findings()


def test_a_commit_that_the_client_was_told_is_cancelled_is_found(case: Case) -> None:
    case.replace(WRITE, status=400, answer=case.operations[CANCELLED].answer)

    assert "cancelled and committed" in case.findings()


def test_a_token_that_led_to_two_commits_is_found(case: Case) -> None:
    twin = case.decision_of(WRITE)._replace(transaction="another")
    case.evidence.decisions.append(twin)

    assert "token applied twice" in case.findings()


def test_a_commit_that_nobody_was_told_of_is_no_finding(case: Case) -> None:
    case.replace(WRITE, status=0, answer={})

    assert case.findings() == set()


# Reasons ------------------------------------------------------------------------------------------


def with_reasons(case: Case, *reason_codes: str, place: int = CANCELLED) -> None:
    reasons = [{"Code": code} for code in reason_codes]
    answer = {**case.operations[CANCELLED].answer, "CancellationReasons": reasons}
    case.replace(place, status=400, answer=answer)


def test_a_reason_at_another_place_is_found(case: Case) -> None:
    with_reasons(case, "None", "ConditionalCheckFailed")

    assert case.findings() == {"reason misplaced", "reason hidden"}


def test_a_reason_that_no_partition_gave_is_found(case: Case) -> None:
    with_reasons(case, "TransactionConflict", "None")

    assert case.findings() == {"reason misplaced"}


def test_a_reason_that_silence_gives_needs_no_witness(case: Case) -> None:
    with_reasons(case, "ConditionalCheckFailed", "ThrottlingError")
    case.evidence.votes_deadline_us = 0

    assert case.findings() == set()


@pytest.mark.parametrize("count", [1, 3])
def test_too_few_and_too_many_reasons_are_found(case: Case, count: int) -> None:
    with_reasons(case, "ConditionalCheckFailed", *["None"] * (count - 1))

    assert case.findings() == {"reasons misshapen"}


def test_a_cancellation_that_nobody_is_to_blame_for_is_found(case: Case) -> None:
    with_reasons(case, "None", "None")

    assert case.findings() == {"reasons misshapen"}


def test_a_read_transaction_that_failed_a_condition_is_found(case: Case) -> None:
    with_reasons(case, "ConditionalCheckFailed", "None", place=READ)

    assert "reasons misshapen" in case.findings()


def test_a_lie_of_a_partition_is_found(case: Case) -> None:
    case.evidence.lies = [("t1", "nothing was ongoing")]

    assert case.findings() == {"reason untrue"}


# The order by timestamps, and the data -----------------------------------------------------------


def test_an_item_that_differs_is_found(case: Case) -> None:
    case.data[TABLE_NAME, key("a")] = {"k": ("S", "a"), "v": ("N", "3")}

    assert case.findings() == {"data differ"}


def test_an_item_that_is_gone_is_found(case: Case) -> None:
    del case.data[TABLE_NAME, key("a")]

    assert case.findings() == {"data differ"}


def test_an_item_that_nobody_wrote_is_found(case: Case) -> None:
    case.data[TABLE_NAME, key("z")] = {"k": ("S", "z")}

    assert case.findings() == {"data differ"}


def test_an_item_that_came_back_is_found(case: Case) -> None:
    case.data[TABLE_NAME, key("b")] = {"k": ("S", "b"), "v": ("N", "1")}

    assert case.findings() == {"data differ"}


def test_timestamps_in_another_order_are_found(case: Case) -> None:
    case.replace_decision(WRITE, us=case.decision_of(DELETE).us + 1)

    assert "data differ" in case.findings()


def test_a_singleton_that_was_applied_twice_is_found(case: Case) -> None:
    (applied,) = case.evidence.applied
    case.evidence.applied.append(applied._replace(us=applied.us + 1))

    assert {"data differ", "order refuted"} <= case.findings()


def test_a_singleton_that_was_never_applied_is_found(case: Case) -> None:
    case.evidence.applied.clear()

    assert "data differ" in case.findings()


def test_a_writer_with_a_wrong_answer_is_found(case: Case) -> None:
    wrong = {"Attributes": {"k": {"S": "a"}, "v": {"N": "7"}}}
    case.replace(ADD, answer=wrong)

    assert case.findings() == {"order refuted"}


def test_a_commit_whose_condition_was_false_is_found(case: Case) -> None:
    entry = json_add("c", 1, "attribute_exists(k)")
    request = case.operations[DELETE].request
    case.replace(DELETE, request={**request, "TransactItems": [json_delete("b"), entry]})

    assert "order refuted" in case.findings()


# In words -----------------------------------------------------------------------------------------


def test_an_item_that_differs_is_told_in_words(case: Case) -> None:
    case.data[TABLE_NAME, key("a")] = {"k": ("S", "a"), "v": ("N", "3")}
    del case.data[TABLE_NAME, key("c")]

    told = case.told()
    assert "things a is v 3; the committed writers in timestamp order leave v 2" in told
    assert "things c is a missing item; the committed writers in timestamp order leave v 1" in told


def test_a_wrong_answer_is_told_in_words(case: Case) -> None:
    case.replace(ADD, answer={"Attributes": {"k": {"S": "a"}, "v": {"N": "7"}}})

    assert case.told().endswith("was answered v 7 instead of v 2")


def test_a_read_of_what_never_was_is_told_in_words(case: Case) -> None:
    case.replace(GET, answer={"Item": {**json_key("a"), "v": {"N": "9"}}})

    assert "it was told of things a: v 9; at the last: v 2" in case.told()


def test_a_read_of_nothing_is_told_in_words(case: Case) -> None:
    case.replace(GET, answer={})

    assert "it was told of things a: no item; at the last: v 2" in case.told()


def test_a_condition_that_was_false_is_told_with_the_item(case: Case) -> None:
    entry = json_check("a", "v = :v", ExpressionAttributeValues={":v": {"N": "7"}})
    request = case.operations[DELETE].request
    case.replace(DELETE, request={**request, "TransactItems": [json_delete("b"), entry]})

    assert "of things a: its condition 'v = :v' was false: the item was v 2" in case.told()


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ({"k": {"S": "a"}, "v": {"N": "1"}}, None, ("v 1", "nothing")),
        ({"v": {"N": "1"}}, {"v": {"S": "1"}}, ("{'v': {'N': '1'}}", "{'v': {'S': '1'}}")),
        ({"k": {"S": "a"}}, {"k": {"S": "b"}}, ("{'k': {'S': 'a'}}", "{'k': {'S': 'b'}}")),
    ],
)
def test_where_words_hide_the_difference_it_is_shown(
    one: Any, other: Any, told: tuple[str, str]
) -> None:
    assert both_told(one, other, ("k",), "nothing") == told


# The order by instants ----------------------------------------------------------------------------


def test_a_read_of_what_never_was_is_found(case: Case) -> None:
    case.replace(GET, answer={"Item": {**json_key("a"), "v": {"N": "9"}}})

    assert case.findings() == {"read refuted"}


def test_a_read_of_what_was_there_before_is_found(case: Case) -> None:
    case.replace(GET, answer={"Item": {**json_key("a"), "v": {"N": "1"}}})

    assert case.findings() == {"read refuted"}


def test_a_read_of_what_was_deleted_is_found(case: Case) -> None:
    case.replace(GONE, answer={"Item": {**json_key("b"), "v": {"N": "1"}}})

    assert case.findings() == {"read refuted"}


def test_a_torn_read_is_found(case: Case) -> None:
    now, _ = case.operations[READ].answer["Responses"]
    case.replace(READ, answer={"Responses": [now, {}]})

    assert case.findings() == {"read refuted"}


def test_an_answer_whose_read_nobody_witnessed_is_found(case: Case) -> None:
    for attempt in case.operations[GET].attempts:
        del case.evidence.reads[attempt]

    assert case.findings() == {"read refuted"}


def test_a_read_may_come_before_what_is_decided_and_not_yet_applied(case: Case) -> None:
    (attempt,) = case.operations[GONE].attempts
    delete = case.decision_of(DELETE).transaction
    before: list[ReadAt] = case.evidence.reads[attempt]
    case.evidence.reads[attempt] = [one._replace(ongoing=(delete,)) for one in before]
    case.replace(GONE, answer={"Item": {**json_key("b"), "v": {"N": "1"}}})

    assert case.findings() == set()


def test_a_read_transaction_may_not_come_before_what_is_decided(case: Case) -> None:
    case.replace_decision(DELETE, number=0)

    assert "read refuted" in case.findings()


def test_a_refusal_without_a_cause_is_found(case: Case) -> None:
    request = single(json_put("a", 9, "attribute_exists(k)"))
    case.replace(REFUSED, request=request)

    assert case.findings() == {"refusal refuted"}


# All of them --------------------------------------------------------------------------------------


def test_a_run_is_judged_by_every_check() -> None:
    going = Run(load("bank", {"workload.transactions": "20"}), seed=1)
    going.go()
    going.cluster.disks["p1"].contents.records.clear()
    going.witness.lies.append(("t1", "said on purpose"))

    checks, found = check_run(
        going.history, going.witness, going.cluster, going.workload.tables, workload=going.workload
    )

    assert checks == (
        *("disks", "outcomes", "singletons", "reasons", "structure", "items"),
        *("timestamps", "instants", "strict", "invariant", "graph"),
    )
    assert {one.kind for one in found} == {"data differ", "reason untrue", "invariant broken"}


def test_the_graph_is_asked_in_both_models_from_inside_and_as_clients_see_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, bool]] = []

    def explained(_: Evidence, *, model: str, is_inside: bool) -> list[Finding]:
        asked.append((model, is_inside))
        return []

    monkeypatch.setattr("sim.checkers.all.explained", explained)
    going = Run(load("bank", {"workload.transactions": "5"}), seed=1)
    going.go()

    check_run(going.history, going.witness, going.cluster, going.workload.tables, with_graph=True)

    assert asked == [
        (model, inside) for model in (SERIALIZABLE, STRICT) for inside in (True, False)
    ]


def test_with_batches_everything_is_judged_as_without() -> None:
    going = Run(load("bank", {"workload.transactions": "5"}), seed=1)
    going.go()
    asked = {"accounts": [{"DeleteRequest": {"Key": {"id": {"S": "nobody"}}}}]}
    batch = operation(
        place=len(going.history),
        name="BatchWriteItem",
        request={"RequestItems": asked},
        call="k9/1",
        attempts=["k9#1"],
        status=0,
    )
    going.history.add(batch)

    checks, found = check_run(
        going.history,
        going.witness,
        going.cluster,
        going.workload.tables,
        workload=going.workload,
        with_graph=True,
    )

    assert {"timestamps", "instants", "strict", "invariant", "graph"} <= {*checks}
    assert found == []
