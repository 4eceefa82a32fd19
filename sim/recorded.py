"""What a scenario file may say of a failure: the section `[failure]`, with which a file is a run.

A scenario says nothing of chance; a failure's file is a scenario, and besides the seed from which
it failed, the rule that was broken on purpose if any was, what was found, and the run's digest.
"""

import re
from collections.abc import Mapping
from typing import Any

from items.data import data
from sim.keys import ScenarioError

SECTION = "failure"
KEYS = {
    "seed": "a whole number, as in seed = 7",
    "mutant": 'a name, as in mutant = "one-accept-is-enough"',
    "finding": 'a checker and a kind, as in finding = "items: stale read"',
    "digest": "32 hexadecimal digits",
}
SEEDS = 1 << 63
DIGEST = re.compile(r"[0-9a-f]{32}")


@data
class Recorded:
    """The run that failed."""

    seed: int
    mutant: str | None
    finding: tuple[str, str]  # Which check found it, and what kind of thing.
    digest: str  # Empty: it was not noted, as in a file that a person has written.


def recorded(section: Mapping[str, Any], name: str) -> Recorded:
    """Read the section of a scenario file.

    Raises:
        ScenarioError: Naming the key that is not right.
    """
    for key in section:
        if key not in KEYS:
            raise ScenarioError(
                f"scenario {name}: 'failure.{key}' is no key of a failure; there are"
                f" {', '.join(f'failure.{known}' for known in KEYS)}"
            )
    seed, mutant = section.get("seed"), section.get("mutant")
    finding, digest = section.get("finding", ""), section.get("digest", "")
    checker, colon, kind = finding.partition(": ") if isinstance(finding, str) else ("", "", "")
    fits = {
        "seed": isinstance(seed, int) and not isinstance(seed, bool) and 0 <= seed < SEEDS,
        "mutant": mutant is None or (isinstance(mutant, str) and bool(mutant)),
        "finding": finding == "" or bool(checker and colon and kind),
        "digest": isinstance(digest, str) and (not digest or bool(DIGEST.fullmatch(digest))),
    }
    for key, is_right in fits.items():
        if not is_right:
            raise ScenarioError(f"scenario {name}: failure.{key} is to be {KEYS[key]}")
    assert isinstance(seed, int), "just seen"
    return Recorded(seed, mutant, (checker, kind), digest)
