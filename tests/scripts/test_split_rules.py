"""Rules of a split that are broken too rarely in runs: each breach changes its golden script."""

from pathlib import Path
from typing import Any

import pytest

from partition.machine import Machine
from partition.move_steps import MoveSteps
from sim.mutants.patches import Patches
from sim.script import rewrite

HERE = Path(__file__).parent


def refuse_and_forget(patches: Patches) -> None:
    """A child that does not serve yet refuses a write, and forgets that it did."""

    def refuse(self: Any, message: Any, envelope: Any, _: Any) -> Any:
        earlier = self._once.earlier(envelope.source, envelope.number, message.incarnation)
        return earlier or self.not_mine()

    patches.set(MoveSteps, "_refuse_write", refuse)


def ask_for_the_range_first(patches: Patches) -> None:
    """A partition asks whose an item is before it asks whether it knows the write."""

    @patches.around(Machine, "_write")
    def write(original: Any, self: Any, message: Any, *rest: Any) -> Any:
        stray = self._stray([(message.action.table, message.action.key)])
        return original(self, message, *rest) if stray is None else stray


BREACHES = {
    "split_child_refuses_for_good": refuse_and_forget,
    "split_and_copy_of_a_write": ask_for_the_range_first,
}


@pytest.mark.parametrize("name", BREACHES)
def test_a_write_that_is_applied_twice_changes_its_script(name: str) -> None:
    text = (HERE / f"{name}.txt").read_text(encoding="utf-8")

    with Patches() as patches:
        BREACHES[name](patches)
        said = rewrite(text)

    assert said != text
    assert said.endswith("lsn 2\n")
    assert text.endswith("lsn 1\n")
