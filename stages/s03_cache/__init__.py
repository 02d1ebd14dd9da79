"""A shop that answers most reads without asking the database.

Problem: every look at a page costs SQL, and a sale is looked at a thousand times for each time it is bought.
Technique: a cache in each process before a cache in Redis, filled by one reader at a time and emptied by the
event of a change. A copy may now be old: for how long is a promise that has to be kept, and proved.
"""
