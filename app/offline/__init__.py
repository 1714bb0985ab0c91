"""A phone that has the page and no network."""
