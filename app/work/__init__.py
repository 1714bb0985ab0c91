"""A department's queue and ticket page."""
