"""What staff are told about deadlines."""
