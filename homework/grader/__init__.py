"""The grader. Start at grading.py: one submission, one homework, check by check.

Two sides. The *trusted side* is this package: it holds the checks, the database's root account and the
verdict. The *sandbox* holds the student's code and inside.py, which does nothing but answer calls over a
pipe. Whatever the student's code does to its own process, it can only answer differently.
"""

VERSION = "1"
