"""A page on this machine that asks trained routes about a scene of cards, or about a photograph."""
