"""What a node has raised, in words: an exception inside a step is a finding, as in a run."""

from sim.run import where


def said_of(error: BaseException) -> str:
    """Say what a node has raised, and where."""
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"a node has a bug: {said} ({where(error)})"
