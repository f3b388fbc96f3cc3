"""One module a dialect: what the real API refuses, in its words, and what a request says to who leads it.

Only refusals that are known of the real APIs stand here; what they take silently is taken silently.
"""
