"""A step sweep as one JSON object."""

import json
from typing import Any

from sim.search.steps.cells import CellRun
from sim.search.steps.table import Table
from sim.search.steps.verdicts import Ending, Verdict
from twophase.cli.steps import Asked


def as_json(asked: Asked, table: Table) -> str:
    """Write the table: every cell with its command, the pairs counted, those that differ listed."""
    calm = table.undisturbed
    rows = [
        {
            "row": row,
            "occasion": occasion.name,
            "said": occasion.said,
            "write": occasion.is_write,
            "cells": [
                _told(asked, table.singles[cell.address])
                for cell in calm.cells
                if cell.row == row and cell.address in table.singles
            ],
        }
        for row, occasion in enumerate(calm.occasions, 1)
    ]
    told: dict[str, Any] = {
        "scenario": asked.name,
        "seed": asked.seed,
        "ok": table.ok,
        "runs": 1 + len(table.singles) + table.pairs,
        "undisturbed": _verdict(calm.verdict),
        "rows": rows,
        "pairs": {
            "runs": table.pairs,
            "outcomes": [
                {"count": count, "requests": [_outcome(*one) for one in outcome]}
                for outcome, count in sorted(
                    table.pair_outcomes.items(), key=lambda one: (-one[1], one[0])
                )
            ],
            "differing": table.differing_count,
            "listed": [_told(asked, pair) for pair in table.differing],
        },
        "findings": [_told(asked, one) for one in table.found],
    }
    return json.dumps(told, ensure_ascii=False)


def _told(asked: Asked, told: CellRun) -> dict[str, Any]:
    return {
        "cell": told.address,
        "steps": [cell.step for cell in told.cells],
        "command": asked.simulate(told.cells),
        **_verdict(told.verdict),
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "came": list(verdict.came),
        "requests": [_ending(ending) for ending in verdict.endings],
        "findings": list(verdict.findings),
    }


def _ending(ending: Ending) -> dict[str, Any]:
    return {
        **_outcome(*ending.outcome),
        "call": ending.call,
        "by": ending.by,
        "told_us": ending.told_us,
        "finished_us": ending.finished_us,
    }


def _outcome(client: str, told: str, truth: str, is_recovered: bool) -> dict[str, Any]:
    return {"client": client, "told": told, "truth": truth, "recovered": is_recovered}
