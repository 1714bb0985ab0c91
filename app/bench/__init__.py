"""Measurements against a baseline of the same run, and the scratch servers they and the tests run on."""
