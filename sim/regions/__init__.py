"""Several regions in one run: clusters on one virtual clock, and the links between them.

Reading order: `gate`, `names`, `run`, `seen`, `caught_up`; then what is judged (`replication`) and
what is told (`partial`, `lost`, `told`).
"""
