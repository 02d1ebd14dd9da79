"""A shop that writes down what it has promised, in the step in which it promises.

Problem: between the reservation in Redis and the queue a process can die, and the unit is lost; and each
order costs MariaDB a commit of its own. Technique: the reserving script appends to a journal (a Redis stream)
in the same step, and a consumer drains the journal in batches, one transaction for hundreds of orders; what a
dead consumer left is taken over by another. An order now waits for others to share its transaction, and all
that is done with it must bear being done twice.
"""
