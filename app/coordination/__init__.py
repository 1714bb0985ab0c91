"""Units that help on a ticket which another one leads."""
