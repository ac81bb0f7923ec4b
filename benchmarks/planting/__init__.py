"""Worlds and players with consequences planted in them, for benchmarks/consequences.py."""
