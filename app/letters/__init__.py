"""Letters that guide a complainant to the office that is competent by law."""
