"""统一支付: orders, channels, refunds and reconciliation for all modules."""
