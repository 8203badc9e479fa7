"""安全监管 Supervision (X3): the audit trail, its seals, set-aside deliveries and background jobs."""
