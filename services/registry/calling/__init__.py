"""Calls: who is to be rung and why, what came of each call, and confirming a number by a call that we made."""
