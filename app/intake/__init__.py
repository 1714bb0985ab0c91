"""A citizen, or a program on their behalf, files a report."""
