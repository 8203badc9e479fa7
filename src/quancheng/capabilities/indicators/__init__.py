"""指标 indicators: the figures the plan is measured by, each with its parts and its evidence."""
