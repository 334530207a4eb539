"""Numbers against targets: how many there are where, by what they came, and since when; counted as they come and go."""
