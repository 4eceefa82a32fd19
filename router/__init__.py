"""Who answers: a router, the front door that checks requests and brings them where they belong.

Reading order: `server`, `api`; from a body to a checked request: `shapes`, `parameters`,
`requests`, `transact_requests`, `query_requests`, `batch_requests`; carried out by `singletons`,
`transactions`, `queries`, `batches`, `table_operations`, with `tools`: `nodes`, `tables`,
`definitions` and `lookups`; `responses`.
"""
