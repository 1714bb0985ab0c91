"""The classifier learns from what people decided."""
