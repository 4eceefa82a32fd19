"""The step language: a fault placed on a step of the protocol, as a line of text.

    lose the second vote                        lose vote #2
    delay c1>p1 #3 by 90ms                      the third message on that link
    delay c1>p1 prepare of k2.1 #1 by 90ms      … for the first request that k2 made
    repeat p1>c1 vote #1 90ms later             corrupt c1>* commit #1
    crash c1 after its ledger write             crash c1 after c1's ledger write #1 is durable
    crash p2 before its 4th write is durable    crash p2 during its write #4 (which is torn)
    crash p1 for 2s before prepare #1 from c1 to p1 is delivered
    pause c2 for 2s at its first commit         before c2>* commit #1 is sent
    restart c1 · throttle p1 for 1s · slow l1 for 1s · fill l1 for 1s · clock c1 +5ms
    cut c1>p1 · heal c1>p1 · hold c1>p1 · release c1>p1 newest first     … each with its moment

A step is an act and a moment: before or after a message is sent or delivered, or a write is
durable.  Messages and writes are counted since the trouble began, messages as they are sent.
`its` is what the host sends, or what it is sent where such hosts never send it.
`parse` reads all of these forms; `str` of a step writes the one that says it in full, and parsing
that gives the same step.
"""

import re

from items.data import data
from sim.faults import paths
from sim.faults.paths import is_alone, ways_between
from sim.faults.step_words import StepError, duration, kind_of, number_of, shown_us

MESSAGE_ACTS = ("lose", "repeat", "delay", "corrupt")
HOST_ACTS = ("crash", "restart", "pause", "throttle", "slow", "fill", "clock")
LINK_ACTS = ("cut", "heal", "hold", "release")
ACTS = (*MESSAGE_ACTS, *HOST_ACTS, *LINK_ACTS)
LASTING = (
    "crash",
    "pause",
    "throttle",
    "slow",
    "fill",
    "cut",
    "hold",
)  # They may say for how long.
# Who can be hit: clients never crash, and only partitions and ledger nodes have disks.
KINDS_OF_HOST = {
    "crash": "lpmcrf",
    "restart": "lpmcrf",
    "throttle": "p",
    "slow": "lp",
    "fill": "lp",
}
HOST = r"[a-z]+[1-9][0-9]*"
OF = r"(?: of (k[1-9][0-9]*\.[1-9][0-9]*))?"
ANY = "*"
EXAMPLES = "'lose vote #2' or 'crash c1 after its ledger write'"


@data
class MessageAt:
    """The n-th message of a kind on a link; `*` is any host, '' any kind."""

    source: str
    target: str
    kind: str  # As in `step_words`: prepare, vote, commit …
    number: int
    of: str = ""  # The request that it belongs to, as in k2.1; '' for whosever it is.

    def __str__(self) -> str:
        link = "" if self.source == self.target == ANY else f"{self.source}>{self.target}"
        of = f"of {self.of}" if self.of else ""
        return " ".join(word for word in (link, self.kind, of, f"#{self.number}") if word)


@data
class WriteAt:
    """The n-th durable write of a host's own disk, or the n-th that it asked of the ledger."""

    host: str
    of_ledger: bool
    number: int

    def __str__(self) -> str:
        return f"{self.host}'s {'ledger ' if self.of_ledger else ''}write #{self.number}"


@data
class Step:
    """One fault and its moment."""

    act: str
    subject: str  # A host, or a link like c1>p1; '' where the act is on the message itself.
    us: int | None  # How long it lasts, or by how much; None where nothing was said.
    newest_first: bool
    when: str  # before, after, during
    what: MessageAt | WriteAt
    end: str  # sent, delivered, durable

    def __str__(self) -> str:
        if self.act in MESSAGE_ACTS:
            by = {"delay": " by {}", "repeat": " {} later"}.get(self.act, "")
            return f"{self.act} {self.what}{by.format(shown_us(self.us)) if self.us else ''}"
        words = [self.act, self.subject]
        if self.act == "clock":
            words.append(f"{'+' if (self.us or 0) >= 0 else '-'}{shown_us(abs(self.us or 0))}")
        elif self.us is not None:
            words.append(f"for {shown_us(self.us)}")
        if self.newest_first:
            words.append("newest first")
        end = "" if self.when == "during" else f" is {self.end}"
        return f"{' '.join(words)} {self.when} {self.what}{end}"

    def hosts(self) -> list[str]:
        """Return the hosts that it names."""
        what = self.what
        ends = [what.host] if isinstance(what, WriteAt) else [what.source, what.target]
        named = [one for one in (*re.split("[<>]+", self.subject), *ends) if one not in ("", ANY)]
        return list(dict.fromkeys(named))


def parse(text: str) -> Step:
    """Read a step.

    Raises:
        StepError: Saying what is wrong, and what would be right.
    """
    act, _, rest = " ".join(text.split()).partition(" ")
    if act not in ACTS:
        raise StepError(f"step {text!r} begins with none of {', '.join(ACTS)}: say {EXAMPLES}")
    try:
        return _on_message(act, rest) if act in MESSAGE_ACTS else _on_host_or_link(act, rest)
    except StepError as error:
        raise StepError(f"step {text!r}: {error}") from None


def _on_message(act: str, rest: str) -> Step:
    """Read `lose ⟨message⟩`, `delay ⟨message⟩ by 90ms`, `repeat ⟨message⟩ 90ms later`."""
    us = None
    timed = re.fullmatch(r"(.*?) (?:by )?([0-9]\S*)(?: later)?", rest)
    if timed and act in ("delay", "repeat"):
        rest, us = timed[1], duration(timed[2])
    if act == "delay" and us is None:
        raise StepError("by how long? Say 'delay c1>p1 #3 by 90ms'")
    return Step(act, "", us, False, "before", _message(rest, ""), "sent")


def _on_host_or_link(act: str, rest: str) -> Step:
    subject, _, rest = rest.partition(" ")
    shape, like = (HOST, "c1") if act in HOST_ACTS else (f"{HOST}<?>{HOST}", "c1>p1")
    if not re.fullmatch(shape, subject):
        raise StepError(f"{act!r} is followed by one like {like}, not by {subject!r}")
    if act in LINK_ACTS and is_alone(*re.split("<?>", subject)):
        raise StepError(f"{subject} is no link: name two hosts, as in 'c1>p1'")
    hit = KINDS_OF_HOST.get(act, "")
    if hit and subject[0] not in hit:
        like = ", ".join(f"{kind}1" for kind in hit)
        raise StepError(f"{act!r} is for hosts like {like}, not for {subject}")
    us = None
    lasting = re.search(r"(?:^| )for (\S+)", rest)
    if lasting and act in LASTING:
        us, rest = duration(lasting[1]), (rest[: lasting.start()] + rest[lasting.end() :]).strip()
    stepped = re.match(r"([+-])(\S+) ", rest)
    if act == "clock":
        if not stepped:
            raise StepError("by how much? Say 'clock c1 +5ms after …'")
        us, rest = duration(stepped[2]) * (1 if stepped[1] == "+" else -1), rest[stepped.end() :]
    newest_first = act == "release" and rest.startswith("newest first ")
    if newest_first:
        rest = rest.removeprefix("newest first ")
    when, what, end = _moment(rest, subject)
    if when == "during" and act != "crash":
        raise StepError("only a crash can come during a write, and tear it")
    return Step(act, subject, us, newest_first, when, what, end)


def _moment(text: str, subject: str) -> tuple[str, MessageAt | WriteAt, str]:
    """Read `before ⟨message⟩ is sent`, `after ⟨write⟩ is durable`, `during ⟨write⟩`."""
    if text.endswith(" point"):
        raise StepError(
            "the commit point is the ledger write that decides, a lone transaction's second:"
            " say 'after its second ledger write'"
        )
    found = re.fullmatch(r"(before|after|during|at) (.+?)(?: is (sent|delivered|durable))?", text)
    if not found:
        raise StepError(
            f"when? {text!r} is no moment: say 'after its ledger write', or"
            " 'before c1>p1 prepare #1 is delivered'"
        )
    when, end = found[1], found[3] or ""
    what = _write(found[2], subject) or _message(found[2], subject)
    if isinstance(what, WriteAt):
        if end not in ("", "durable"):
            raise StepError(f"a write is durable in the end, not {end}")
        if when == "during" and (what.of_ledger or what.host != subject):
            raise StepError("a host that crashes tears a write of its own: say 'during its write'")
        return "before" if when == "at" else when, what, "durable"
    if when == "during" or end == "durable":
        raise StepError("a message is sent or delivered; only a write is durable, or torn")
    by_target = what.target == subject and what.source != subject
    return "before" if when == "at" else when, what, end or ("delivered" if by_target else "sent")


def _write(text: str, subject: str) -> WriteAt | None:
    """Read `its ledger write`, `p2's 4th write`, `p2's write #4`; None: it is no durable write."""
    found = re.fullmatch(rf"(its|{HOST}'s) (?:(\w+) )??(ledger )?write(?: #([0-9]+))?", text)
    if not found:
        return None
    host = subject if found[1] == "its" else found[1].removesuffix("'s")
    if not re.fullmatch(HOST, host):
        raise StepError("whose write? Say 'c1's ledger write #1'")
    of_ledger = bool(found[3])
    if of_ledger and host[0] in paths.NEVER_ASK_THE_LEDGER:
        raise StepError(f"{host} asks nothing of the ledger: say 'c1's ledger write'")
    if not of_ledger and host[0] not in "pl":
        raise StepError(f"{host} has no disk: say 'its ledger write', or name a message")
    return WriteAt(host, of_ledger, number_of(found[2], found[4]))


def _message(text: str, subject: str) -> MessageAt:
    """Read `c1>p1 prepare #2`, `c1>p1 #3`, `the second vote`, `prepare #2 from c1 to p1`."""
    end = rf"({HOST}|\*)"
    found = re.fullmatch(
        rf"(?:{end}>{end} ?)?(?:(?:the|(its)) )?(?:(\w+?) )??(?:([a-z-]+))?{OF}(?: ?#([0-9]+))?"
        rf"(?: from ({HOST}))?(?: to ({HOST}))?",
        text,
    )
    if not found or not any(found.group(1, 5, 7, 8)):
        raise StepError(f"no message is named by {text!r}: say 'c1>p1 #3' or 'the second vote'")
    source, target, its, ordinal, kind, of, number, by, to = found.groups()
    if its and not re.fullmatch(HOST, subject):
        raise StepError("'its' is said of a host: name the link, as in 'c1>p1 commit #1'")
    kind, source, target = kind_of(kind) if kind else "", source or by or "", target or to or ""
    if its:
        source, target = _of_host(subject, kind, source, target)
    source, target = source or ANY, target or ANY
    if not kind and source == target == ANY:
        raise StepError(f"which message? Say 'c1>p1 #{number or 1}', or 'the second vote'")
    _refuse_unsaid(source, target, kind)
    return MessageAt(source, target, kind, number_of(ordinal, number), of or "")


def _of_host(host: str, kind: str, source: str, target: str) -> tuple[str, str]:
    """Say whose end of a message is meant by 'its': the sender's, if such hosts ever send it."""
    is_sent_it = not ways_between(host, ANY, kind) and bool(ways_between(ANY, host, kind))
    if not target and (source or is_sent_it):
        return source, host
    return source or host, target


def _refuse_unsaid(source: str, target: str, kind: str) -> None:
    """Refuse a message that nobody ever sends, so that the step could never come."""
    if is_alone(source, target):
        raise StepError(f"{source} says nothing to itself: name two hosts, as in 'c1>p1 #3'")
    if any(end[0] not in ANY + paths.KINDS_OF_HOST for end in (source, target)):
        return  # There is no such host, which its scenario says better.
    if not ways_between(source, target, kind):
        known = paths.listed(paths.ways_of(kind) if kind else ways_between(source, ANY, ""))
        raise StepError(f"nobody sends a {kind or 'message'} {source}>{target}: say {known}")
