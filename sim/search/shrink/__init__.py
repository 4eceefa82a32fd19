"""Shrinking: from a run that failed to a story that a person could have written.

In reading order: `failure` (what it is, and its file), `scenario_file` (a scenario as TOML),
`shrink` (the whole of it), `trials` (runs, and how many there may be), `world` (the same failure in
a smaller world of its own).  Then a run as data: `story` (requests and choices), `recording` (what
went otherwise in a run), `translate` (any workload's run in a listed world's words), `ways` (which
of them are tried).  Then less and less of it: `tale`, `ddmin`, `parts`, `hosts`, `values`.  At last
`named` (messages by number) and `told` (sentences); and `scripted` (its golden script), with
`timeline` (what it has to say of a run) and `script_text` (its commands).
"""
