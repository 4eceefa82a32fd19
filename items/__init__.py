"""What is stored: values, keys, expressions, actions, errors. Pure: no clock, loop, chance or log.

Reading order: `values`, `numbers`, `keys`, `paths`, `expressions`, `conditions`, `updates`,
`projections`, `actions`, `errors`.
"""
