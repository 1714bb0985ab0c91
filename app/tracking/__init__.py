"""The citizen comes back with the code."""
