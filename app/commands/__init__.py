"""The commands of `langnghe`, a module for what they need loaded: a web process must not carry a classifier."""
