"""The command `twophase`, one file a command group.

To read: `main`, then `simulate` with what it shows - `sim.figures`, `sim.telling` (one operation in
words), `summary` (a whole run), `following` and `story` (a transaction's messages), `as_json`,
`progress` - and `files` with `plain`.
"""
