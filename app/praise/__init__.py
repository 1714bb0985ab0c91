"""Thanks: forwarded to the unit they are for, and closed in the same step."""
