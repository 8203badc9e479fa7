"""数据治理: the rates of the plan by organ, frozen every month, and the data officers' desk."""
