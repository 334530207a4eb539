"""Keeping records right and no longer than needed: what staff correct, and what is dropped at night."""
