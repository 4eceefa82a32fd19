"""The evidence of a small story, to be falsified piece by piece."""

from collections.abc import Iterable
from typing import Any

from items.values import Item
from sim.checkers.all import data_of
from sim.checkers.dependencies import SERIALIZABLE, STRICT, explained
from sim.checkers.evidence import Evidence
from sim.checkers.finding import Finding
from sim.checkers.instants import Instants
from sim.checkers.linear import check_items
from sim.checkers.model import Place
from sim.checkers.outcomes import check_outcomes, check_singletons
from sim.checkers.reasons import check_reasons
from sim.checkers.structure import check_structure
from sim.checkers.timestamps import check_timestamps
from sim.history import Operation
from sim.script import Player
from sim.script_stage import TABLES as SCRIPTS_TABLES
from tests.builders import CREATE_TABLE, Stage, key

TABLES = (CREATE_TABLE,)


class Case:
    """What is known of a story: change a piece of it, and see who notices."""

    def __init__(self, stage: Stage | Player) -> None:
        tables = TABLES if isinstance(stage, Stage) else SCRIPTS_TABLES
        patience_us = stage.cluster.settings.coordinator.votes_deadline_us
        self.evidence = Evidence(stage.history, stage.witness, tables, patience_us)
        self.data: dict[Place, Item] = data_of(stage.cluster, stage.witness)
        self.operations = [one for one in self.evidence.operations if one.name != "CreateTable"]

    def replace(self, place: int, **fields: Any) -> Operation:
        """Have another operation in the place of one."""
        old = self.operations[place]
        new = old._replace(**fields)
        evidence = self.evidence
        self.operations[place] = new
        evidence.operations = [new if one is old else one for one in evidence.operations]
        for by in (evidence.by_call, evidence.by_attempt):
            for name, one in by.items():
                if one is old:
                    by[name] = new  # type: ignore[index]  # Two maps, a key type each.
        return new

    def transaction(self, place: int) -> str:
        """Return the transaction that an operation led to."""
        call = self.operations[place].call
        (found,) = {one.transaction for one in self.evidence.decisions if one.call == call}
        return found

    def findings(self) -> list[Finding]:
        """Return what the checks find, but for the graph's explanations."""
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

    def kinds(self) -> set[str]:
        return {one.kind for one in self.findings()}

    def graph(self, *, strict: bool = False, is_inside: bool = True) -> set[str]:
        """Return the anomalies that the dependency graph finds."""
        model = STRICT if strict else SERIALIZABLE
        return {one.kind for one in explained(self.evidence, model=model, is_inside=is_inside)}


def played(*blocks: str) -> Case:
    """Play the blocks of a golden script, and take the evidence of what happened."""
    player = Player()
    for block in blocks:
        player.play(line.strip() for line in block.strip().splitlines())
    return Case(player)


def place_of(name: str) -> Place:
    return "things", key(name)
