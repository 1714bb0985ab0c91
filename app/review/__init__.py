"""Coordinators decide what the machine would not."""
