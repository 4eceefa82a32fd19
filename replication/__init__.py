"""Global tables: the role that takes a region's changes to the other regions, and takes in theirs.

Read `replicator` first, then `sender`, `receiver` and `positions`.  What a partition does with
another region's write is in `partition.replicas`.
"""
