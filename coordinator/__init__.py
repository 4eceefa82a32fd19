"""Who decides: a transaction coordinator, and the recovery manager that finds what it left behind.

Reading order: `write` (Listing 2), `ledger`, `read` (§3.4), `recovery` (§3.5), `timestamps`,
`server`.
"""
