"""The workload `listed`: what a scenario lists is asked for, by whom and in the order it says."""

import pytest

from sim.keys import ScenarioError
from sim.run import run
from sim.scenario import Scenario, load, parse
from sim.workloads.listed import Listed
from sim.workloads.registry import make


def listed(requests: str, there: str = "") -> Listed:
    workload = make("listed", {"requests": requests, "there": there})
    assert isinstance(workload, Listed)
    return workload


def test_each_client_asks_for_its_own_requests_in_their_order() -> None:
    requests = """
        k1: write put(a, 1) put(d, 1)
        k2: get a
        k1: read a d
    """
    settings = {"workload.requests": requests, "workload.clients": "2"}
    result = run(load("one-transaction", settings), 1)

    assert result.ok, result.findings
    asked = [(one.client, one.name) for one in result.history if one.place >= 3]
    assert ("k2", "GetItem") in asked
    mine = [name for client, name in asked if client == "k1" and name.startswith("Transact")]
    assert mine == ["TransactWriteItems", "TransactGetItems"]


LINES = """
    k1: write put(a, 1)
    k2: read a d
    k1: at 100ms get a
    k1: add a 9
"""
MANY = "\n".join(f"k1: write put(a, {n})" for n in range(201))  # More than the default.


def small_file(workload: str, failure: str = "") -> str:
    return f'{failure}\n[workload]\nname = "listed"\nclients = 2\n{workload}'


def asked_by_clients(scenario: Scenario) -> list[str]:
    """Run a scenario; return the operations of its clients but for what sets it up."""
    history = run(scenario, 1).history
    return [one.name for one in history if one.name not in ("CreateTable", "DescribeTable")]


@pytest.mark.parametrize("said", ["", "transactions = 2\n", "transactions = 200\n"])
def test_all_that_is_listed_is_asked_for(said: str) -> None:
    scenario = parse(small_file(f'{said}requests = """{LINES}"""'), "small", {})

    assert scenario.transactions == scenario.listed == 2
    assert sorted(asked_by_clients(scenario)) == [
        *("GetItem", "TransactGetItems", "TransactWriteItems", "UpdateItem")
    ]


@pytest.mark.parametrize(("requests", "count"), [(MANY, 201), ("k1: add a 1\nk1: get a", 0)])
def test_lines_say_how_many_transactions_there_are(requests: str, count: int) -> None:
    scenario = parse(small_file(f'requests = """{requests}"""'), "small", {})

    assert scenario.transactions == count
    assert len(asked_by_clients(scenario)) == len(requests.splitlines())


def test_faults_that_are_counted_come_while_listed_transactions_do() -> None:
    text = small_file(f'requests = """{LINES}"""\n[faults]\ncrashes = 2')

    result = run(parse(text, "small", {}), 1)

    assert result.faults["crashes"] == 2


def test_fewer_transactions_than_are_listed_are_refused() -> None:
    wrong = "is 1, and workload.requests lists 2 transactions: leave workload.transactions out"
    requests = f'requests = """{LINES}"""'
    failed = small_file(requests, "[failure]\nseed = 1\n")

    with pytest.raises(ScenarioError, match=wrong):
        parse(small_file(f"transactions = 1\n{requests}"), "small", {})
    for text in (small_file(requests), failed):
        with pytest.raises(ScenarioError, match=wrong):
            parse(text, "small", {"workload.transactions": "1"})


def test_a_failures_file_keeps_the_number_with_which_it_failed() -> None:
    failure = "[failure]\nseed = 1\n"
    requests = f'requests = """{LINES}"""'

    old = parse(small_file(requests, failure), "old", {})
    cut = parse(small_file(f"transactions = 1\n{requests}", failure), "cut", {})

    assert old.number("workload.transactions") == 200
    assert (cut.transactions, cut.listed) == (1, 2)
    assert sum(one.is_transaction for one in run(cut, 1).history) == 1


def test_what_is_there_at_first_is_put_before() -> None:
    items = dict(listed("k1: get a", "a=0 d=7").items())

    assert items == {"items": {"key": {"S": "d"}, "value": {"S": "7"}}}
    assert [item["value"] for _, item in listed("k1: get a", "a=0 d=7").items()] == [
        {"S": "0"},
        {"S": "7"},
    ]


def test_a_small_world_is_calm_and_commits() -> None:
    result = run(load("one-transaction"), 1)

    assert result.ok
    assert result.messages["lost"] == 0
    (operation,) = [one for one in result.history if one.is_transaction]
    assert operation.outcome == "committed"


def test_two_that_conflict_do_conflict_from_some_seed() -> None:
    ends = []
    for seed in range(10):
        result = run(load("two-that-conflict"), seed)
        assert result.ok, result.findings
        ends.append({one.outcome for one in result.history if one.is_transaction})

    assert {"committed", "cancelled"} in ends


@pytest.mark.parametrize(
    ("requests", "there", "why"),
    [
        ("", "", "requests must be 1 to 1000 lines like 'k1: write"),
        ("write put(a, 1)", "", "requests must be lines like 'k1: write"),
        ("p1: write put(a, 1)", "", "requests must be lines like 'k1: write"),
        ("k1: put(a, 1)", "", "or 'k1: put a 1', not 'k1: put(a, 1)'"),
        ("k1: wrote put(a, 1)", "", "no operation: 'wrote'; there are write, read, get, put, "),
        ("k1: write place(a, 1)", "", "no action: 'place'; there are put, update, add, "),
        ("k1: write check(a if 0)", "", "no condition: '0'; there are 'if missing', 'if exi"),
        ("k1: write check(a = 0)", "", "a check has a condition, as in check(a if = 1)"),
        ("k1: write check(a, 0 if = 0)", "", "check takes none, as in check(a if = 1)"),
        (
            "k1: write put(a, 1), put(d, 2)",
            "",
            "actions are parted by blanks, as in put(a, 1) put",
        ),
        ("k1: write delete(a) if exists", "", "inside its action, as in delete(a if exists)"),
        ("k1: write put a 1", "", "a write transaction is like write put(a, 1) delete(d)"),
        ("k1: write put(a 1)", "", "put takes a value, as in put(a, 1) or put a 1: 'a 1'"),
        ("k1: delete a 1", "", "delete takes none, as in delete(a) or delete a"),
        (
            "k1: write put(a, 1) [via=c1]",
            "",
            "for golden scripts; here it is 'k1: write put(a, 1)'",
        ),
        ("k1: get a [token=T]", "", "for golden scripts; here it is 'k1: get a'"),
        ("k1: write put(a, 1) [token=]", "", "a token is 1 to 36 letters, as in [token=T]"),
        (f"k1: write delete(a) [token={'T' * 37}]", "", "a token is 1 to 36 letters, as in "),
        ("k1٣: get a", "", "'k1٣: get a'"),
        ("k1: write put(a-b, 1)", "", "an item is called by one word, not 'a-b'"),
        ("k1: write put(a, 1)\nk2: put a 1", "", "must not give a the value '1' twice"),
        ("k1: write put(a, 0)", "a=0", "must not give a the value '0' twice"),
        ("k1: get a", "a", "there must be items like 'a=0 d=0'"),
        ("k1: get a", "a=0 a=1", "there must be items like 'a=0 d=0'"),
    ],
)
def test_what_is_no_request_is_named(requests: str, there: str, why: str) -> None:
    with pytest.raises(ValueError, match=r"^(requests|there)[: ]") as raised:
        listed(requests, there)

    assert why in str(raised.value)


def test_a_scenario_says_which_of_its_keys_is_wrong() -> None:
    with pytest.raises(ScenarioError, match=r"workload\.requests must be lines"):
        load("one-transaction", {"workload.requests": "nonsense"})


def test_several_requests_may_have_one_token() -> None:
    requests = """
        k1: write put(a, 1) put(d, 2) [token=T]
        k1: write put(a, 3) [token=U]
        k1: at 200ms write delete(a) [token=T]
        k1: write delete(d)
    """
    result = run(load("one-transaction", {"workload.requests": requests}), 1)

    assert result.ok, result.findings
    writes = [one for one in result.history if one.name == "TransactWriteItems"]
    tokens = [one.request["ClientRequestToken"] for one in writes]
    assert tokens[:3] == ["T", "U", "T"]
    assert tokens[3] == f"{writes[3].call}/token"
    assert [one.error for one in writes] == ["", "", "IdempotentParameterMismatchException", ""]


def test_a_request_is_not_asked_for_before_its_moment() -> None:
    requests = "k1: at 5ms get a\nk2: at 30ms get a\nk1: at 1ms get d"
    settings = {"workload.requests": requests, "workload.clients": "2"}
    result = run(load("one-transaction", settings), 1)

    assert result.ok
    asked = sorted((one.invoked_us, one.client) for one in result.history if one.name == "GetItem")
    (first_us, one), (second_us, two), (third_us, three) = asked
    assert (one, two, three) == ("k1", "k1", "k2")
    assert third_us - first_us == 25_000
    assert second_us > first_us + 1_000  # Its moment was over when its client had time.


@pytest.mark.parametrize("moment", ["at 3", "at soon", "at 0ms", "at 99d"])
def test_a_moment_is_a_duration(moment: str) -> None:
    with pytest.raises(ScenarioError, match="a duration is like 90ms"):
        load("one-transaction", {"workload.requests": f"k1: {moment} get a"})


def test_a_client_that_is_not_there_is_named() -> None:
    with pytest.raises(ScenarioError, match="names k9; there are k1 to k1, as"):
        load("one-transaction", {"workload.requests": "k9: write put(a, 1)"})
