"""Recognise a report from its text alone: topic, submission type, urgency, and the words that decided.

Pure: no web, no database, no queue. What serves (`classifier.predict`) needs NumPy and underthesea;
scikit-learn and skops are for training alone, and `classifier.text` and `classifier.artifact` need no library at all.
"""
