"""A call-taker files for a caller."""
