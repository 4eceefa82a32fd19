"""Judges of a run: each reads a history and the evidence, and says what is wrong.

Reading order: `finding`, `model`, `disks`, `entries`, `evidence`; then the checks in `all`'s order,
`calm` first; then `dependencies` and `whence`, which explain, `proof`, and `canary`.  `graph` and
`histories` judge histories of any system.
"""
