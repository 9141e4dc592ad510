"""What the service says of rollouts, as Python values."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from .proto.docent.v1 import docent_pb2 as wire

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class GateReading:
    """What a gate has measured in a rollout's step. `state` is "passed", "failed" or "undecided"; `estimate` and its
    bounds, which hold at every look, are None where there is no evidence yet; `units` are episodes, connections, or
    pairs of batches. `note` says why there is no verdict and none can come."""

    gate: str
    state: str
    estimate: float | None = None
    lower: float | None = None
    upper: float | None = None
    units: int = 0
    note: str = ""

    @classmethod
    def of(cls, reading: "wire.GateReading") -> "GateReading":
        def measured(name: str) -> float | None:
            return getattr(reading, name) if reading.HasField(name) else None

        return cls(
            reading.gate,
            reading.state,
            measured("estimate"),
            measured("lower"),
            measured("upper"),
            reading.units,
            reading.note,
        )


@dataclass(frozen=True)
class Rollout:
    """Where a rollout stands.

    `state` is "running", "paused", "watching", "completed", "aborted" or "rolled back". The version `candidate` takes
    over from `baseline`, which was stable when it began; `weight` is the percent of new episodes that it gets now.
    `step` counts from 0 through `steps`, and is their number while the promoted version is watched. Episodes and gates
    are those of the step. `ended` is None while it is under way.
    """

    id: str
    model: str
    state: str
    candidate: int
    baseline: int
    step: int
    steps: tuple[float, ...]
    weight: float
    reason: str = ""
    who: str = ""
    plan: str = ""
    gates: tuple[GateReading, ...] = ()
    candidate_episodes: int = 0
    stable_episodes: int = 0
    step_started: datetime | None = None
    created: datetime | None = None
    ended: datetime | None = None
    revision: int = 0

    @classmethod
    def of(cls, reply: "wire.RolloutReply") -> "Rollout | None":
        """None where the model has had no rollout."""
        if not reply.rollout:
            return None
        return cls(
            **_common(reply),
            model=reply.model,
            gates=tuple(GateReading.of(reading) for reading in reply.gates),
            candidate_episodes=reply.candidate_episodes,
            stable_episodes=reply.stable_episodes,
            step_started=_time(reply.step_started_us),
            revision=reply.revision,
        )


@dataclass(frozen=True)
class RolloutEvent:
    """Something that happened in a rollout. `kind` is "started", "advanced", "paused", "resumed", "promoted", "rolled
    back", "aborted" or "completed"; `weight`, in percent, holds from then on."""

    kind: str
    step: int
    weight: float
    who: str
    when: datetime
    reason: str


@dataclass(frozen=True)
class PastRollout:
    """A rollout in a model's history, as `Rollout`; and what happened in it, oldest first."""

    id: str
    state: str
    candidate: int
    baseline: int
    step: int
    steps: tuple[float, ...]
    weight: float
    reason: str = ""
    who: str = ""
    plan: str = ""
    created: datetime | None = None
    ended: datetime | None = None
    events: tuple[RolloutEvent, ...] = ()


@dataclass(frozen=True)
class AliasChange:
    """A move of an alias, where None stands for no version."""

    alias: str
    from_version: int | None
    to_version: int | None
    who: str
    when: datetime | None
    reason: str


@dataclass(frozen=True)
class WatchEvent:
    """Something that happened to a model: one of `version`, a message of the schema, `alias` and `rollout`."""

    model: str
    version: "wire.Version | None" = field(default=None)
    alias: AliasChange | None = None
    rollout: Rollout | None = None

    @classmethod
    def of(cls, event: "wire.WatchEvent") -> "WatchEvent | None":
        """None for an event of a newer schema."""
        match event.WhichOneof("event"):
            case "version":
                return cls(event.model, version=event.version)
            case "alias":
                change = event.alias
                source, target = getattr(change, "from") or None, change.to or None
                when = _time(change.when_us)
                return cls(
                    event.model, alias=AliasChange(change.alias, source, target, change.who, when, change.reason)
                )
            case "rollout":
                return cls(event.model, rollout=Rollout.of(event.rollout))
        return None


def history_of(reply: "wire.RolloutReply") -> list[PastRollout]:
    events: dict[str, list[RolloutEvent]] = {}
    for event in reply.events:
        when = _EPOCH + timedelta(microseconds=event.when_us)
        happened = RolloutEvent(event.kind, event.step, event.weight, event.who, when, event.reason)
        events.setdefault(event.rollout, []).append(happened)
    return [PastRollout(**_common(past), events=tuple(events.get(past.rollout, ()))) for past in reply.rollouts]


def _common(message) -> dict:
    """What a rollout has, whether it is asked about or in the history."""
    return {
        "id": message.rollout,
        "state": message.state,
        "candidate": message.candidate,
        "baseline": message.baseline,
        "step": message.step,
        "steps": tuple(message.steps),
        "weight": message.weight,
        "reason": message.reason,
        "who": message.who,
        "plan": message.plan,
        "created": _time(message.created_us),
        "ended": _time(message.ended_us),
    }


def _time(microseconds: int) -> datetime | None:
    return _EPOCH + timedelta(microseconds=microseconds) if microseconds else None
