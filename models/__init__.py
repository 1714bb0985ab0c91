"""What the hotline must remember, and the laws on it.

Importing this package alone pulls in no SQLAlchemy: `models.vocabulary` is shared with the pure packages.
"""
