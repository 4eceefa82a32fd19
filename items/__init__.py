"""What is stored: values, keys, expressions, actions, errors. Pure: no clock, loop, chance or log.

Reading order: `values`, `numbers`, `keys`, `paths`, `expressions`, `conditions`, `updates`,
`projections`, `actions`, `errors`.

Besides: `data`, `limits`; `grammar.lark`, `syntax`, `operands` (what expressions are made of) and
`reached`; `expression_checks` and the checks of each kind, on `check_rules`; `key_conditions`;
`typed_json`, `json_shapes`, `to_json`; `indexes`; `units` (of capacity).
"""
