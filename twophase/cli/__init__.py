"""The command `twophase`, one file a command group.

To read: `main`, then `simulate` with what it shows - `telling` (one operation in words), `summary`
(a whole run), `story` and `drawing` (a transaction's messages), `as_json` - and `files`.
"""
