"""What a world is troubled by: weather, clocks, time limits, faults.

Swarm, twice: a run has some kinds of trouble and not others, and of each a little or a lot.
"""

from collections.abc import Mapping, Sequence

from sim.search.hunt.draws import Draws

Options = Mapping[str, Sequence[str]]

# The scenarios' own faults are switched off, so that what is drawn is all there is.
CALM = {
    "network.loss": "0",
    "network.repeat": "0",
    "faults.crashes": "0",
}
WEATHER: Options = {
    "network.loss": ("0.02", "0.05", "0.2"),
    "network.repeat": ("0.05", "0.3"),
    "network.late": ("0.03", "0.1"),
}
DELAYS: Options = {
    "network.delay_us": ("200..2000", "200..2000", "2000..20000", "log-normal 1000"),
    "network.late_us": ("20000", "300000", "2000000"),
    "disk.sync_us": ("200..1000", "5000..20000"),
}
CLOCKS: Options = {"cluster.clock_skew_us": ("5000", "50000", "2000000")}
LIMITS: Options = {
    "protocol.stalled_after_us": ("200000", "1000000"),
    "protocol.votes_deadline_us": ("20000", "1000000"),
    "protocol.answer_deadline_us": ("20000", "300000"),
    "protocol.repeat_first_us": ("10000", "1000000"),
    "client.attempt_deadline_us": ("30000", "300000"),
    "protocol.read_redrives": ("1", "3"),
}
LIMITS_OF_NODES: Options = {
    key: values for key, values in LIMITS.items() if not key.startswith("client.")
}
FAULTS: Options = {
    "faults.crashes": ("3", "10", "30"),
    "faults.downtime_us": ("1000..20000", "10000..1000000"),
    "faults.pauses": ("3", "10"),
    "faults.clock_jumps": ("3", "10"),
    "faults.cuts": ("3", "10"),
    "faults.holds": ("3", "10"),
    "faults.torn_writes": ("3", "10"),
    "faults.throttles": ("2",),
    "faults.partition_splits": ("2", "4"),
}


def swarm(draws: Draws) -> dict[str, str]:
    """Draw some of all kinds of trouble."""
    drawn = {
        **CALM,
        **draws.all_of(DELAYS),
        **draws.some_of(WEATHER, 0.5),
        **draws.some_of(CLOCKS, 0.5),
        **draws.some_of(LIMITS, 0.35),
        **draws.some_of(FAULTS, 0.3),
    }
    if drawn["network.delay_us"] != "200..2000" or drawn["disk.sync_us"] != "200..1000":
        # Else the tables could not be made in time.
        drawn["client.attempt_deadline_us"] = "1000000"
    return drawn


def clocks(draws: Draws) -> dict[str, str]:
    """Draw a world in which the clocks are wrong: most often nothing is lost or comes twice."""
    return {
        **CALM,
        "network.delay_us": draws.one_of("delay_us", ("200..2000", "2000..20000")),
        "cluster.clock_skew_us": draws.one_of("skew", ("50000", "200000", "2000000")),
        **draws.some_of({"faults.clock_jumps": ("5", "20")}, 0.3),
        **draws.some_of({"network.repeat": ("0.2",), "network.late": ("0.05",)}, 0.25),
    }


def crashes(draws: Draws) -> dict[str, str]:
    """Draw many short crashes, on a network that repeats what it carries, and late."""
    return {
        **CALM,
        "faults.crashes": draws.one_of("crashes", ("10", "30", "60")),
        "faults.downtime_us": draws.one_of("downtime", ("1000..20000", "1000..200000")),
        "network.repeat": draws.one_of("repeat", ("0.1", "0.3")),
        "network.late": draws.one_of("late", ("0.02", "0.1")),
        "network.late_us": draws.one_of("late_us", ("20000", "300000", "2000000")),
        "disk.sync_us": draws.one_of(
            "sync", ("200..1000", "5000..20000", "20000..50000", "20000..50000")
        ),
        "protocol.stalled_after_us": draws.one_of("stalled", ("200000", "1000000", "5000000")),
        **draws.some_of(LIMITS_OF_NODES, 0.25),
        **draws.some_of({"faults.torn_writes": ("20", "60")}, 0.6),
        **draws.some_of({"faults.pauses": ("5", "20")}, 0.3),
    }


def splits(draws: Draws) -> dict[str, str]:
    """Draw partitions that split while everything is slow, late, or crashes."""
    return {
        **CALM,
        "cluster.partitions": draws.one_of("partitions", ("1", "2", "4")),
        "faults.partition_splits": draws.one_of("splits", ("4", "12", "30")),
        "network.delay_us": draws.one_of("delay_us", ("200..2000", "2000..20000")),
        **draws.some_of({**WEATHER, "network.late": ("0.05", "0.2")}, 0.65),
        "network.late_us": draws.one_of("late_us", ("20000", "300000", "2000000")),
        **draws.some_of(CLOCKS, 0.4),
        **draws.some_of(LIMITS_OF_NODES, 0.2),
        **draws.some_of({"faults.crashes": ("5", "20"), "faults.holds": ("5",)}, 0.4),
        **draws.some_of({"faults.late_child_us": ("1000..50000",)}, 0.25),
        **draws.some_of({"faults.downtime_us": ("1000..50000",)}, 0.5),
    }


def small(draws: Draws) -> dict[str, str]:
    """Draw some trouble for a world of a few requests: faults come one or two at a time."""
    few = {
        "faults.crashes": ("1", "3", "6"),
        "faults.pauses": ("1", "3"),
        "faults.clock_jumps": ("1", "3"),
        "faults.cuts": ("1",),
        "faults.holds": ("1", "3"),
        "faults.partition_splits": ("1", "2"),
    }
    return {
        **draws.all_of(DELAYS),
        **draws.some_of(WEATHER, 0.5),
        **draws.some_of(CLOCKS, 0.4),
        **draws.some_of(LIMITS_OF_NODES, 0.3),
        **draws.some_of(few, 0.3),
        "faults.downtime_us": "1000..200000",
    }


def slow(draws: Draws) -> dict[str, str]:
    """Draw a world in which nothing goes wrong, and messages may take long.

    Nobody asks again soon, so that what is late stays late: reads last long while others write.
    """
    return {
        **CALM,
        "network.late": draws.one_of("late", ("0", "0.03", "0.1")),
        "network.late_us": draws.one_of("late_us", ("20000", "300000")),
        "network.delay_us": draws.one_of("delay_us", ("200..2000", "log-normal 2000")),
        "protocol.repeat_first_us": "1000000",
        **draws.some_of(CLOCKS, 0.3),
    }
