"""Everything an installation must not lose, in one encrypted file, and back."""
