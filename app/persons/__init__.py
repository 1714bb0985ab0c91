"""What we know of the people who file: their contact, their consent, how long it is kept, and how it goes."""
