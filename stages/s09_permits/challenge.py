"""The challenge at the door: a little work for a machine, or a question that can be read aloud."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import NamedTuple
from unicodedata import normalize

from common.shop import Challenge, Visit
from common.work import zero_bits
from stages.s05_redis_stock.counter import milliseconds
from stages.s09_permits.signing import Keyring

PURPOSE = "challenge"
LIFE = 180  # seconds in which a challenge can be solved: people who listen to a page need time
THINKING = 2000  # ms that nobody is quicker with words: to read a question and to type takes a person longer
NUMBERS = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "zh": ("零", "一", "二", "三", "四", "五", "六", "七", "八", "九"),
}
QUESTIONS = {"en": "What is {a} plus {b}? Write a number.", "zh": "{a}加{b}等于几？请写数字。"}


class Solved(NamedTuple):
    """How a solution is: "right", "wrong", "quick" (right, but sooner than a person can), or "none" of ours.

    `name` is what the challenge goes by.
    """

    how: str
    name: str = ""


class Challenges:
    """Makes challenges, and judges their solutions. Keeps nothing: a challenge carries what it needs, signed.

    Guarantees that a challenge is for one visitor at one sale, and that its answer is its own: none is under
    a key that all share. Work proves work, and nothing else: who has machines has the work done. The question
    keeps out whoever does not read; that they wait costs a bot more than the sum.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def make(self, visit: Visit, bits: int, now: datetime) -> Challenge:
        """A new one, for this visitor. `bits` say how much work it is: 2^bits tries."""
        name, a, b = secrets.token_urlsafe(9), secrets.randbelow(8) + 2, secrets.randbelow(8) + 2
        answer, *_ = self._answers(name, str(a + b))
        facts = [visit.sale_id, visit.buyer_id, milliseconds(now), bits, name, answer]
        question = {
            language: text.format(a=NUMBERS[language][a], b=NUMBERS[language][b])
            for language, text in QUESTIONS.items()
        }
        return Challenge(self._keyring.sign(PURPOSE, facts), bits, question)

    def judge(self, visit: Visit, now: datetime) -> Solved:
        """The solution that this visitor brings."""
        solution = visit.solution
        facts = solution and self._keyring.read(PURPOSE, solution.token)
        if not solution or not facts or facts[:2] != [visit.sale_id, visit.buyer_id]:
            return Solved("none")
        made, bits, name, answer = facts[2:]
        age = milliseconds(now) - made
        if age >= 1000 * LIFE:
            return Solved("none")
        if not solution.words:
            return Solved("right" if zero_bits(solution.token, solution.work) >= bits else "wrong", name)
        words = normalize("NFKC", solution.words).strip()
        if not any(secrets.compare_digest(each, answer) for each in self._answers(name, words)):
            return Solved("wrong", name)
        return Solved("right" if age >= THINKING else "quick", name)

    def _answers(self, name: str, words: str) -> list[str]:
        """What may stand for the answer in the challenge: to guess it there, one would need a key."""
        return self._keyring.words("answer", f"{name} {words}")
