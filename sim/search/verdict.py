"""What may be said at the end of a sweep, and with how much certainty.

Where nothing was found in n runs, a run fails with a probability below 1 - 0.05^(1/n), about 3/n:
were it more likely, n runs without a finding would happen in less than 5 of 100 sweeps.  Where
something was found, Wilson's interval holds.  Both speak of runs like these: this scenario, these
faults, these checks.

In a grid it is seeds that are counted, and of them those that ran in every combination: what a seed
switches off it switches off in all of them, so that its runs are one try and not many.
"""

from collections.abc import Mapping
from math import ceil, floor, log10, sqrt

from sim.counted import counted
from sim.keys import KEYS, MILD, SURVIVED, Value
from sim.scenario import Scenario
from sim.search.results import Results

CONFIDENCE = 0.95
Z = 1.959964  # The normal distribution has 95 % within ± this many deviations.
FAULT_SECTIONS = ("network.", "disk.", "faults.", "cluster.clock")


def fault_model(scenarios: tuple[Scenario, ...]) -> tuple[str, ...]:
    """Name the faults that are on, with all values that a grid gives them."""
    model = []
    for key, (default, *_) in KEYS.items():
        # A fault is off by default; a key that is not zero then says how, and not whether.
        if default or not key.startswith(FAULT_SECTIONS):
            continue
        unsaid = [one.keys for one in scenarios if not _is_said_by_all(key, one.keys)]
        values = list(dict.fromkeys(keys[key] for keys in unsaid))
        if any(values):
            model.append(f"{key}={'|'.join(_written(value) for value in values)}")
    steps = list(dict.fromkeys(len(scenario.steps) for scenario in scenarios))
    if any(steps):
        model.append(f"faults.steps ({'|'.join(map(str, steps))})")
    return tuple(model)


def _is_said_by_all(key: str, keys: Mapping[str, Value]) -> bool:
    """Say whether a fault is as `faults.all` has it, so that naming that is enough."""
    count = keys["faults.all"]
    least = {**MILD, **dict.fromkeys(SURVIVED, count), "faults.swarm": True}
    return bool(count) and key in least and keys[key] == least[key]


def _written(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def verdict(results: Results, model: tuple[str, ...]) -> str:
    """Say in one sentence what a sweep has shown."""
    if not results.runs:
        return "no run was judged: nothing is known"
    seeds, combinations = results.seeds, len(results.tallies)
    found, fails = _counted(results), "fails"
    if combinations > 1:
        fails = f"fails in at least one of {combinations:,} combinations"
        # Where all that failed did not run in every combination, the others say too little.
        if not seeds.whole or (results.failed and not seeds.failed):
            return f"{found}: how likely a seed {fails} is not known"
    under = f"under fault model {', '.join(model)}" if model else "with no fault at all"
    if not seeds.failed:
        return f"{found}: {under} a seed {fails} with probability below {bound(seeds.whole)} (95 %)"
    least, most = (percent(part) for part in wilson(seeds.failed, seeds.whole))
    return (
        f"{found}: {under} a seed {fails} with probability"
        f" {percent(seeds.failed / seeds.whole)}, between {least} and {most} (95 %)"
    )


def _counted(results: Results) -> str:
    """Say how many have findings: of the seeds, and of the runs where a seed has several."""
    runs, failed, seeds = results.runs, results.failed, results.seeds
    is_grid = len(results.tallies) > 1
    count, have = counted(runs, "run" if is_grid else "seed"), "has" if failed == 1 else "have"
    text = f"{failed:,} of {count} {have} findings" if failed else f"no finding in {count}"
    if not is_grid:
        return text
    whole = counted(seeds.whole, "seed")
    if runs == seeds.whole * len(results.tallies):
        return f"{text}, and {seeds.failed:,} of {whole}" if failed else f"{text} of {whole}"
    failing = f", {seeds.failed:,} of them with findings" if failed else ""
    return f"{text}; {whole} ran in every combination{failing}"


def bound(runs: int) -> str:
    """Write what a failure's probability is below when none was found in so many runs."""
    return rounded_up(1 - (1 - CONFIDENCE) ** (1 / runs))


def wilson(failed: int, runs: int) -> tuple[float, float]:
    """Return the ends of Wilson's interval for the probability that a run fails."""
    part, square = failed / runs, Z * Z
    middle = (part + square / (2 * runs)) / (1 + square / runs)
    half = Z * sqrt(part * (1 - part) / runs + square / (4 * runs * runs)) / (1 + square / runs)
    return max(0.0, middle - half), min(1.0, middle + half)


def rounded_up(probability: float) -> str:
    """Write a probability with two digits, never smaller than it is: 1.5e-4, 0.012."""
    exponent = floor(log10(probability))
    digits = ceil(probability / 10 ** (exponent - 1) - 1e-9)
    if digits == 100:
        digits, exponent = 10, exponent + 1
    if exponent >= -2:
        return f"{digits * 10 ** (exponent - 1):.2g}"
    return f"{digits / 10:.1f}e{exponent}"


def percent(part: float) -> str:
    return f"{100 * part:.2g} %" if part < 0.995 else f"{100 * part:.4g} %"


def words_of(settings: Mapping[str, str]) -> str:
    """Name a combination, as in network.loss=0.1 cluster.partitions=8."""
    return " ".join(f"{key}={value}" for key, value in settings.items())
