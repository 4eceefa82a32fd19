"""The bug zoo: the rules with one safeguard removed, or with one thing misread, each from outside.

The protocol's own code has no flag for being wrong.  Reading order: `patches`, `mutant`,
`catalogue`, `hunting`; then the mutants by what they break: `prepares`, `orders`, `promises`,
`singletons`, `batches`, `readers`, `votes`, `decisions`, `tokens`, `recoveries`, `reasons`,
`splits`, `units`, `streams`, `followers`, `indexes`, `permissions`, `regions`, `published`,
`equivalents`.
In `seeds` are the first seeds that find them.
"""
