"""How fast the simulation is: messages a second against bare heap events, growth, and memory.

    python benchmarks/simulate.py [TRANSACTIONS]

Ratios in one process and one run, against the floor that no simulator in Python passes: five-field
events, one popped, called and one pushed, with as many pending as the run has on average.  The run
is whole: clients, routers, coordinators, ledger, partitions, disks, history and witness; trace
off.  The checks that follow a run are timed on their own.
"""

import gc
import sys
import time
import tracemalloc
from heapq import heappop, heappush
from typing import Any

from network.host import Host
from network.ids import TransactionId
from network.lossy import LossyNetwork
from network.messages import Commit, Done, from_frame
from network.rpc import Patience, Peers
from network.weather import Uniform, Weather
from sim.chance import NamedChance
from sim.clock import SkewedClock
from sim.cluster_run import Run
from sim.loop import new_loop
from sim.scenario import load
from sim.trace import Trace

SHAPES = {
    # The shape of the prototype that design figures were taken from: 8 partitions, 4 coordinators,
    # 100 clients, write transactions of a few items, few conflicts.
    "write transactions": (
        "hot-keys",
        {
            "cluster.partitions": "8",
            "cluster.coordinators": "4",
            "workload.mix": "100w",
            "workload.actions": "4",
            "workload.hot": "1000",
            "workload.cold": "4000",
        },
    ),
    "bank, mixed": ("bank", {"workload.accounts": "100"}),
}
CALM = {
    "workload.clients": "100",
    "network.loss": "0",
    "network.repeat": "0",
    "faults.crashes": "0",
}
FLOOR_EVENTS = 500_000
ASKING = 100


class Measured:
    """One run's figures."""

    def __init__(self, shape: str, transactions: int) -> None:
        name, keys = SHAPES[shape]
        settings = {**CALM, **keys, "workload.transactions": str(transactions)}
        self.run = Run(load(name, settings), 1)
        self.pending: list[int] = []
        self.seconds = self._begin = 0.0
        self.messages = 0
        self.run.listen_to_phases(self._phase_ended)
        self.result = self.run.go()
        self.check_seconds = time.process_time() - self._begin - self.seconds
        assert self.result.ok, self.result.findings[:1]

    def _sample(self, _: Any, __: Any) -> None:
        self.pending.append(self.run.loop.pending())
        if not self.run.trouble_ended:
            self.run.loop.after(10_000, self._sample, None, None)

    def _phase_ended(self, phase: str) -> None:
        sent = self.run.cluster.trace.sent_count
        if phase == "setting up":
            self._begin = time.process_time()
            self.messages = sent
            self.run.loop.after(0, self._sample, None, None)
        else:
            self.seconds = time.process_time() - self._begin
            self.messages = sent - self.messages


def floor_seconds(pending: int) -> float:
    """Return what one bare heap event costs with so many pending."""
    heap: list[tuple[int, int, Any, int, None]] = []
    delays = [200 + n * 7919 % 1800 for n in range(4096)]
    births = 0

    def callback(now: int, _: None) -> None:
        nonlocal births
        births += 1
        when = now + delays[births & 4095]
        heappush(heap, (when, births, callback, when, None))

    for _ in range(max(1, pending)):
        callback(0, None)
    begin = time.process_time()
    for _ in range(FLOOR_EVENTS):
        event = heappop(heap)
        event[2](event[3], event[4])
    return (time.process_time() - begin) / FLOOR_EVENTS


def speed(shape: str, transactions: int) -> None:
    measured = Measured(shape, transactions)
    pending = sum(measured.pending) // len(measured.pending)
    floor = min(floor_seconds(pending) for _ in range(3))
    message = measured.seconds / measured.messages
    print(f"{shape}: {transactions} transactions, {measured.messages} messages")
    print(f"  {measured.messages / measured.seconds:12,.0f} messages/s of CPU time")
    print(f"  {1 / floor:12,.0f} bare heap events/s with {pending} pending (the floor)")
    print(f"  1/{message / floor:.1f} of the floor (asked for: 1/30 at least)")
    print(f"  {measured.seconds / transactions / floor:12,.0f} heap events' time a transaction")
    print(f"  checks: {measured.check_seconds / transactions * 1e6:.0f} µs a transaction")


def questions(count: int) -> None:
    """Measure what travelling alone costs: questions and answers, codec and network, no node."""
    loop, chance = new_loop(), NamedChance(1)
    trace = Trace(loop)
    network = LossyNetwork(loop, chance, Weather(Uniform(200, 2_000)), trace)
    asking, asked = (
        Host(
            name,
            1,
            loop=loop,
            transport=network,
            clock=SkewedClock(loop),
            timers=loop,
            chance=chance,
        )
        for name in ("c1", "p1")
    )
    peers, answerer = Peers(asking), Peers(asked)

    def receive_answer(frame: bytes) -> None:
        envelope = from_frame(frame)
        peers.answered(envelope.reply_to, envelope.message)

    def receive_question(frame: bytes) -> None:
        envelope = from_frame(frame)
        answerer.reply(envelope.source, envelope.number, Done((True,)))

    network.join("c1", receive_answer)
    network.join("p1", receive_question)
    question = Commit(TransactionId("t" * 36), (("items", (("S", "a"),)),))
    patience = Patience(40_000, 1_000_000, None)
    left = ASKING

    async def ask() -> None:
        nonlocal left
        for _ in range(count // ASKING):
            await peers.ask("p1", question, patience)
        left -= 1

    for _ in range(ASKING):
        asking.spawn(ask())
    begin = time.process_time()
    loop.run(lambda: left == 0, 10**15)
    message = (time.process_time() - begin) / trace.sent_count
    floor = min(floor_seconds(ASKING) for _ in range(3))
    print(f"travelling alone: 1/{message / floor:.1f} of the floor, {ASKING} at a time")


def growth(few: int, many: int) -> None:
    shape = "write transactions"
    costs = {n: Measured(shape, n).seconds / n for n in (few, many)}
    print(f"growth: {costs[few] * 1e6:.0f} µs a transaction in a run of {few:,},")
    print(f"  {costs[many] * 1e6:.0f} µs in one of {many:,}: {costs[many] / costs[few]:.2f}×")
    print("  (asked for: under 1.3×)")


def memory(few: int, many: int) -> None:
    shape = "write transactions"
    sizes = {}
    for n in (few, many):
        gc.collect()
        tracemalloc.start()
        measured = Measured(shape, n)
        gc.collect()
        sizes[n] = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        del measured
    grown = (sizes[many] - sizes[few]) / (many - few)
    print(f"memory: {grown:,.0f} bytes more a transaction, history on (asked for: under 2,048)")


def main() -> None:
    transactions = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    for shape in SHAPES:
        speed(shape, transactions)
    questions(100_000)
    growth(1_000, 5 * transactions)
    memory(transactions // 2, transactions)  # By then, what is kept up to a limit is full.


if __name__ == "__main__":
    main()
