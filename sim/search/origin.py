"""Where results come from: what one code made of one scenario may be counted together."""

from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import sim
from items.data import data
from sim.scenario import Scenario
from sim.search.plan import Plan

# All that a run is made by: whatever `sim` imports, and itself.
PACKAGES = ("items", "network", "partition", "coordinator", "replication", "router", "sim")
SOURCES = (".py", ".lark", ".txt")


@data
class Origin:
    """What all runs of a result file have in common."""

    scenario: str
    code: str  # The product's version and a hash of the packages' sources.
    keys: str  # A hash of all keys of the scenario that no `--set` gives.
    columns: tuple[str, ...]  # The keys that `--set` gives.

    @property
    def version(self) -> str:
        return f"{self.code}/{self.keys}"

    def difference(self, scenario: str, version: str) -> str:
        """Say in words what results of another origin are of; '' if they are of this one."""
        code, _, keys = version.partition("/")
        if scenario != self.scenario:
            return f"scenario {scenario}, and this is {self.scenario}"
        if code != self.code:
            return f"version {code} of the code, and this is {self.code}"
        return f"a scenario {scenario} with other keys" if keys != self.keys else ""


def origin_of(plan: Plan) -> Origin:
    columns, name = tuple(plan.settings[0]), plan.base.name
    if plan.mutant is not None:
        name = f"{name} --mutant {plan.mutant}"
    return Origin(name, code_version(), keys_hash(plan.base, columns), columns)


def keys_hash(scenario: Scenario, besides: tuple[str, ...]) -> str:
    """Name what a scenario says, but for some of its keys."""
    keys = dict(scenario.keys)
    keys |= {f"workload.{key}": value for key, value in scenario.workload_keys.items()}
    told = [(key, keys[key]) for key in sorted(keys) if key not in besides]
    steps = () if "faults.steps" in besides else scenario.steps
    return blake2b(repr((scenario.workload, told, steps)).encode(), digest_size=4).hexdigest()


def code_version() -> str:
    """Name the code that runs are made by: two sources that differ have two names."""
    sources = blake2b(digest_size=6)
    root = Path(sim.__file__).parent.parent
    for package in PACKAGES:
        files = (path for path in (root / package).rglob("*") if path.suffix in SOURCES)
        for path in sorted(files):
            if "search" not in path.relative_to(root).parts:  # It makes no run different.
                sources.update(path.relative_to(root).as_posix().encode())
                sources.update(path.read_bytes())
    try:
        product = version("twophase")
    except PackageNotFoundError:
        product = "0"
    return f"{product}+{sources.hexdigest()}"
