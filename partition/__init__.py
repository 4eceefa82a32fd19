"""Who stores: a partition, the storage node that owns a key range.

Reading order: `record`, `rules` (Listings 3 and 4), `singletons`, `reads`, `scan`, `machine`,
`storage`, `server`.
"""
