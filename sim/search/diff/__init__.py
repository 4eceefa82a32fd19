"""Beside a run that fails: the nearest one that passes, and the first event where they part.

In reading order: `variants` (which runs are tried), `seen` (what there is to see of a run),
`nearest` (which of them passes and is nearest), `rows` (both side by side), `apart` (in what two
messages differ that are the same in words).
"""
