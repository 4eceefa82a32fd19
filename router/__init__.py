"""Who answers: a router, the front door that checks requests and brings them where they belong.

Reading order: `server`, `api`; from a body to a checked request: `shapes`, `parameters`,
`requests`, `transact_requests`, `query_requests`, `batch_requests`, and what was there before
expressions, `legacy_parameters`, `legacy`; carried out by `singletons`, `transactions`, `queries`,
`batches`, with `tools`: `nodes`, `tables`, `table_moves`, `definitions` and `lookups`; `responses`,
`capacity`.
Of tables: `table_parameters`, `table_operations`, `table_changes`, `throughput`, `tags`,
`time_to_live`, `limits_operations`.  Who may do what: `policies`, `policy_file`, `access`, and who
somebody is: `signatures`, `identity`.  What there is and what is refused is in `docs/api.md`.
"""
