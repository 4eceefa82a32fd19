"""The laboratory: a whole cluster on virtual time, from one seed, with someone making trouble.

Reading order: `chance`, `loop`, `clock`, `disk`, `nodes`, `cluster`, `trace`; then who takes part
in a run (`client`, `history`, `workload`, `faults`, `witness`) and the run itself (`scenario`,
`run`, `cluster_run`, `course`, the `checkers`); then golden scripts (`script`, `words`), rules that
are broken on purpose (`mutants`), and many runs at once (`search`).
"""
