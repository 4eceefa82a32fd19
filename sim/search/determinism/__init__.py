"""The determinism certificate: the same runs under every Python, and the first event that differs.

In reading order: `asked` (which run, and the list of a hundred whose digests are in `golden.txt`),
`child` (what one process does), `pythons` (which interpreters there are), `environments` (an
interpreter and a hash seed, and a process in them), `difference` (where two runs part),
`certificate` (all of it together).
"""
