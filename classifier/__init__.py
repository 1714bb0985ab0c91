"""Recognise a report from its text alone: topic, submission type, urgency, and the words that decided.

Pure: no web, no database, no queue. The web process imports `classifier.text` and `classifier.artifact`,
so these stay light.
"""
