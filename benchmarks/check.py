"""What judging a history costs: seconds, memory, and how both grow.

    python benchmarks/check.py [--full]

Histories are made by a little serializable store: processes ask at the same time, and each
transaction takes effect all at once, somewhere between its invocation and its end; now and then
one fails, or nobody learns what became of it.  Each is written to a file and judged by the command
itself in a process of its own, so that the figures are what a person gets.  `--full` goes on to a
million transactions.
"""

import json
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

PROCESSES = 20
KEYS = 12  # In use at a time.
WRITES_EACH = 40  # Then a key makes way for a new one, or lists would grow without end.
OPS_MAX = 4
FAILS, UNKNOWN = 0.02, 0.02
FEW, MANY, FULL = 10_000, 100_000, 1_000_000


class Store:
    """Lists or registers, and what is asked of them."""

    def __init__(self, write: str, seed: int) -> None:
        self._write = write
        self._random = random.Random(seed)  # noqa: S311  # No secret.
        self._keys = list(range(KEYS))
        self._next_key, self._next_value = KEYS, 0
        self._writes: dict[int, int] = {}
        self._values: dict[int, Any] = {}

    def asked(self) -> list[list[Any]]:
        """Draw the operations of a transaction; written values are unique."""
        chance = self._random
        ops = []
        for _ in range(chance.randint(1, OPS_MAX)):
            place = chance.randrange(KEYS)
            key = self._keys[place]
            if chance.random() < 0.5:
                ops.append(["r", key, None])
                continue
            self._next_value += 1
            ops.append([self._write, key, self._next_value])
            self._writes[key] = self._writes.get(key, 0) + 1
            if self._writes[key] == WRITES_EACH:
                self._keys[place] = self._next_key
                self._next_key += 1
        return ops

    def carried_out(self, ops: list[list[Any]]) -> list[list[Any]]:
        """Let a transaction take effect, and return it with what it read."""
        done = []
        for f, key, value in ops:
            if f == "r":
                seen = self._values.get(key)
                done.append([f, key, list(seen) if seen.__class__ is list else seen])
                continue
            if f == "w":
                self._values[key] = value
            else:
                self._values.setdefault(key, []).append(value)
            done.append([f, key, value])
        return done


def history(write: str, count: int) -> Iterator[str]:
    """Yield the lines of a history of so many transactions."""
    store, chance = Store(write, 1), random.Random(2)  # noqa: S311  # As above.
    free = list(range(PROCESSES))
    asked: dict[int, list[Any]] = {}
    done: dict[int, tuple[str, list[Any]]] = {}
    left = count
    index = 0
    while left or asked or done:
        step = chance.random()
        if left and free and step < 0.4:
            process = free.pop(chance.randrange(len(free)))
            asked[process] = ops = store.asked()
            kind, left = "invoke", left - 1
        elif asked and step < 0.7:
            process = chance.choice(list(asked))
            ops = asked.pop(process)
            end = chance.random()
            if end < FAILS:
                done[process] = ("fail", ops)
            elif end < FAILS + UNKNOWN:
                if chance.random() < 0.5:
                    store.carried_out(ops)
                done[process] = ("info", ops)
            else:
                done[process] = ("ok", store.carried_out(ops))
            continue
        elif done:
            process = chance.choice(list(done))
            kind, ops = done.pop(process)
            free.append(process)
        else:
            continue
        line = {"index": index, "type": kind, "process": process, "f": "txn", "value": ops}
        yield json.dumps(line, separators=(",", ":"))
        index += 1


def write(path: Path, kind: str, count: int) -> None:
    with path.open("w") as file:
        file.writelines(f"{line}\n" for line in history(kind, count))


def judged(path: Path, model: str) -> tuple[float, float]:
    """Judge a file in a process of its own; return its CPU seconds and its peak MiB."""
    command = [sys.executable, "-m", "twophase", "check", str(path), "--json", "--model", model]
    output = path.with_suffix(".out")
    opened = (os.POSIX_SPAWN_OPEN, 1, str(output), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    pid = os.posix_spawn(sys.executable, command, os.environ, file_actions=[opened])
    _, status, usage = os.wait4(pid, 0)
    verdict = json.loads(output.read_text())
    assert status == 0, verdict
    assert verdict["valid"] is True, verdict
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def figures(kind: str, count: int, model: str) -> tuple[float, float]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "history.jsonl"
        write(path, kind, count)
        return judged(path, model)


def main() -> None:
    counts = [FEW, MANY, FULL] if "--full" in sys.argv[1:] else [FEW, MANY]
    start, _ = figures("append", 0, "serializable")
    print(f"starting up: {start:.2f} s, taken off below for growth only")
    for name, kind in (("list-append", "append"), ("registers", "w")):
        for model in ("serializable", "strict-serializable"):
            print(f"{name}, {model}")
            costs = {}
            for count in counts:
                seconds, peak = figures(kind, count, model)
                costs[count] = (seconds - start) / count * 1e6
                print(
                    f"  {count:9,} transactions: {seconds:6.2f} s of CPU time, "
                    f"{costs[count]:.1f} µs each, peak {peak:,.0f} MiB"
                )
            print(f"  growth: {costs[counts[-1]] / costs[FEW]:.2f}× (asked for: under 1.5×)")


if __name__ == "__main__":
    main()
