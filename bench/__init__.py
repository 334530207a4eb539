"""Measures the whole house beside a raw reference that does the same work: `make bench`, or `python -m bench --help`."""
