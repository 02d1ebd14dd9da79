"""A shop that says no without asking the database.

Problem: a thousand people press for each unit there is, and each takes a place in the queue for one row.
Technique: the number that sells moves to Redis, where one script checks sale, limit and stock and takes, in
one step; MariaDB hears only of those who got something, and keeps its guards as the last line. A unit is now
held in one server and sold in another: a crash between the two loses it.
"""
