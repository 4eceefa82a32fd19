"""The names of a scenario's regions: as a list, or as how many there are to be."""

import re
from typing import Any

from sim.keys import ScenarioError, Value, is_whole

SERVICE_NAMES = ("us-east-1", "eu-west-1", "ap-southeast-2", "sa-east-1", "us-west-2")
REGIONS_MAX = len(SERVICE_NAMES)
NAME = re.compile(r"[a-z]{2,}(-[a-z0-9]+)*")  # Neither a node's name nor one with a dot.
NAME_LENGTH_MAX = 30


def names_of(value: Value) -> tuple[str, ...]:
    """Read `regions.names`: 'us-east-1, eu-west-1', or 2; nothing where there is one region.

    Raises:
        ScenarioError: It is neither.
    """
    text = str(value).strip().strip("[]")
    if not text:
        return ()
    if is_whole(text):
        names = SERVICE_NAMES[: int(text)]
        if not 2 <= int(text) <= REGIONS_MAX:
            raise _wrong(value)
        return names
    names = tuple(part.strip().strip("\"'") for part in text.split(","))
    wrong = [name for name in names if not NAME.fullmatch(name) or len(name) > NAME_LENGTH_MAX]
    if wrong or len(set(names)) != len(names) or not 2 <= len(names) <= REGIONS_MAX:
        raise _wrong(value, *wrong[:1])
    return names


def text_of_names(names: Any) -> str:
    """Write a scenario file's list of regions as the text that a key's value is."""
    return ", ".join(map(str, names)) if isinstance(names, list) else str(names)


def _wrong(value: Value, name: str | None = None) -> ScenarioError:
    looks = (
        f"; {name!r} is no name: one begins with two small letters or more, has digits only behind"
        f" a dash, and {NAME_LENGTH_MAX} signs at most"
    )
    return ScenarioError(
        f"regions.names is to be 2 to {REGIONS_MAX} different names like 'us-east-1, eu-west-1',"
        f" or how many there are, not {value!r}{'' if name is None else looks}"
    )
