"""What is wrong already without any order: reads of what nobody wrote, or nobody should have seen.

Garbage, aborted and intermediate reads, transactions at odds with themselves, elements that a list
has twice, and two reads of one list of which neither is the other's beginning.
"""

from collections import Counter
from collections.abc import Hashable

from sim.checkers.graph.anomalies import Findings
from sim.checkers.graph.observed import LIST, NOBODY, Observed
from sim.checkers.graph.versions import ABORTED, GARBAGE, INTERMEDIATE, NONE, Versions
from sim.checkers.graph.words import key_name, name, shown, shown_list, state, wrote

KIND_OF = {GARBAGE: "garbage-read", ABORTED: "G1a", INTERMEDIATE: "G1b"}


def check_structure(observed: Observed, versions: Versions, findings: Findings) -> None:
    """Tell everything that takes no order to be wrong."""
    _flawed_reads(observed, versions, findings)
    for key in range(len(observed.keys)):
        if observed.kinds[key] == LIST:
            _elements(observed, versions, findings, key)
    for key in observed.torn:
        _torn(observed, findings, key)
    _dirty_updates(observed, versions, findings)
    for txn, key, expected, seen in observed.contradictions:
        if findings.takes("internal"):
            left = "nothing" if expected is None else shown(expected)
            told = (
                f"{name(observed, txn)} read {key_name(observed, key)} as {shown(seen)}, where its "
                f"own reads and writes before had left {left}."
            )
            findings.add("internal", told, [observed.ids[txn]])
    for txn, version in observed.foreseen:
        if findings.takes("internal"):
            who, seen = name(observed, txn), state(observed, version)
            told = f"{who} read {seen} before it wrote that itself."
            findings.add("internal", told, [observed.ids[txn]])


def _flawed_reads(observed: Observed, versions: Versions, findings: Findings) -> None:
    flaw = versions.flaw
    if not any(flaw):
        return
    begin = 0
    for txn, end in enumerate(observed.read_ends):
        for version in observed.read[begin:end]:
            if flaw[version]:
                _tell(observed, findings, KIND_OF[flaw[version]], txn, version)
        begin = end


def _tell(observed: Observed, findings: Findings, kind: str, txn: int, version: int) -> None:
    if not findings.takes(kind):
        return
    reader, writer = name(observed, txn), observed.writer[version]
    value, seen = shown(observed.values[version]), state(observed, version)
    involved = [txn] if writer == NOBODY else [txn, writer]
    if kind == "garbage-read":
        told = f"{reader} read {seen}, but nobody ever wrote {value}."
    elif kind == "G1a":
        told = (
            f"{reader} read {seen}, but {name(observed, writer)}, which {wrote(observed, version)},"
            " did not happen."
        )
    else:
        last = observed.final(writer, observed.key_of[version])
        told = (
            f"{reader} read {seen}, but that was not the last that {name(observed, writer)} wrote: "
            f"it {wrote(observed, last)} afterwards."
        )
    findings.add(kind, told, [observed.ids[one] for one in involved])


def _elements(observed: Observed, versions: Versions, findings: Findings, key: int) -> None:
    """Judge what stands in a list before its end; the end is a read like any other."""
    longest, reader = observed.longest[key], observed.longest_reader[key]
    known = observed.versions[key]
    flaw = versions.flaw
    if len(set(longest)) != len(longest):
        _duplicates(observed, findings, key, reader, longest)
    for place, value in enumerate(longest[:-1]):
        version = known.get(value, NOBODY)
        wrong = GARBAGE if version == NOBODY else flaw[version]
        if wrong == ABORTED:
            _tell(observed, findings, "G1a", reader, version)
            after = known.get(longest[place + 1], NOBODY)
            if after != NOBODY and flaw[after] in (NONE, INTERMEDIATE):
                _dirty_update(observed, findings, version, after)
        elif wrong == GARBAGE and findings.takes("garbage-read"):
            told = (
                f"{name(observed, reader)} read {key_name(observed, key)} = {shown_list(longest)}, "
                f"but nobody ever appended {shown(value)}."
            )
            findings.add("garbage-read", told, [observed.ids[reader]])


def _duplicates(
    observed: Observed, findings: Findings, key: int, reader: int, seen: list[Hashable]
) -> None:
    if findings.takes("duplicate-elements"):
        twice = next(value for value, count in Counter(seen).items() if count > 1)
        writer = observed.writer[observed.versions[key].get(twice, observed.initial[key])]
        told = (
            f"{name(observed, reader)} read {key_name(observed, key)} = {shown_list(seen)}, which "
            f"has {shown(twice)} more than once"
        )
        told += f"; {name(observed, writer)} appended it once." if writer != NOBODY else "."
        involved = [reader] if writer == NOBODY else [reader, writer]
        findings.add("duplicate-elements", told, [observed.ids[one] for one in involved])


def _torn(observed: Observed, findings: Findings, key: int) -> None:
    first, one, second, other = observed.torn[key]
    if len(set(other)) != len(other):
        _duplicates(observed, findings, key, second, other)
    if findings.takes("incompatible-order"):
        told = (
            f"{name(observed, first)} read {key_name(observed, key)} = {shown(one)} and "
            f"{name(observed, second)} read {shown(other)}: neither is the beginning of the other, "
            "so no one order of appends explains both."
        )
        findings.add("incompatible-order", told, [observed.ids[first], observed.ids[second]])


def _dirty_updates(observed: Observed, versions: Versions, findings: Findings) -> None:
    for txn, version in zip(observed.updater, observed.updated, strict=True):
        if versions.flaw[version] == ABORTED:
            key = observed.key_of[version]
            _dirty_update(observed, findings, version, observed.final(txn, key))


def _dirty_update(observed: Observed, findings: Findings, version: int, after: int) -> None:
    if findings.takes("dirty-update"):
        aborted, writer = observed.writer[version], observed.writer[after]
        told = (
            f"{name(observed, writer)} {wrote(observed, after)} on top of what "
            f"{name(observed, aborted)} {wrote(observed, version)}, but {name(observed, aborted)} "
            "did not happen."
        )
        findings.add("dirty-update", told, [observed.ids[writer], observed.ids[aborted]])
