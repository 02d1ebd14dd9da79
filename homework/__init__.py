"""Homework: what a student gets (hwNN_name), and what grades it (grader)."""
