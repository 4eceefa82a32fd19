"""What a node has raised, in words: no node may fail, so an exception in a step is a finding."""

import traceback
from pathlib import Path

from sim.checkers.finding import Finding


def bug_of(node: str, error: BaseException) -> Finding:
    """Tell that a node did what no node may: it failed."""
    return Finding("nodes", "failed", said_of(error, node), ())


def said_of(error: BaseException, node: str = "a node") -> str:
    """Say what a node has raised, and where."""
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"{node} has a bug: {said} ({where(error)})"


def where(error: BaseException) -> str:
    """Name the function that an exception comes from, as in partition/rules.py: prepare."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "nobody knows where"
    file = Path(frames[-1].filename)
    return f"{file.parent.name}/{file.name}: {frames[-1].name}"
