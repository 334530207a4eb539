"""All that we say to people."""
