"""Faults on random steps of a small world: what `twophase steps` does one by one, drawn."""

from sim.cluster_run import Run
from sim.search.hunt.draws import Draws, World
from sim.search.steps.cells import Cell, cells_of
from sim.search.steps.occasions import Occasions

STEPS_MAX = 3


def with_steps(draws: Draws, world: World) -> World:
    """Run a world as it is, and draw one to three faults on what there was to hit in that run.

    The run is one of the unbroken protocol: nothing must be broken where this is asked.
    """
    run = Run(world.scenario(), draws.seed)
    occasions = Occasions(run)
    run.go()
    cells = cells_of(occasions.all())
    count = min(len(cells), draws.between("steps", 1, STEPS_MAX))
    drawn = [cells[draws.site("cell").below(len(cells))] for _ in range(count)]
    return World(world.base, {**world.settings, "faults.steps": _listed(drawn)})


def _listed(cells: list[Cell]) -> str:
    steps = dict.fromkeys(f'"{cell.step}"' for cell in cells)
    return f"[{', '.join(steps)}]"
