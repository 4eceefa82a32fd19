"""The trouble that sweeps and mutants run in: loss, copies, crashes and clocks that disagree."""

TROUBLE = {
    "workload.transactions": "40",
    "network.loss": "0.05",
    "network.repeat": "0.05",
    "faults.crashes": "3",
    "cluster.clock_skew_us": "5000",
}
