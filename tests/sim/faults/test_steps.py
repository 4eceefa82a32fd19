"""The step language: every form is read, the full form is written, and every mistake is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.faults.paths import is_alone, ways_between
from sim.faults.step_words import KINDS, StepError
from sim.faults.steps import MessageAt, Step, WriteAt, parse

# (as it may be said, in full).
FORMS = [
    ("lose the second vote", "lose vote #2"),
    ("lose vote", "lose vote #1"),
    ("lose  c1>p1   #3", "lose c1>p1 #3"),
    ("lose prepare #2 from c1 to p1", "lose c1>p1 prepare #2"),
    ("lose the write-transaction from r1", "lose r1>* write-transaction #1"),
    ("lose c1>p1 commits #2", "lose c1>p1 commit #2"),
    ("delay c1>p1 #3 90ms", "delay c1>p1 #3 by 90ms"),
    ("delay the 11th vote by 2s", "delay vote #11 by 2s"),
    ("delay the first vote by 1500us", "delay vote #1 by 1500us"),
    ("repeat p1>c1 votes #1", "repeat p1>c1 vote #1"),
    ("repeat p1>c1 vote #1 90ms later", "repeat p1>c1 vote #1 90ms later"),
    ("corrupt c1>* commit", "corrupt c1>* commit #1"),
    ("crash c1 after its ledger write", "crash c1 after c1's ledger write #1 is durable"),
    ("crash c1 after its 2nd ledger write", "crash c1 after c1's ledger write #2 is durable"),
    ("crash l1 before c1's ledger write", "crash l1 before c1's ledger write #1 is durable"),
    ("crash p2 before its 4th write is durable", "crash p2 before p2's write #4 is durable"),
    ("crash p2 during its write", "crash p2 during p2's write #1"),
    (
        "crash p1 for 2s before prepare #2 from c1 to p1 is delivered",
        "crash p1 for 2s before c1>p1 prepare #2 is delivered",
    ),
    ("crash p1 after c1>p1 prepare", "crash p1 after c1>p1 prepare #1 is delivered"),
    ("crash c1 after c1>p1 prepare", "crash c1 after c1>p1 prepare #1 is sent"),
    ("pause c2 at its first commit for 2s", "pause c2 for 2s before c2>* commit #1 is sent"),
    ("crash p1 after its second prepare", "crash p1 after *>p1 prepare #2 is delivered"),
    ("crash p1 at its prepare from c1", "crash p1 before c1>p1 prepare #1 is delivered"),
    ("crash c1 after its prepare to p1", "crash c1 after c1>p1 prepare #1 is sent"),
    ("crash p1 after its vote", "crash p1 after p1>* vote #1 is sent"),
    ("clock k1 +5ms at its answer", "clock k1 +5ms before *>k1 answer #1 is delivered"),
    ("lose l1>l1 write", "lose l1>l1 write #1"),
    ("lose p1>p1 propagate", "lose p1>p1 propagate #1"),
    ("restart c1 after c2>p1 prepare", "restart c1 after c2>p1 prepare #1 is sent"),
    ("clock c1 +5ms after its prepare #3", "clock c1 +5ms after c1>* prepare #3 is sent"),
    ("clock k1 -2s after the first vote", "clock k1 -2s after vote #1 is sent"),
    ("throttle p1 at the prepare to p1", "throttle p1 before *>p1 prepare #1 is delivered"),
    ("slow l1 for 1s after l1's 3rd write", "slow l1 for 1s after l1's write #3 is durable"),
    ("fill p1 after its write #2", "fill p1 after p1's write #2 is durable"),
    ("cut c1>p1 before the third commit", "cut c1>p1 before commit #3 is sent"),
    ("cut c1<>p1 for 3s after commit #1", "cut c1<>p1 for 3s after commit #1 is sent"),
    ("heal c1<>p1 after commit #2", "heal c1<>p1 after commit #2 is sent"),
    ("hold p1>c1 at vote #1", "hold p1>c1 before vote #1 is sent"),
    (
        "release p1>c1 newest first after commit #1 is delivered",
        "release p1>c1 newest first after commit #1 is delivered",
    ),
]
# (what is no step, what is said of it).
MISTAKES = [
    ("", "begins with none of lose, repeat"),
    ("kill c1", "say 'lose vote #2' or"),
    ("lose", "no message is named by ''"),
    ("lose #3", "which message? Say 'c1>p1 #3'"),
    ("lose the second voet", "'voet' is no kind of message; did you mean vote?"),
    ("lose the zeroth vote", "'zeroth' is no number"),
    ("lose vote #0", "a number is from 1"),
    ("lose second vote #3", "say 'second' or '#3', not both"),
    ("lose its vote", "'its' is said of a host"),
    ("lose the vote for 2s", "no message is named"),
    ("delay vote #1", "by how long?"),
    ("delay vote #1 by 0ms", "a duration is like 90ms"),
    ("crash", "is followed by one like c1"),
    ("crash c1>p1 after vote", "is followed by one like c1"),
    ("crash k1 after vote", "'crash' is for hosts like l1, p1, m1, c1, r1, f1, not for k1"),
    ("throttle c1 after vote", "is for hosts like p1, not for c1"),
    ("fill c1 after vote", "is for hosts like l1, p1"),
    ("crash c1", "when? '' is no moment"),
    ("crash c1 after the commit point", "say 'after its second ledger write'"),
    ("crash c1 before its comit point", "say 'after its second ledger write'"),
    ("crash c1 for ever after vote", "a duration is like 90ms"),
    ("crash c1 after its write", "c1 has no disk"),
    ("crash c1 during its ledger write", "tears a write of its own"),
    ("crash c1 during p1's write", "tears a write of its own"),
    ("pause p1 during its write", "only a crash can come during a write"),
    ("crash c1 during vote #1", "only a write is durable, or torn"),
    ("crash c1 after vote #1 is durable", "only a write is durable"),
    ("crash p1 after its write #1 is sent", "a write is durable in the end, not sent"),
    ("cut c1 after vote", "is followed by one like c1>p1"),
    ("clock c1 after vote", "by how much?"),
    ("clock c1 5ms after vote", "by how much?"),
    ("crash c1 for 5.5s after its ledger write", "up to a day, not '5.5s'"),
    ("pause c1 for -5s after its ledger write", "up to a day, not '-5s'"),
    ("clock c1 +5.5ms after vote", "up to a day, not '5.5ms'"),
    ("delay vote #1 by 5.5s", "up to a day, not '5.5s'"),
    ("repeat vote #1 1.5ms later", "up to a day, not '1.5ms'"),
    ("lose vote #٣", "no message is named by 'vote #٣'"),
    ("lose the ٣rd vote", "'٣rd' is no number"),
    ("crash c1٣ after vote", "is followed by one like c1"),
    ("crash c1 for ٣s after vote", "up to a day, not '٣s'"),
    ("lose c1>c1 #1", "c1 says nothing to itself: name two hosts, as in 'c1>p1 #3'"),
    ("cut c1>c1 after vote #1", "c1>c1 is no link: name two hosts, as in 'c1>p1'"),
    ("hold k1<>k1 after vote #1", "k1<>k1 is no link"),
    ("lose p1>c1 prepare", "nobody sends a prepare p1>c1: say 'c1>p1'"),
    ("crash c1 after c1's vote to p1", "no message is named"),
    ("crash c1 after its vote to p1", "nobody sends a vote c1>p1: say 'p1>c1'"),
    ("crash p1 after its recover", "nobody sends a recover p1>*: say 'm1>c1'"),
    ("lose k1>p1 #1", "nobody sends a message k1>p1: say 'k1>r1'"),
    ("pause k1 after its ledger write", "k1 asks nothing of the ledger: say 'c1's ledger write'"),
]


@pytest.mark.parametrize(("text", "full"), FORMS, ids=[text for text, _ in FORMS])
def test_a_step_is_read_and_written_in_full(text: str, full: str) -> None:
    assert str(parse(text)) == full


@pytest.mark.parametrize(("text", "said"), MISTAKES, ids=[text for text, _ in MISTAKES])
def test_what_is_no_step_is_refused_with_what_would_be_one(text: str, said: str) -> None:
    with pytest.raises(StepError) as refused:
        parse(text)

    assert said in str(refused.value)
    assert repr(text) in str(refused.value)


hosts = st.builds("{}{}".format, st.sampled_from("klpmcr"), st.integers(1, 99))
victims = st.builds("{}{}".format, st.sampled_from("lpmcr"), st.integers(1, 99))
stores = st.builds("{}{}".format, st.sampled_from("lp"), st.integers(1, 99))
links = st.builds("{}>{}".format, hosts, hosts).filter(lambda one: not is_alone(*one.split(">")))
ends = st.one_of(st.just("*"), hosts)
numbers = st.integers(1, 10**9)
durations = st.integers(1, 10**7)
kinds = st.sampled_from(sorted(KINDS))
messages = st.one_of(
    st.builds(MessageAt, ends, ends, kinds, numbers),
    st.builds(MessageAt, hosts, ends, st.just(""), numbers),
).filter(
    lambda one: (
        bool(ways_between(one.source, one.target, one.kind))
        and not is_alone(one.source, one.target)
    )
)
writes = st.one_of(
    st.builds(WriteAt, stores, st.just(False), numbers),
    st.builds(WriteAt, victims, st.just(True), numbers),
)
no, yes, nothing = st.just(False), st.just(True), st.none()
before, sent = st.just("before"), st.just("sent")
whens = st.sampled_from(["before", "after"])


def on_host_or_link(act: str, subjects: st.SearchStrategy[str]) -> st.SearchStrategy[Step]:
    us: st.SearchStrategy[int | None] = st.none()
    if act in ("crash", "pause", "throttle", "slow", "fill", "cut", "hold"):
        us = st.one_of(st.none(), durations)
    elif act == "clock":
        us = st.one_of(durations, durations.map(lambda by: -by))
    newest = st.booleans() if act == "release" else no
    end = st.sampled_from(["sent", "delivered"])
    acts = st.just(act)
    return st.one_of(
        st.builds(Step, acts, subjects, us, newest, whens, messages, end),
        st.builds(Step, acts, subjects, us, newest, whens, writes, st.just("durable")),
    )


STEPS = st.one_of(
    *[
        st.builds(Step, st.just(act), st.just(""), us, no, before, messages, sent)
        for act, us in (
            ("lose", nothing),
            ("corrupt", nothing),
            ("repeat", st.one_of(nothing, durations)),
            ("delay", durations),
        )
    ],
    on_host_or_link("crash", victims),
    on_host_or_link("restart", victims),
    on_host_or_link("pause", hosts),
    on_host_or_link("clock", hosts),
    on_host_or_link("slow", stores),
    on_host_or_link("cut", links),
    on_host_or_link("heal", links),
    on_host_or_link("release", links),
)


@given(STEPS)
def test_every_step_is_read_as_it_was_written(step: Step) -> None:
    assert parse(str(step)) == step
    assert str(parse(str(step))) == str(step)


@given(st.text(alphabet="abcl1>#* '2spmw<-for", max_size=40))
def test_no_text_is_met_with_anything_but_a_refusal(text: str) -> None:
    for said in (text, f"lose {text}", f"crash c1 {text}", f"cut c1>p1 after {text}"):
        try:
            step = parse(said)
        except StepError:  # A refusal is right; any other exception fails the test.
            continue
        assert parse(str(step)) == step


def test_every_message_has_a_kind_of_its_own() -> None:
    assert len(set(KINDS.values())) == len(KINDS)
    assert {"prepare", "vote", "commit", "cancel", "write", "request", "answer"} < set(KINDS)
