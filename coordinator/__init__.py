"""Who decides: a transaction coordinator, and the recovery manager that finds what it left behind.

Reading order: `write` (Listing 2), `ledger`, `read` (§3.4), `recovery` and `manager` (§3.5),
`timestamps`, `tokens`, `server`.
"""
