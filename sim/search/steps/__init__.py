"""The step sweep: a small world, and a fault on each step of it.

Every message and every durable write of a run is an *occasion*; each kind of fault on each occasion
is a *cell*, which is one run; two of them are a *pair*.  Together they are the table that textbooks
print: what the client was told, what the data say, who finished the transaction and when.

Reading order: `occasions` (what there is to hit), `columns` (how it can be hit), `verdicts` (what
came of a run), `cells` (one run, or a cell's pairs), `table` (all of them).
"""
