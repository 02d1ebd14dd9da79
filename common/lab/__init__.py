"""Private real servers for the length of a `with` block: MariaDB and Redis or Valkey, without root or Docker.

with Lab(("mysql", "redis"), say=print) as lab:
    lab.mysql.url, lab.redis.url, lab.env()
    lab.start_process("web", ["granian", …], ready=…)
    lab.mysql.kill(); lab.mysql.start()
"""

from common.lab.errors import LabError
from common.lab.lab import Lab
from common.lab.process import Process, Supervisor
from common.lab.program import Program
from common.lab.resolver import resolve
from common.lab.server import Server

__all__ = ["Lab", "LabError", "Process", "Program", "Server", "Supervisor", "resolve"]
