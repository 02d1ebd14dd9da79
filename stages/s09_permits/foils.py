"""Doors that people really build. The proofs must notice each."""
