"""Search: many runs of one scenario, so that what is rare is met.

In reading order: `grid` (which combinations of keys), `plan` (which runs, in which order), `rows`
(what is kept of a run), `worker` (what a worker does), `executors` (processes here, or a cluster),
`sweep` (the loop), `results` (the tally, of one size however many runs), `verdict` (what may be
said at the end), `origin`, `cells` and `csv_file` (the same runs on disk, for going on later).

In `steps`: a fault on each step of a small world.  In `determinism`: one digest under every Python,
or the first event that differs.  In `ablate`: each mechanism taken away in turn.  In `diff`: the
nearest run that passes, beside one that fails; `event_lines` has what two runs are compared by.

In `shrink`: from a run that failed to a story that a person could have written.
"""
