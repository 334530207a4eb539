"""The forum: who is invited to speak, who said yes, what they need, and who prepares it."""
