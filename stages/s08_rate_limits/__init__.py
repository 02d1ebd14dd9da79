"""A shop that lets nobody press as often as they like.

Problem: a script presses a thousand times a second, and each press costs the shop the same, whoever sends it.
Technique: a press is counted for its buyer, its address, its sale and the whole shop, in one step in Redis,
and what is over a limit is sent away and told when to come again; nginx counts addresses before that. Every
press now costs one round trip more, and whoever shares an address shares its limit.
"""
