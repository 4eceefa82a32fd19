"""A failure that is known: the ledger's answer is lost, and decisions are not compared."""

from sim.scenario import Scenario, parse
from sim.search.shrink.failure import Failure, found

TWICE = """
[failure]
seed = 0
mutant = "decisions-compare-nothing"

[cluster]
partitions = 1
coordinators = 1
routers = 1

[network]
delay_us = "1000"

[disk]
sync_us = "1000"

[protocol]
stalled_after_us = 200000
repeat_first_us = 1000000

[faults]
steps = ["lose l1>c1 written #1"]

[workload]
name = "listed"
clients = 2
requests = '''
k1: write update(a, 1)
k2: read b
'''
"""


def scenario_twice() -> Scenario:
    return parse(TWICE, "twice", {})


def decided_twice() -> Failure:
    failure = found(scenario_twice(), 0, "decisions-compare-nothing")
    assert failure is not None
    return failure
