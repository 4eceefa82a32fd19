"""Search: many runs of one scenario, so that what is rare is met.

In reading order: `grid` (which combinations of keys), `plan` (which runs, in which order), `rows`
(what is kept of a run), `worker` (what a worker does), `executors` (processes here, or a cluster),
`sweep` (the loop), `results` (the tally, of one size however many runs), `verdict` (what may be
said at the end), `origin`, `cells` and `csv_file` (the same runs on disk, for going on later).

In `steps`: a fault on each step of a small world.
"""
