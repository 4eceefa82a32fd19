"""The faults of a run: what can go wrong around the nodes, and when it does.

Reading order: `kinds` (all kinds of fault in one table), what they do (`hosts`, `links`, `disks`),
`plan` (what a scenario asks for, and which kinds a run switches off), `nemesis` (faults at random
times), `steps` (the language for faults on steps of the protocol) and `placed` (who carries those
out).
"""
