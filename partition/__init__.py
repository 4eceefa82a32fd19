"""Who stores: a partition, the storage node that owns a key range.

Reading order: `record`, `rules` (Listings 3 and 4), `singletons`, `reads`, `scan`, `memory`,
`machine`, `storage`, `server`.

Besides: `now`; `table_steps`; `split`, `parts`, `move_steps`, `mover` (a range that moves);
`stream`, `streams`, `stream_steps`; `capacity`, `meters`; `indexed`, `entries`, `propagator`
(secondary indexes); `feed`, `follower`, `follower_server`; `replicas` (regions); `sqlite` and what
it is made of.
"""
