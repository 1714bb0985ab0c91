"""What anybody may look at on a map: the outline of the city, and figures of its wards."""
