"""A run of any workload, told as a listed world: who asked for what when, and what went otherwise.

What a workload's conditions say of amounts and stock becomes 'if exists' where it held and
'if = nothing' where it did not; a value is a number that nobody else writes.  So a listed world
need not fail as the run did: that is to be tried.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from items.data import data
from sim.checkers.all import data_of
from sim.checkers.model import Place
from sim.cluster_run import Run
from sim.history import READ_TRANSACTION, WRITE_TRANSACTION, Operation
from sim.keys import COUNTED, Value
from sim.result import Result
from sim.scenario import Scenario
from sim.script_requests import LEAVE_A_VALUE
from sim.search.shrink.recording import Recording, least_us
from sim.search.shrink.story import NOTHING, Action, Choice, Request, Story

VERBS = {"Put": "put", "Update": "update", "Delete": "delete", "ConditionCheck": "check"}
ALONE = {"PutItem": "put", "UpdateItem": "update", "DeleteItem": "delete", "GetItem": "get"}
WEATHER = ("network.loss", "network.repeat", "network.late", "network.corrupt")
# Faults that no step can say: they stay keys of the scenario.
STAY = ("faults.partition_splits", "faults.lying_disks")
CALLED_OFF = (*(key for key in COUNTED if key not in STAY), *WEATHER, "faults.all")
ITEMS = tuple[str, tuple[tuple[str, str], ...]]


@data
class TranslatedRun:
    """A run in the words of a listed world."""

    story: Story
    result: Result
    about: frozenset[int]  # The requests on items that a finding of the anomaly is about …
    about_names: frozenset[str]  # … and their names in this run.


class Translation:
    """Makes a story of a run, while it goes on and after it."""

    def __init__(self, scenario: Scenario, seed: int, *, with_opening: bool = False) -> None:
        """`with_opening`: what the first client did alone is told as a part of the trouble."""
        self._with_opening = with_opening
        self._run = Run(scenario, seed)
        self._recording = Recording(self._run)
        self._workload = self._run.workload
        self._is_listed = scenario.workload == "listed"
        self._there: list[Place] = []
        self._owners: dict[Place, str] = {}
        self._schemas = {
            table["TableName"]: tuple(entry["AttributeName"] for entry in table["KeySchema"])
            for table in self._run.workload.tables
        }
        self._items: dict[Place, int] = {}
        self._homes: dict[int, int] = {}
        self._values = 0
        self._numbers: dict[str, int] = {}  # Of requests, by name …
        self._calls: dict[str, int] = {}  # … and by call.
        self._run.listen_to_phases(self._phase_ended)

    def _phase_ended(self, phase: str) -> None:
        if phase == "setting up":
            self._there = list(self._first_items())

    def _first_items(self) -> Iterator[Place]:
        """Return what is there when the story begins."""
        if not self._with_opening:
            yield from sorted(data_of(self._run.cluster, self._run.witness))
            return
        for table, item in self._workload.items():
            yield table, tuple(next(iter(item[name].items())) for name in self._schemas[table])

    def go(self, anomaly: frozenset[str] = frozenset()) -> TranslatedRun:
        """Run it, and tell it; the anomaly is the kinds of the finding that matters.

        Raises:
            SetupError: As a run does.
        """
        result = self._run.go()
        requests, of = self._requests(result)
        self._numbers = of
        choices = tuple(
            Choice(seen.step, of.get(seen.of))
            for seen in self._recording.finish()
            if (not seen.of or seen.of in of) and self._is_nameable(seen.step.hosts())
        )
        there = tuple(self._items[place] for place in self._there if place in self._items)
        keys = calm_keys(result.scenario, least_us(self._run), self._run.plan.off)
        story = Story(requests, dict(self._homes), there, choices, keys)
        named = [one.transactions for one in result.findings if one.kind in anomaly]
        about = self._about(story, named[0] if named else ())
        names = frozenset(name for name, number in of.items() if number in about)
        return TranslatedRun(story, result, about, names)

    def _about(self, story: Story, named: tuple[str, ...]) -> frozenset[int]:
        """Return the requests on any item that the ones named, by call or id, are about."""
        names = (self._recording.request_named(one) for one in named)
        numbers = {self._numbers[name] for name in names if name in self._numbers}
        numbers |= {self._calls[one] for one in named if one in self._calls}
        items = {a.item for one in story.requests if one.number in numbers for a in one.actions}
        tokens = {one.token for one in story.requests if one.number in numbers and one.token}
        near = [
            one
            for one in story.requests
            if one.token in tokens or any(a.item in items for a in one.actions)
        ]
        return frozenset(one.number for one in near)

    def _is_nameable(self, hosts: list[str]) -> bool:
        """Say whether all of these were configured: who is born of a split has no name yet."""
        shape = self._run.plan.settings.shape
        counts = {"p": shape.partitions, "l": shape.ledgers}
        return all(int(host[1:]) <= counts.get(host[0], 1 << 30) for host in hosts)

    def _requests(self, result: Result) -> tuple[tuple[Request, ...], dict[str, int]]:
        """Return the requests of the trouble, and their numbers by name, as in k2.1."""
        trouble_us, counts = self._recording.began_us, dict[str, int]()
        first = len(list(self._workload.items())) if self._with_opening else 0
        asked = [
            one
            for n, one in enumerate(asked_for(result))
            if one.invoked_us >= trouble_us or (self._with_opening and n >= first)
        ]
        began_us = min((one.invoked_us for one in asked), default=trouble_us)
        began_us = began_us if self._with_opening else trouble_us
        tokens = _tokens(asked)
        requests: list[Request] = []
        of: dict[str, int] = {}
        for operation in asked:
            is_opening = operation.invoked_us < trouble_us
            if not is_opening:
                counts[operation.client] = counts.get(operation.client, 0) + 1
            verb, actions = self._said(operation)
            if actions:
                self._calls[operation.call] = number = len(requests) + 1
                if not is_opening:
                    of[f"{operation.client}.{counts[operation.client]}"] = number
                at_us = operation.invoked_us - began_us
                token = tokens[operation.request["ClientRequestToken"]] if verb == "write" else 0
                requests.append(Request(number, operation.client, at_us, verb, actions, token))
        return tuple(requests), of

    def _said(self, operation: Operation) -> tuple[str, tuple[Action, ...]]:
        """Say an operation in the words of a listed world; without actions if it has none."""
        request = operation.request
        if operation.name == WRITE_TRANSACTION:
            entries = [pair for entry in request["TransactItems"] for pair in entry.items()]
            # A broken rule may give too few reasons: whoever has none is told all the same.
            codes = [reason["Code"] for reason in operation.reasons] + [""] * len(entries)
            return "write", tuple(
                self._action(VERBS[verb], body, code == "ConditionalCheckFailed")
                for (verb, body), code in zip(entries, codes, strict=False)
            )
        if operation.name == READ_TRANSACTION:
            gets = [entry["Get"] for entry in request["TransactItems"]]
            return "read", tuple(self._action("get", body, False) for body in gets)
        verb = ALONE.get(operation.name, "")
        failed = operation.error == "ConditionalCheckFailedException"
        if not verb:
            return "", ()
        action = self._action(verb, request, failed)
        return action.verb, (action,)

    def _action(self, verb: str, body: Mapping[str, Any], failed: bool) -> Action:
        condition = _condition(str(body.get("ConditionExpression", "")), failed)
        if condition and self._is_listed and "=" in str(body["ConditionExpression"]):
            condition = f"= {NOTHING}"  # As the story that this world was made of says.
        if verb == "check" and not condition:
            condition = "exists"
        value = 0
        if "#times" in body.get("ExpressionAttributeNames", {}):
            verb = "add"
        if verb in LEAVE_A_VALUE:
            self._values = value = self._values + 1
        shows = bool(condition) and body.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        return Action(verb, self._item(body), value, condition, shows)

    def _item(self, body: Mapping[str, Any]) -> int:
        table = body["TableName"]
        named = body.get("Key") or {name: body["Item"][name] for name in self._schemas[table]}
        key = tuple(next(iter(named[name].items())) for name in self._schemas[table])
        place = (table, key)
        if place not in self._items:
            self._items[place] = number = len(self._items) + 1
            owner = self._run.cluster.placement.owner(table, key)
            self._homes[number] = int(owner[1:])
        return self._items[place]


def asked_for(result: Result) -> list[Operation]:
    """Return what was asked for, but for tables, in the order in which it was."""
    asked = [one for one in result.history if not one.name.endswith("Table")]
    return sorted(asked, key=lambda one: (one.invoked_us, one.place))


def _tokens(asked: Sequence[Operation]) -> dict[str, int]:
    """Give each token that several operations have in common a number; other tokens have 0."""
    writes = [one for one in asked if one.name == WRITE_TRANSACTION]
    counts = Counter(one.request["ClientRequestToken"] for one in writes)
    shared = (token for token, count in counts.items() if count > 1)
    return dict.fromkeys(counts, 0) | {token: n for n, token in enumerate(shared, 1)}


def _condition(text: str, failed: bool) -> str:
    """Say a condition in a listed world's words."""
    if not text:
        return ""
    if "attribute_not_exists" in text:
        return "missing"
    if "attribute_exists" in text and not failed:
        return "exists"
    return f"= {NOTHING}" if failed else "exists"


def calm_keys(scenario: Scenario, delay_us: int, off: tuple[str, ...]) -> dict[str, Value]:
    """Return what stays of a scenario's keys where its faults are said one by one."""
    keys: dict[str, Value] = {
        key: value for key, value in scenario.keys.items() if not key.startswith("workload.")
    }
    keys |= dict.fromkeys(CALLED_OFF, 0)
    for name in ("skew", "drift"):
        if name in off:
            keys[{"skew": "cluster.clock_skew_us", "drift": "cluster.clock_drift_ppm"}[name]] = 0
    for key in STAY:
        if key.removeprefix("faults.") in off:
            keys[key] = 0
    keys["faults.swarm"] = keys["run.canary"] = False
    keys["network.delay_us"] = str(delay_us)
    keys["client.think_us"] = 1
    return keys
