"""Pages for people, and what writes their generated parts."""
