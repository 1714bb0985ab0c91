"""Administrators look after accounts."""
