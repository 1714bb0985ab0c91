"""What comes back from units, and what it says about the rules."""
