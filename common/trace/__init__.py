"""`./seckill trace`: one attempt followed through every process that had a hand in it.

It reads what the system keeps anyway: the ticket and the press in Redis, RQ's job, the rows in MariaDB, the
log lines of the web and events processes. Nothing is switched on for it, so any attempt can be followed.
"""
