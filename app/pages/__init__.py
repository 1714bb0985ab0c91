"""Pages of the installation itself: language, privacy, health."""
