"""What leaders look at: figures with their definitions, a ranking, the report of a period."""
