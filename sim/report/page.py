"""The page: what a recording says, with style and script, in one file that needs no other.

The data are put in as JSON, which the page's script reads and draws; nothing of a run ever becomes
HTML.  The script's files in `page/` are put one after another into one module, as they are: what
one finds in the page's source is what is in the repository.
"""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from itertools import takewhile
from typing import Any

from jinja2 import Environment, StrictUndefined, Template

from network.events import EVENTS, FAULTS
from sim.figures import is_setting_up
from sim.report.bands import bands_of
from sim.report.conflicts import conflicts_of
from sim.report.diagram import calls_of, messages_of, node_names, nodes_of
from sim.report.findings import findings_of
from sim.report.inside import Inside
from sim.report.made import Made, Progress
from sim.report.naming import Names
from sim.report.plots import plots_of
from sim.report.recording import Recording
from sim.report.sampling import MESSAGES_MAX, sampled
from sim.report.sentences import SENTENCES, WRITINGS
from sim.report.states import events_of, writes_of
from sim.report.summary import summary_of
from sim.report.transactions import transactions_of

BYTES_MAX = 5_000_000
TRIALS_MAX = 4  # Of a page that is too large.
PAGE = files("sim.report") / "page"
STYLES = ("style.css", "diagram.css", "sections.css", "print.css")
SCRIPTS = (
    *("view.js", "dom.js", "theme.js"),
    *("diagram_data.js", "diagram_layout.js", "diagram_paint.js", "diagram_messages.js"),
    *("diagram_strip.js", "diagram_words.js", "diagram_hands.js", "diagram.js"),
    *("travel_steps.js", "travel_cards.js", "travel.js", "filters.js"),
    *("summary.js", "transactions.js", "findings.js"),
    *("plot_drawing.js", "plot_staleness.js", "plots.js", "main.js"),
)


def page_of(
    recording: Recording,
    *,
    chosen: str = "",
    bytes_max: int = BYTES_MAX,
    progress: Progress | None = None,
) -> str:
    """Write the page of a run; it opens on the chosen call, if there is one.

    What would be too large is made of fewer messages: how much a message takes is known only when
    it is written.
    """
    made = Made(progress)
    inside = Inside(recording)  # All of it, however much the page will show.
    run = run_of(recording, chosen=chosen, made=made, inside=inside)
    text = written(run)
    made.part()
    for _ in range(TRIALS_MAX):
        size = len(text.encode())
        if size <= bytes_max:
            break
        messages_max = len(run["messages"]["us"]) * bytes_max * 9 // (size * 10)
        run = run_of(recording, chosen=chosen, messages_max=messages_max, made=made, inside=inside)
        text = written(run)
        made.part()
    return text


def written(run: Mapping[str, Any]) -> str:
    """Write the page of these data."""
    style, script = joined(STYLES), joined(SCRIPTS)
    return template().render(
        title=run["meta"]["title"],
        subtitle=run["meta"]["subtitle"],
        style=style,
        script=script,
        style_hash=hash_of(style),
        script_hash=hash_of(script),
        data=as_script(run),
    )


def run_of(
    recording: Recording,
    *,
    chosen: str = "",
    messages_max: int = MESSAGES_MAX,
    made: Made | None = None,
    inside: Inside | None = None,
) -> dict[str, Any]:
    """Gather all that the page's script reads: RUN."""
    made = made or Made()
    made.begin()
    inside = inside or Inside(recording)
    made.part()
    conflicts = conflicts_of(inside)
    about = [*filter(None, [chosen]), *calls_found(recording)]
    sample = sampled(
        recording.moments, about, conflicts, recording.unkept, messages_max=messages_max
    )
    moments, calls = sample.moments, sample.calls
    made.part()
    names = Names(recording.moments)
    for transaction in inside.names:  # Whatever is left out, it is called what it is in the run.
        names.words.transaction(transaction)
    for name in node_names(recording.moments):
        names.nodes[name] = len(names.nodes)
    places = {call: n for n, call in enumerate(calls)}
    messages = messages_of(moments, names, calls)
    made.part()
    told = calls_of(recording, names, calls)
    for one in told:
        met = conflicts.get(one["call"], ())
        one["conflicts"] = [places[other] for other in met if other in places]
    run: dict[str, Any] = {
        "meta": meta_of(recording, sample.left_out, about, chosen),
        "nodes": nodes_of(names),
        "calls": told,
        "messages": messages,
        "bands": bands_of(moments, names, calls),
        "writes": writes_of(moments, names, calls),
        "steps": events_of(moments, names, calls),
        "meanings": {**EVENTS, **FAULTS},
        "writings": WRITINGS,
        "sentences": {name: SENTENCES[name]._asdict() for name in messages["sentences"]},
    }
    made.part()
    run["summary"] = summary_of(recording, sample.left_out)
    run["findings"] = findings_of(recording, inside)
    run["transactions"] = transactions_of(recording, inside, places.__contains__)
    run["plots"] = plots_of(recording, inside)
    run["items"] = names.item_names()
    run["texts"] = list(names.texts)
    made.part()
    return run


def meta_of(
    recording: Recording, left_out: str, about: Iterable[str], chosen: str
) -> dict[str, Any]:
    """Say which run it is."""
    origin, result = recording.origin, recording.result
    title = origin.scenario if origin.seed is None else f"{origin.scenario}, seed {origin.seed}"
    told = [result.scenario.description] if result is not None else ["read from a trace"]
    if origin.mutant:
        told.append(f"broken on purpose: {origin.mutant}")
    return {
        "title": f"twophase: {title}",
        "subtitle": " · ".join(one for one in told if one),
        "scenario": origin.scenario,
        "seed": origin.seed,
        "mutant": origin.mutant,
        "command": origin.command,
        "end_us": recording.end_us,
        "begin_us": begin_of(recording),
        "left_out": left_out,
        "about": list(dict.fromkeys(about)),
        "chosen": chosen or None,
    }


def begin_of(recording: Recording) -> int:
    """Return when the tables were there and clients began, who may ask for tables as well."""
    first = takewhile(is_setting_up, recording.operations)
    tables = [one for one in first if one.name in ("CreateTable", "DescribeTable")]
    return max((one.returned_us for one in tables), default=0)


def calls_found(recording: Recording) -> list[str]:
    """Return the calls that findings speak of."""
    if recording.result is None:
        return []
    of_name = recording.calls.of_name
    named = [name for finding in recording.result.findings for name in finding.transactions]
    return list(dict.fromkeys(call for name in named if (call := of_name(name))))


# The file ----------------------------------------------------------------------------------------


@cache
def template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    return environment.from_string((PAGE / "page.html.j2").read_text(encoding="utf-8"))


@cache
def joined(names: tuple[str, ...]) -> str:
    """Put files one after another."""
    found = [PAGE / name for name in names]
    return "\n".join(one.read_text(encoding="utf-8") for one in found if one.is_file())


def hash_of(text: str) -> str:
    """Return the hash by which the page's policy lets a script or a style in."""
    return b64encode(sha256(text.encode()).digest()).decode()


def as_script(run: Mapping[str, Any]) -> str:
    """Write JSON for the inside of a script element: nothing in it may end the element."""
    text = json.dumps(run, separators=(",", ":"), ensure_ascii=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
