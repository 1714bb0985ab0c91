"""Denunciations: locked away as they come, opened with a reason, referred without their writer, or released."""
