"""A shop that looks, then acts.

Problem: sell a hundred units to whoever comes. Technique: read the stock, check it, write back what is left.
It is right for one buyer at a time; what it costs shows when two come at once.
"""
