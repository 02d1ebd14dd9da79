"""A shop whose UPDATE asks the question itself.

Problem: between a look and an act anyone may come, and a transaction around both changes nothing. Technique:
move the condition into the statement that takes, so that the row lock makes asking and taking one step. Every
buyer now waits in turn for one hot row.
"""
