"""The machine behind the course site: the macros that pages are written with, what builds and checks them.

Nothing here is a lesson. Pages are in docs/en and docs/zh; what a macro can do is shown in
docs/en/reference/writing.md.
"""
