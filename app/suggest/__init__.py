"""While somebody still writes: what the words would be taken for. Nothing is kept, and nobody has to be told."""
