"""What clients ask for: one file a scenario's workload."""
