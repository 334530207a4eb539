"""The gateway: the only public door. It hears what outsiders say, and knows who may ask the others what."""
