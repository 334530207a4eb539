"""The forum's schema, step by step."""
