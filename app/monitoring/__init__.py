"""What a monitoring system reads: figures of the whole installation, none of any person."""
