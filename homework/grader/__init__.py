"""Grades homework, and a class."""
