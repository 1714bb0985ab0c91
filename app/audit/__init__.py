"""What happened to ways in and accounts: written down, and read by auditors."""
