"""Words to begin a reply from, kept by units and by the city, and how a unit wants its answers read."""
