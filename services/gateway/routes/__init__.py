"""HTTP in: what the gateway itself hears, and the staff's own door."""
