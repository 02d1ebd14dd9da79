"""A shop that waits for whatever it needs, and takes on whatever it is asked.

Problem: one server that stalls, without dying, holds every thread of every process; and a shop that is asked
for more than it can do does all of it too late, which is nothing.
Technique: a request has one budget of time for everything, a breaker for each server, compartments for each
sale, last known answers for looking, a limit that adapts for buying, and switches for people. Whoever is sent
away is told so at once. It costs buyers who might just have been served, and a shop that has many states.
"""
