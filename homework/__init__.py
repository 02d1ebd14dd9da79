"""Homework: what students get, and what grades it."""
