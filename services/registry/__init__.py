"""The registry: who is a member, what they agreed to, and where they live."""
