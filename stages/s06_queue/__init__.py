"""A shop that takes the order now and writes it later.

Problem: whoever got a unit writes to the database at once, a thousand winners a thousand transactions, and it
is the peak that breaks it. Technique: the reservation comes with a ticket, the ticket goes into a queue, and
a few workers write the orders at their own pace; a queue that is full refuses. The buyer now waits for an
answer, and a web process that dies between reservation and queue leaves a ticket that nobody works on.
"""
