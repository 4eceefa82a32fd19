import asyncio
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from items import actions
from items.actions import Action, Check, Delete, Put, Update
from items.expression_checks import check
from items.to_json import item_to_json
from items.typed_json import item_from_json
from items.values import Item
from network.placement import Placement
from sim.chance import NamedChance
from sim.history import READ_TRANSACTION, WRITE_TRANSACTION, Operation
from sim.result import outcomes
from sim.run import run
from sim.scenario import load, shipped
from sim.workload import Json, Session, Workload
from sim.workloads import tutorial
from sim.workloads.bank import Bank
from sim.workloads.game_shop import GameShop
from sim.workloads.keys import Value
from sim.workloads.registry import WORKLOADS, make
from sim.workloads.requests import pick_several, plain, typed
from sim.workloads.ring import Ring

CANCELLED = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"
REFUSED = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"
EXPRESSIONS = ("UpdateExpression", "ConditionExpression", "ProjectionExpression")
SINGLETONS = {"PutItem": "Put", "UpdateItem": "Update", "DeleteItem": "Delete"}

# The workload `listed` asks for what a scenario lists, and draws nothing: see test_listed.
# What asks for pages has a test of its own: test_scoreboard, test_task_list, test_changing_table.
# So has what asks for the same again under one token, and what asks in batches: see
# test_work_queue and test_bulk_load.
ELSEWHERE = ("listed", "scoreboard", "task_list", "changing_table", "work_queue", "bulk_load")
DRAWN = [name for name in WORKLOADS if name not in ELSEWHERE]
# Whose clients may not do everything, and what has several regions, likewise.
APART = ("permissions", "global-tables")
TROUBLED = [
    name for name, scenario in shipped().items() if scenario.workload in DRAWN and name not in APART
]
each_workload = pytest.mark.parametrize("name", DRAWN)
each_scenario = pytest.mark.parametrize("name", TROUBLED)


class Store:
    """What a single, faultless node would answer."""

    def __init__(self, workload: Workload) -> None:
        self.keys = {
            table["TableName"]: table["KeySchema"][0]["AttributeName"] for table in workload.tables
        }
        self.items: dict[tuple[str, str], Item] = {}
        for table, item in workload.items():
            self.items[self.key(table, item)] = item_from_json(item)

    def key(self, table: str, attributes: Json) -> tuple[str, str]:
        return table, attributes[self.keys[table]]["S"]

    def answer(self, name: str, request: Json) -> tuple[int, Json]:
        match name:
            case "GetItem":
                return 200, self.shown(request["TableName"], request["Key"])
            case "TransactGetItems":
                gets = [entry["Get"] for entry in request["TransactItems"]]
                return 200, {"Responses": [self.shown(g["TableName"], g["Key"]) for g in gets]}
            case "TransactWriteItems":
                return self.written(request["TransactItems"], CANCELLED)
            case _:
                return self.written([{SINGLETONS[name]: request}], REFUSED)

    def shown(self, table: str, key: Json) -> Json:
        item = self.items.get(self.key(table, key))
        return {} if item is None else {"Item": item_to_json(item)}

    def written(self, entries: list[Json], refusal: str) -> tuple[int, Json]:
        asked = [self.action(*entry) for entries_ in entries for entry in entries_.items()]
        if not all(actions.allowed_on(one, self.items.get(key)) for key, one in asked):
            return 400, {"__type": refusal}
        for key, one in asked:
            after = actions.applied_to(one, self.items.pop(key, None))
            if after is not None:
                self.items[key] = after
        return 200, {}

    def action(self, kind: str, spec: Json) -> tuple[tuple[str, str], Action]:
        table = spec["TableName"]
        place = self.key(table, spec.get("Key") or spec["Item"])
        key = (("S", place[1]),)
        condition = spec.get("ConditionExpression")
        names = spec.get("ExpressionAttributeNames", {})
        values = item_from_json(spec.get("ExpressionAttributeValues", {}))
        match kind:
            case "Put":
                item = item_from_json(spec["Item"])
                return place, Put(table, key, item, condition, names, values)
            case "Update":
                text = spec["UpdateExpression"]
                own = (self.keys[table],)
                return place, Update(table, key, own, text, condition, names, values)
            case "Delete":
                return place, Delete(table, key, condition, names, values)
            case _:
                return place, Check(table, key, spec["ConditionExpression"], names, values)

    def plain(self, table: str) -> dict[str, dict[str, Any]]:
        return {
            key: {name: plain(value) for name, value in item_to_json(item).items()}
            for (owner, key), item in self.items.items()
            if owner == table
        }


class FakeSession(Session):
    """A session whose requests go to a store, or astray as often as `trouble` says."""

    def __init__(self, store: Store, seed: int, trouble: float = 0.0) -> None:
        chance = NamedChance(seed)
        self.draw = chance.site("workload")
        self.fate = chance.site("fate")
        self.store, self.trouble = store, trouble
        self.asked: list[Operation] = []
        self.versions = 0

    async def ask(self, name: str, request: Json) -> Operation:
        status, body = self.store.answer(name, request)
        if self.fate.happens(self.trouble):
            status, body = (0, {}) if self.fate.below(2) else (400, {"__type": CANCELLED})
        place = len(self.asked)
        self.asked.append(
            Operation(place, "k1", name, request, f"k1/{place}", 0, 0, [], status, body)
        )
        return self.asked[-1]

    def version(self) -> str:
        self.versions += 1
        return f"k1.{self.versions}"


def play(
    workload: Workload, *, seed: int = 1, acts: int = 400, trouble: float = 0.0
) -> FakeSession:
    """Let one client act alone."""
    session = FakeSession(Store(workload), seed, trouble)

    async def acting() -> None:
        await workload.opening(session)
        for _ in range(acts):
            await workload.act(session)

    asyncio.run(acting())
    return session


def parts(operation: Operation) -> Iterator[tuple[str, Json]]:
    """Read what an operation asks for item by item: kinds and parameters."""
    if operation.is_transaction:
        for entry in operation.request["TransactItems"]:
            yield from entry.items()
    else:
        yield SINGLETONS.get(operation.name, "Get"), operation.request


# Requests.


@each_workload
def test_every_expression_is_valid_and_needs_no_reserved_word(name: str) -> None:
    session = play(make(name, {}), trouble=0.2)

    steps = [request for _, request in tutorial.STEPS]
    for operation in session.asked:
        for _, spec in parts(operation):
            check(
                {what: spec.get(what) for what in EXPRESSIONS},
                spec.get("ExpressionAttributeNames", {}),
                item_from_json(spec.get("ExpressionAttributeValues", {})),
                allow_reserved=operation.request in steps,
            )


@each_workload
def test_no_transaction_names_an_item_twice(name: str) -> None:
    session = play(make(name, {}), trouble=0.2)

    for operation in session.asked:
        items = named(session, operation)
        assert len(set(items)) == len(items) > 0


@each_workload
def test_every_write_leaves_a_version_that_no_other_write_leaves(name: str) -> None:
    workload = make(name, {})
    session = play(workload, trouble=0.2)

    steps = [request for _, request in tutorial.STEPS]
    left = [item["version"]["S"] for _, item in workload.items()]
    for operation in session.asked:
        for kind, spec in parts(operation):
            if operation.request in steps:
                continue
            if kind == "Put":
                left.append(spec["Item"]["version"]["S"])
            if kind == "Update":
                assert "version = :version" in spec["UpdateExpression"]
                left.append(spec["ExpressionAttributeValues"][":version"]["S"])
    assert len(set(left)) == len(left) > 400


@each_workload
def test_first_items_carry_versions_of_nobody(name: str) -> None:
    items = list(make(name, {}).items())

    assert [item["version"] for _, item in items] == [
        {"S": f"0.{n}"} for n in range(1, len(items) + 1)
    ]


@each_workload
def test_the_same_draws_ask_for_the_same(name: str) -> None:
    workload = make(name, {})

    first = play(workload, trouble=0.2).asked

    assert play(workload, trouble=0.2).asked == first, "a workload remembers nothing"
    assert play(make(name, {}), seed=2, trouble=0.2).asked != first


@each_workload
def test_every_kind_of_request_is_asked_for(name: str) -> None:
    session = play(make(name, {}), acts=1000)

    operations = Counter(operation.name for operation in session.asked)
    kinds = Counter(kind for o in session.asked if o.is_transaction for kind, _ in parts(o))
    shown = Counter(
        spec.get(parameter)
        for operation in session.asked
        for _, spec in parts(operation)
        for parameter in ("ReturnValues", "ReturnValuesOnConditionCheckFailure", "ConsistentRead")
    )
    singletons = {"UpdateItem", "DeleteItem", "GetItem"}
    assert set(operations) >= singletons | {WRITE_TRANSACTION, READ_TRANSACTION}
    assert set(kinds) == {"Put", "Update", "Delete", "ConditionCheck", "Get"}
    assert set(shown) == {"ALL_OLD", "UPDATED_NEW", True, None}


@pytest.mark.parametrize("name", [name for name in DRAWN if name != "hot_keys"])
def test_two_of_three_requests_are_transactions_and_most_of_them_commit(name: str) -> None:
    session = play(make(name, {}), acts=1000)

    transactions = [operation for operation in session.asked if operation.is_transaction]
    writes = [operation for operation in transactions if operation.name == WRITE_TRANSACTION]
    assert 0.55 < len(transactions) / len(session.asked) < 0.75
    assert sum(operation.outcome == "committed" for operation in writes) > len(writes) / 2
    assert all(1 <= count <= 3 for count in requests_an_act(make(name, {})))


def requests_an_act(workload: Workload) -> list[int]:
    session = FakeSession(Store(workload), 3)
    counts = []
    for _ in range(300):
        before = len(session.asked)
        asyncio.run(workload.act(session))
        counts.append(len(session.asked) - before)
    return counts


@each_workload
def test_many_write_transactions_span_three_partitions(name: str) -> None:
    session = play(make(name, {}))

    placement = Placement(["p1", "p2", "p3", "p4"], ["l1"])
    spans = Counter(
        len({placement.owner(table, (("S", key),)) for table, key in named(session, operation)})
        for operation in session.asked
        if operation.name == WRITE_TRANSACTION
    )
    assert sum(count for span, count in spans.items() if span >= 3) > 0.1 * spans.total()


def named(session: FakeSession, operation: Operation) -> list[tuple[str, str]]:
    return [
        session.store.key(spec["TableName"], spec.get("Key") or spec["Item"])
        for _, spec in parts(operation)
    ]


@given(st.integers(0, 1000), st.integers(0, 12), st.integers(0, 12))
def test_picking_several_picks_different_ones(seed: int, count: int, more: int) -> None:
    session = FakeSession(Store(make("bank", {})), seed)

    picked = pick_several(session, count, count + more)

    assert len(set(picked)) == count
    assert all(0 <= one < count + more for one in picked)


def test_all_choices_being_calm_picks_the_first_ones() -> None:
    session = FakeSession(Store(make("bank", {})), 1)
    session.draw = NamedChance(1, {("calm", n): 0 for n in range(1, 9)}).site("calm")

    assert pick_several(session, 3, 5) == [0, 1, 2]


def test_plain_values_come_back_as_they_were_written() -> None:
    values = ["text", 7, -1, True, False, [], ["a", ["b", 1]]]

    assert [plain(typed(value)) for value in values] == values


# What each of them keeps true.


def test_the_opening_of_orders_and_payments_goes_as_the_tutorial_says() -> None:
    session = play(make("orders_and_payments", {}), acts=0)

    assert [(operation.name, operation.request) for operation in session.asked] == [*tutorial.STEPS]
    ends = [operation.outcome for operation in session.asked]
    assert ends == ["committed"] * 3 + ["cancelled"] + ["committed"] * 3
    assert session.store.items["Orders", "ORD#1001"]["Status"] == ("S", "PAID")
    assert session.store.items["Payments", "PAY#9001"]["Status"] == ("S", "PROCESSED")
    assert ("Payments", "PAY#9002") not in session.store.items


def test_nobody_but_the_opening_touches_the_tutorials_items() -> None:
    session = play(make("orders_and_payments", {"orders": 1000}))

    theirs = {key for operation in session.asked[7:] for _, key in named(session, operation)}
    assert not theirs & {"ORD#1001", "PAY#9001", "PAY#9002"}


@pytest.mark.parametrize("accounts", [2, 3, 8])
def test_the_bank_neither_makes_nor_loses_money(accounts: int) -> None:
    workload = make("bank", {"accounts": accounts})
    session = FakeSession(Store(workload), 5, trouble=0.1)

    for _ in range(500):
        asyncio.run(workload.act(session))
        balances = [account["balance"] for account in session.store.plain("accounts").values()]
        assert isinstance(workload, Bank)
        assert sum(balances) == workload.total() == accounts * 100
        assert min(balances) >= 0


@pytest.mark.parametrize("nodes", [4, 8])
def test_the_ring_is_neither_torn_nor_knotted_and_nodes_come_and_go(nodes: int) -> None:
    ring = make("ring", {"nodes": nodes})
    assert isinstance(ring, Ring)
    session = FakeSession(Store(ring), 1)
    counts = set()
    for _ in range(400):
        asyncio.run(ring.act(session))
        keys = [session.store.key(table, key) for table, key in ring.watched()]
        there = [session.store.items.get(key) for key in keys]

        assert ring.broken([item_to_json(one) if one else None for one in there]) == ""
        counts.add(sum(one is not None for one in there))
    assert {nodes, nodes - 1} <= counts


def test_accounts_are_closed_and_opened_again() -> None:
    session = play(make("bank", {}), acts=0)

    counts = set()
    for _ in range(1000):
        asyncio.run(make("bank", {}).act(session))
        counts.add(len(session.store.items))
    assert {6, 7, 8} <= counts


def test_an_item_of_the_game_is_for_sale_or_in_its_owners_inventory() -> None:
    workload = make("game_shop", {})
    session = FakeSession(Store(workload), 5, trouble=0.1)

    sold = 0
    for _ in range(1000):
        asyncio.run(workload.act(session))
        owners = {
            item: player
            for player, attributes in session.store.plain("players").items()
            for item in attributes["inventory"]
        }
        for name, item in session.store.plain("items").items():
            assert item["available"] is ("ownedBy" not in item)
            assert item.get("ownedBy") == owners.pop(name, None)
            sold += not item["available"]
        assert owners == {}
    assert sold > 1000


def test_the_game_buys_as_the_announcement_does() -> None:
    workload = make("game_shop", {})
    assert isinstance(workload, GameShop)

    item, player = workload.buying(FakeSession(Store(workload), 1), 0, 2)

    values = {":true": True, ":false": False, ":player": "player0", ":version": "k1.1"}
    assert item.kind == player.kind == "Update"
    assert item.parameters == {
        "TableName": "items",
        "Key": {"id": {"S": "item2"}},
        "ConditionExpression": "available = :true",
        "UpdateExpression": "set available = :false, ownedBy = :player, version = :version",
        "ExpressionAttributeValues": {name: typed(value) for name, value in values.items()},
    }
    assert player.parameters == {
        "TableName": "players",
        "Key": {"id": {"S": "player0"}},
        "ConditionExpression": "coins >= :price",
        "UpdateExpression": "set coins = coins - :price, "
        "inventory = list_append(inventory, :items), version = :version",
        "ExpressionAttributeValues": {
            ":items": {"L": [{"S": "item2"}]},
            ":price": {"N": "30"},
            ":version": {"S": "k1.2"},
        },
    }


def test_the_bookshop_orders_as_listing_1_does() -> None:
    session = play(make("bookshop", {}), acts=0)

    first, again, look = session.asked
    kinds = [kind for kind, _ in parts(first)]
    assert kinds == ["ConditionCheck", "Update", "Put"]
    assert [operation.outcome for operation in (first, again, look)] == [
        "committed",
        "cancelled",
        "committed",
    ]


@pytest.mark.parametrize(
    ("mix", "operations"),
    [
        ("100w", {WRITE_TRANSACTION}),
        ("50w50r", {WRITE_TRANSACTION, READ_TRANSACTION}),
        ("25each", {WRITE_TRANSACTION, READ_TRANSACTION, "UpdateItem", "DeleteItem", "GetItem"}),
    ],
)
def test_a_transaction_on_hot_keys_has_one_hot_item(mix: str, operations: set[str]) -> None:
    workload = make("hot_keys", {"mix": mix, "actions": 4})
    session = play(workload)

    assert {operation.name for operation in session.asked[2:]} == operations
    for operation in session.asked:
        keys = [key for _, key in named(session, operation)]
        assert len(keys) == (4 if operation.is_transaction else 1)
        assert sum(key.startswith("hot-") for key in keys) == 1


# Keys.


@each_workload
def test_defaults_are_good_values(name: str) -> None:
    assert make(name, {}).tables == make(name, dict(WORKLOADS[name].KEYS)).tables


@pytest.mark.parametrize(
    ("name", "keys", "told"),
    [
        ("bnak", {}, "there is no workload 'bnak'; there are orders_and_payments, game_shop"),
        ("bank", {"acounts": 3}, "the workload bank has no key acounts; it has accounts, balance"),
        ("bank", {"accounts": "3"}, "accounts must be a whole number, as in accounts = 8"),
        ("bank", {"accounts": True}, "accounts must be a whole number, as in accounts = 8"),
        ("bank", {"accounts": 3.0}, "accounts must be a whole number, as in accounts = 8"),
        ("bank", {"accounts": 1}, "accounts must be a whole number from 2 to 100, not 1"),
        ("bank", {"balance": -1}, "balance must be a whole number from 0 to"),
        ("orders_and_payments", {"orders": 1}, "orders must be a whole number from 2 to 1000"),
        ("game_shop", {"players": 1}, "players must be a whole number from 2"),
        ("game_shop", {"items": 0}, "items must be a whole number from 2"),
        ("bookshop", {"books": 1}, "books must be a whole number from 2"),
        ("bookshop", {"customers": 0}, "customers must be a whole number from 1"),
        ("hot_keys", {"actions": 101}, "actions must be a whole number from 1 to 100, not 101"),
        ("hot_keys", {"cold": 8}, "cold must be a whole number from 9"),
        ("hot_keys", {"mix": "all"}, "mix must be one of 100w, 50w50r, 25each, not 'all'"),
        ("hot_keys", {"mix": 1}, 'mix must be a text, as in mix = "25each"'),
        ("hot_keys", {"deletes": 1.5}, "deletes must be a number from 0 to 1, not 1.5"),
        ("hot_keys", {"checks": float("nan")}, "checks must be a number from 0 to 1, not nan"),
        # A run ends with its last transaction, and nobody would ask for any.
        ("task_list", {"looks": 1}, "looks must be a number from 0 to 0.99, not 1"),
        ("changing_table", {"changes": 1.0}, "changes must be a number from 0 to 0.99, not 1.0"),
        ("hot_keys", {"checks": False}, "checks must be a number, as in checks = 0.1"),
    ],
)
def test_a_wrong_key_is_named_with_what_would_be_right(
    name: str, keys: Mapping[str, Value], told: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        make(name, keys)


def test_a_whole_number_will_do_for_a_share() -> None:
    session = play(make("hot_keys", {"deletes": 1, "checks": 0}), acts=50)

    kinds = {kind for operation in session.asked[2:] for kind, _ in parts(operation)}
    assert kinds == {"Delete", "Get"}


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("bank", {"accounts": 2, "balance": 0}),
        ("game_shop", {"players": 2, "items": 2, "coins": 0}),
        ("bookshop", {"customers": 1, "books": 2, "orders": 1, "stock": 0}),
        ("orders_and_payments", {"orders": 2}),
        ("hot_keys", {"hot": 1, "cold": 0, "actions": 1}),
    ],
)
def test_the_least_that_keys_may_be_will_do(name: str, keys: Mapping[str, Value]) -> None:
    session = play(make(name, keys), trouble=0.3)

    assert len(session.asked) > 300


# Scenarios.


def test_there_is_a_scenario_for_each_workload() -> None:
    scenarios = {name: load(name) for name in TROUBLED}

    assert {scenario.workload for scenario in scenarios.values()} == set(DRAWN)
    assert {name.replace("-", "_") for name in scenarios} >= set(DRAWN)
    for scenario in scenarios.values():
        assert 0 < len(scenario.description) <= 88
        assert scenario.number("faults.crashes") > 0


def test_only_the_tutorial_needs_reserved_words() -> None:
    allowing = [n for n, s in shipped().items() if s.keys["protocol.allow_reserved_words"]]

    assert allowing == ["orders-and-payments"]


@each_scenario
def test_a_run_of_each_scenario_is_hard_and_gets_somewhere(name: str) -> None:
    result = run(load(name, {"workload.transactions": "120"}), seed=1)

    assert result.ok, result.findings
    ends, codes = outcomes(result.history)
    assert ends["committed"] > 30
    assert codes["TransactionConflict"] > 0
    assert codes["ConditionalCheckFailed"] > 0 or name == "hot-keys"
    refused = [operation.error for operation in result.history if operation.error]
    assert not {"ValidationException", "SerializationException"} & set(refused)


def test_whoever_reads_all_accounts_in_a_run_finds_all_the_money() -> None:
    result = run(load("bank"), seed=1)

    totals = [
        sum(plain(found["Item"]["balance"]) for found in operation.answer["Responses"] if found)
        for operation in result.history
        if operation.name == READ_TRANSACTION
        and operation.outcome == "committed"
        and len(operation.request["TransactItems"]) == 8
    ]
    assert len(totals) > 0
    assert set(totals) == {800}
