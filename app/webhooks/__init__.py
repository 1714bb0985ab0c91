"""Other systems are told of what happens to tickets, over https and to the outside alone."""
