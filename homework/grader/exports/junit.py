"""JUnit XML, which every CI system shows: a suite for each result, a case for each check."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree as Xml

from homework.grader.result import CheckResult, Result
from homework.grader.results import both

FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, section 2.2


def junit(results: Iterable[Result]) -> str:
    """The document. Failed is a failure, a grader error an error; what did not run is skipped."""
    root = Xml.Element("testsuites", name="seckill homework")
    for result in results:
        cases = [_case(result, check) for check in result.checks]
        if result.state != "graded" and not any(case.find("error") is not None for case in cases):
            cases.append(_whole(result))
        told = {
            "name": f"{result.submission} {result.homework}",
            "timestamp": result.started_at,
            "time": f"{result.seconds:.3f}",
            "tests": str(len(cases)),
            "failures": _count(cases, "failure"),
            "errors": _count(cases, "error"),
            "skipped": _count(cases, "skipped"),
        }
        suite = Xml.SubElement(root, "testsuite", told)
        suite.extend(cases)
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _case(result: Result, check: CheckResult) -> Xml.Element:
    case = Xml.Element(
        "testcase", classname=f"{result.submission}.{result.homework}", name=_plain(both(check.title))
    )
    kind = {"failed": "failure", "grader_error": "error", "skipped": "skipped", "not_started": "skipped"}
    if check.state in kind:
        said = Xml.SubElement(case, kind[check.state], message=_plain(check.message or check.state))
        said.text = _plain(check.diagram or "")
    return case


def _whole(result: Result) -> Xml.Element:
    """Stands for a submission that could not be graded at all."""
    case = Xml.Element("testcase", classname=f"{result.submission}.{result.homework}", name=result.state)
    Xml.SubElement(case, "error", message=_plain(result.message or result.state))
    return case


def _count(cases: list[Xml.Element], kind: str) -> str:
    return str(sum(case.find(kind) is not None for case in cases))


def _plain(text: str) -> str:
    return FORBIDDEN.sub("\ufffd", text)
