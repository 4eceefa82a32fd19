"""A cluster on real time, in this process: what `twophase serve` serves.

The nodes are the very ones that the simulation runs; here are the seams and the supervision around
them.  Reading order: `world` (clock, timers, chance), `direct` (the network), `directory` (what
outlives a process), `cluster` (hosts, crashes, restarts, calls), `waking` (finishing what was left
unfinished), `serving` (the socket); and, where trouble is asked for, `faults` (what) and `trouble`
and `gate` (how it is made); `census` and `beside` (what people see of it), and
`secret` (which people).
"""
