"""The four services. They never import one another; they speak through messages."""
