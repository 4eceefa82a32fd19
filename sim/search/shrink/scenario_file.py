"""A scenario as TOML: what differs from the defaults, in the order of the sections.

What is written here and read again is the same scenario, but for its name and for `faults.all`,
whose keys are written one by one.
"""

import json
from collections.abc import Iterable, Iterator

from sim.keys import KEYS, Value
from sim.recorded import Recorded
from sim.scenario import STEPS, Scenario
from sim.workloads.registry import WORKLOADS

ALL = "faults.all"


def written(
    scenario: Scenario,
    recorded: Recorded | None,
    description: str = "",
    comments: Iterable[str] = (),
) -> str:
    """Write a scenario, with the failure that it is if it is one."""
    parts = [f"description = {quoted(description or scenario.description)}"]
    comment = "\n".join(f"# {line}".rstrip() for line in comments)
    if comment:
        parts.insert(0, comment)
    if recorded is not None:
        parts.append("\n".join(_failure(recorded)))
    parts += ["\n".join([f"[{name}]", *lines]) for name, lines in _sections(scenario).items()]
    return "\n\n".join(parts) + "\n"


def said(scenario: Scenario) -> dict[str, Value]:
    """Return the shared keys that are not as they are by default; `faults.all` is spelt out."""
    return {
        key: value for key, value in scenario.keys.items() if value != KEYS[key][0] and key != ALL
    }


def _sections(scenario: Scenario) -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    for key, value in said(scenario).items():
        section, _, name = key.partition(".")
        if section != "workload":
            sections.setdefault(section, []).append(f"{name} = {shown(value)}")
    if scenario.steps:
        lines = [f"    {quoted(str(step))}," for step in scenario.steps]
        steps = ["steps = [", *lines, "]"]
        sections.setdefault("faults", []).extend(steps)
    assert STEPS == "faults.steps", "written just above"
    sections["workload"] = list(_workload(scenario))
    return sections


def _workload(scenario: Scenario) -> Iterator[str]:
    yield f"name = {quoted(scenario.workload)}"
    for key in ("workload.clients", "workload.transactions"):
        if key in said(scenario):
            yield f"{key.partition('.')[2]} = {shown(scenario.keys[key])}"
    defaults = WORKLOADS[scenario.workload].KEYS
    for key, value in scenario.workload_keys.items():
        if value != defaults[key]:
            yield f"{key} = {shown(value)}"


def _failure(recorded: Recorded) -> Iterator[str]:
    yield "[failure]"
    yield f"seed = {recorded.seed}"
    if recorded.mutant is not None:
        yield f"mutant = {quoted(recorded.mutant)}"
    if any(recorded.finding):
        yield f"finding = {quoted(': '.join(recorded.finding))}"
    if recorded.digest:
        yield f"digest = {quoted(recorded.digest)}"


def shown(value: Value) -> str:
    """Write a value as TOML does; a text of several lines stays one."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return repr(value)
    if "\n" in value and "\\" not in value and '"""' not in value:
        return f'"""\n{value.strip()}\n"""'
    return quoted(value)


def quoted(text: str) -> str:
    # What JSON escapes TOML does as well, but for one character that JSON leaves as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
