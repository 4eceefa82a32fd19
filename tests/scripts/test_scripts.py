"""Every golden script, played: what is written is what happens, and nothing is left behind.

`TWOPHASE_REWRITE=1 pytest tests/scripts` writes down what happens now.  Whoever commits that can
explain each line of the difference.
"""

import os
from pathlib import Path

import pytest

from sim.script import Player, rewrite
from sim.script_check import judged

SCRIPTS = sorted(Path(__file__).parent.glob("*.txt"))
REWRITES = os.environ.get("TWOPHASE_REWRITE") == "1"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_what_a_script_says_is_what_happens(path: Path) -> None:
    written = path.read_text(encoding="utf-8")
    player = Player()

    played = rewrite(written, player)

    if REWRITES:
        path.write_text(played, encoding="utf-8")
    else:
        assert played.splitlines() == written.splitlines()
    assert findings(player) == []


def test_every_script_says_what_it_is_about() -> None:
    assert SCRIPTS
    for path in SCRIPTS:
        assert path.read_text(encoding="utf-8").startswith("# "), path.name


def findings(player: Player) -> list[str]:
    """Heal everything, let it come to its end, and say what is wrong then."""
    left, found = judged(player)
    return [*left, *(str(one) for one in found)]
