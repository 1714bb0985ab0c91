"""The units as dated data: the book in the database, and what administrators write into it."""
