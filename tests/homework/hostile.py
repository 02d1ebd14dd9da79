"""Submissions of hw02 that mean harm, or are broken. Each is the body of `Swap.__call__`, or a whole file."""

from __future__ import annotations

from textwrap import dedent, indent

HEAD = """
from common.shop import Refused


class Swap:
    def __init__(self, sql):
        self._sql = sql

    def __call__(self, order_id, buyer_id, to_sale):
"""

IN_CALL = {
    "infinite_loop": "while True: pass",
    "sleeps_for_ever": "import time; time.sleep(1e6)",
    "exits_with_success": "import sys; sys.exit(0)",
    "ends_the_process": "import os; os._exit(0)",
    "kills_its_parents": "import os; os.kill(os.getppid(), 9); os.kill(1, 9); os.kill(-1, 9)",
    "recursion": "return self(order_id, buyer_id, to_sale)",
    "eats_memory": "x = [b'x' * (1 << 30) for _ in range(64)]",
    "huge_output": """
        import os
        while True: os.write(1, b'x' * 65536)
    """,
    "half_a_character": "raise ValueError(chr(0xD800))",
    "no_number": "return {'id': float('nan'), 'sale_id': 1e999}",
    "huge_answer": "return {'id': 'x' * (64 << 20)}",
    "fork_bomb": """
        import os
        while True:
            try: os.fork()
            except OSError: pass
    """,
    "daemon": """
        import os
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                while True: pass
            os._exit(0)
        return None
    """,
    "fills_the_disk": "open('big', 'wb').write(b'x' * (1 << 30))",
    "writes_a_result": """
        import pathlib
        for folder in ('.', '/', '/tmp', '/student', '/course'):
            try: (pathlib.Path(folder) / 'result.json').write_text('{"points": 100}')
            except OSError: pass
    """,
    "speaks_on_the_pipe": """
        import json, os
        claim = json.dumps({"ended": {"value": {"id": order_id, "sale_id": to_sale}}, "steps": []})
        for fd in range(3, 64):
            try: os.write(fd, claim.encode() + b'\\n')
            except OSError: pass
    """,
    "rubbish_on_the_pipe": """
        import os
        for fd in range(3, 64):
            try: os.write(fd, b'[' * 100000 + b'\\n')
            except OSError: pass
    """,
    "deletes_everything": """
        import shutil, common
        for folder in ('/course', '/student', common.__path__[0], '/run', '/tmp'):
            shutil.rmtree(folder, ignore_errors=True)
    """,
    "patches_the_kit": """
        import common.database
        common.database.Db.run = lambda *a: 1
        return {'id': order_id, 'sale_id': to_sale}
    """,
    "shuts_the_server_down": "with self._sql() as db: db.run('SHUTDOWN')",
    "reads_the_accounts": "with self._sql() as db: return db.all('SELECT * FROM mysql.global_priv')",
    "redis_script_without_end": """
        redis = self._sql.__self__.stock
        redis.eval("redis.call('SET', KEYS[1], 1) while true do end", 1, "s02:x")
    """,
    "cooks_the_books": "with self._sql() as db: db.run('UPDATE sales SET initial = 99')",
    "deletes_the_sale": "with self._sql() as db: db.run('DELETE FROM sales')",
    "flushes_redis": "self._sql.__self__.stock.flushall()",
    "raises_strangely": "raise type('X', (BaseException,), {'__str__': lambda s: 1 / 0})()",
}
IN_FILE = {
    "loop_on_import": "while True: pass",
    "exit_on_import": "import os; os._exit(0)",
    "nothing_there": "",
    "another_class": "class Other: pass",
    "not_a_class": "Swap = 3",
}
BROKEN = {
    "syntax_error": (b"class Swap:\n  def\n", "swap.py has a syntax error in line 2"),
    "wrong_encoding": ("# 换码\n".encode("gb18030"), "swap.py is not UTF-8 (line 1)"),
    "binary": (b"\0\0\0", "swap.py cannot be read as Python"),
    "too_large": (b"#" * (1 << 20), "swap.py has 1048576 bytes"),
    "deeply_nested": (b"(" * 5000 + b")" * 5000, "swap.py "),
}

LOOK = """
import pathlib, socket
secret = {"checks.py", "hidden.py", "solution", "golden.txt", "wrong", ".git"}
seen = []
def walk(folder):
    try:
        for path in folder.iterdir():
            if path.name in secret and "site-packages" not in str(path): seen.append(str(path))
            if path.is_dir() and not path.is_symlink() and str(path) != "/usr": walk(path)
    except OSError: pass
walk(pathlib.Path("/"))
for address in (("127.0.0.1", PORT), ("1.1.1.1", 53)):
    with socket.socket() as s:
        s.settimeout(2)
        try: s.connect(address); seen.append(address)
        except OSError: pass
raise RuntimeError(f"saw {seen}")
"""


def in_call(body: str) -> bytes:
    """A file whose `Swap` does that when it is called."""
    return (HEAD + indent(dedent(body).strip(), "        ") + "\n").encode()
