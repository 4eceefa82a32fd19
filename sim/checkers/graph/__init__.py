"""The dependency graph: whether a serial order explains what transactions read.

It judges histories of any system, from what clients saw alone or with the true order of versions:

    check([Txn(0, [("append", "x", 1)], 0, 1, "ok"), …], "serializable") -> Report

Reading order: `txn` (what goes in and comes out), `observed`, `versions`, `edges`, `components`,
`cycles`, `judge`.  Where registers leave the graph undecided: `search` with its `choices` and its
`queue`, `blocks`, `saturate`, `window`, `cases`; for single operations `zones`.  Beside these:
`structure`, `anomalies`, `words`, `explain`.  Files of histories are read by
`sim.checkers.histories`.
"""

from sim.checkers.graph.judge import check
from sim.checkers.graph.txn import Anomaly, HistoryError, Report, Txn

__all__ = ["Anomaly", "HistoryError", "Report", "Txn", "check"]
