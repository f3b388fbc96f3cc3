"""Recipes that profile the gateway: where the time goes, where the memory goes."""
