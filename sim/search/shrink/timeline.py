"""What a golden script has to say of a story's run: who asked when, and through which coordinator.

A script leaves nothing to chance, so what chance has chosen in the run is heard there.
"""

from items.data import data
from network.messages import ReadTransaction, Recover, WriteTransaction, from_frame
from sim.cluster_run import Run
from sim.faults.whose import Whose
from sim.search.shrink.story import Story, request_names, scenario_of
from sim.trace import Event


@data
class Timeline:
    """When each request of a story was made, and who carried it out."""

    asked_us: dict[str, int]  # By the request's name, as in k2.1; since the trouble began.
    via: dict[str, str]  # The coordinator of each transaction; the first, if several were asked.
    recovery: str  # The coordinator that was given what had stalled first; '' if none was.
    lasts_us: int  # Until the last client was told.


class _Ear:
    """Hears whom routers and recovery managers ask.  A `sim.trace.Listener`."""

    def __init__(self, run: Run) -> None:
        self.via: dict[str, str] = {}
        self.recovery = ""
        self.began_us = 0  # When the trouble did.
        self._run, self._whose = run, Whose()
        self._is_on = False
        run.listen_to_phases(self._phase_ended)
        run.listen(self)

    def _phase_ended(self, phase: str) -> None:
        self._is_on = phase == "setting up"
        if self._is_on:
            self.began_us = self._run.loop.now_us

    def __call__(self, event: Event) -> None:
        if event.name != "message.sent" or not self._is_on:
            return
        envelope, target = from_frame(event.fields["frame"]), event.fields["link"].target
        name = self._whose.of(envelope, target)
        if isinstance(envelope.message, WriteTransaction | ReadTransaction) and name:
            self.via.setdefault(name, target)
        elif isinstance(envelope.message, Recover):
            self.recovery = self.recovery or target


def timeline(story: Story, seed: int) -> Timeline:
    """Run a story and hear it; its rule is broken already, if one is."""
    going = Run(scenario_of(story), seed)
    ear = _Ear(going)
    asked = [one for one in going.go().history if one.invoked_us >= ear.began_us]
    names = set(request_names(story).values())
    asked_us: dict[str, int] = {}
    for one in sorted(asked, key=lambda operation: operation.invoked_us):
        number = sum(name.startswith(f"{one.client}.") for name in asked_us) + 1
        name = f"{one.client}.{number}"
        if name in names:
            asked_us[name] = one.invoked_us - ear.began_us
    lasts_us = max((one.returned_us - ear.began_us for one in asked), default=0)
    return Timeline(asked_us, ear.via, ear.recovery, lasts_us)
