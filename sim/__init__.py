"""The laboratory: a whole cluster on virtual time, from one seed, with someone making trouble.

Reading order: `chance`, `loop`, `clock`, `disk`, `cluster`, `nemesis`, `scenario`, `run`.
"""
