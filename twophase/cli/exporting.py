"""`twophase report` in the formats of other tools: what each option writes, and where to."""

from collections.abc import Iterator, Mapping

import click

from sim.report.exports.chosen import moments_of
from sim.report.exports.elle import as_edn, as_json, elle_lines
from sim.report.exports.mermaid import mermaid_lines
from sim.report.exports.perfetto import perfetto_json
from sim.report.exports.shiviz import shiviz_lines
from sim.report.exports.spoken import Spoken
from sim.report.inside import Inside
from sim.report.recording import Recording
from twophase.cli.errors import BadInputError
from twophase.cli.files import text_file
from twophase.cli.reporting import call_of

FORMATS = ("mermaid", "shiviz", "perfetto", "elle")
EDN = ".edn"
STANDARD_OUTPUT = "-"


def format_of(asked: Mapping[str, bool], transaction: str | None) -> str:
    """Return the format that is asked for; empty if it is the page.

    Raises:
        BadInputError: Several are; or one that takes no transaction, or no run.
    """
    formats = [name for name in FORMATS if asked[name]]
    if len(formats) > 1:
        both = " and ".join(f"--{name}" for name in formats)
        raise BadInputError(f"{both} are formats of one file each: choose one of them")
    if formats == ["mermaid"] and transaction is None:
        raise BadInputError("--mermaid draws one transaction: name it, as in --transaction t1")
    if formats == ["elle"] and transaction is not None:
        raise BadInputError("--elle writes a whole history: it takes no --transaction")
    return formats[0] if formats else ""


def export(recording: Recording, name: str, transaction: str | None, output: str | None) -> None:
    """Write a run in another format, to a file or on standard output."""
    call = None if transaction is None else call_of(recording, transaction)
    text = "\n".join(lines_of(recording, name, call, output or ""))
    if output is None or output == STANDARD_OUTPUT:
        click.echo(text)
        return
    with text_file(f"{name} file", output) as file:
        assert file is not None, "a path was given"
        file.text = f"{text}\n"


def lines_of(recording: Recording, name: str, call: str | None, output: str) -> Iterator[str]:
    """Write a run, or what belongs to one call, in a format."""
    if name == "elle":
        lines = elle_lines(recording.in_order)
        yield from as_edn(lines) if output.endswith(EDN) else as_json(lines)
        return
    inside = Inside(recording)
    spoken, moments = Spoken(recording, inside), moments_of(recording, call)
    match name:
        case "mermaid":
            assert call is not None, "a transaction was named"
            yield from mermaid_lines(call, moments, spoken)
        case "shiviz":
            yield from shiviz_lines(moments, spoken)
        case _:
            yield from perfetto_json(recording, inside, moments, spoken)
