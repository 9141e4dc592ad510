"""Rollouts, reports, watches and episodes, against a scripted teacher; and what the real service says of them."""

import contextlib
import json
import math
import shutil
from datetime import datetime, timezone

import pytest
from conftest import start_service
from docent_client import (
    AliasChange,
    Client,
    Code,
    DocentError,
    GateReading,
    PastRollout,
    Rollout,
    RolloutEvent,
    WatchEvent,
    retry,
)
from docent_client.proto.docent.v1 import docent_pb2 as wire
from scripted import ScriptedTeacher, reply, status

ID = "3f2a00112233445566778899aabbccdd"
START_US = 1_767_323_045_000_001
START = datetime(2026, 1, 2, 3, 4, 5, 1, tzinfo=timezone.utc)

REPLY = wire.RolloutReply(
    rollout=ID,
    state="running",
    candidate=3,
    baseline=2,
    reason="why",
    model="m",
    step=1,
    steps=[0.5, 100],
    weight=0.5,
    plan="candidate: 3",
    gates=[
        wire.GateReading(gate="kl<0.05", state="passed", estimate=0.0, lower=-1.5, upper=0.25, units=12),
        wire.GateReading(gate="errors<0.01", state="undecided", note="none yet"),
    ],
    candidate_episodes=4,
    stable_episodes=5,
    step_started_us=START_US,
    created_us=START_US,
    who="ops",
    revision=6,
)
ROLLOUT = Rollout(
    id=ID,
    model="m",
    state="running",
    candidate=3,
    baseline=2,
    step=1,
    steps=(0.5, 100.0),
    weight=0.5,
    reason="why",
    who="ops",
    plan="candidate: 3",
    # Measured to be 0 is not the same as not measured.
    gates=(
        GateReading("kl<0.05", "passed", 0.0, -1.5, 0.25, 12),
        GateReading("errors<0.01", "undecided", note="none yet"),
    ),
    candidate_episodes=4,
    stable_episodes=5,
    step_started=START,
    created=START,
    ended=None,
    revision=6,
)


def answering(*replies, seen):
    """A script that answers calls about rollouts in turn, and keeps the requests."""

    def script(session):
        session.welcome()
        for answer in replies:
            frame = session.read()
            assert frame.WhichOneof("body") == "rollout"
            seen.append(frame.rollout)
            session.write(wire.Frame(call=frame.call, rollout_reply=answer))

    return script


def test_changes_carry_what_they_were_given_and_an_id():
    seen = []
    with ScriptedTeacher(answering(*[REPLY] * 7, seen=seen)) as teacher, Client(teacher.address) as client:
        plan = {"steps": [5, 100], "every": "10m", "gates": ["kl<0.05"]}
        assert client.rollout_start("m", plan, version=3, reason="new data") == ROLLOUT
        assert client.rollout_start("m", "candidate: 3\n", request_id="mine") == ROLLOUT
        assert client.rollout_pause("m", "load test") == ROLLOUT
        assert client.rollout_resume("m") == ROLLOUT
        assert client.rollout_promote("m") == ROLLOUT
        assert client.rollout_abort("m") == ROLLOUT
        assert client.rollout_rollback("m", 2, reason="worse") == ROLLOUT
    actions = [wire.RolloutRequest.Action.Name(request.action) for request in seen]
    assert actions == ["START", "START", "PAUSE", "RESUME", "PROMOTE", "ABORT", "ROLLBACK"]
    assert json.loads(seen[0].plan) == plan and seen[0].version == 3 and seen[0].reason == "new data"
    assert seen[1].plan == "candidate: 3\n" and seen[1].request_id == "mine" and seen[1].version == 0
    assert seen[2].reason == "load test" and seen[6].version == 2 and seen[6].reason == "worse"
    assert len({request.request_id for request in seen}) == 7 and all(request.request_id for request in seen)
    assert {request.model for request in seen} == {"m"}


def test_a_change_is_sent_again_under_the_same_id(monkeypatch):
    monkeypatch.setattr(retry, "CALL_SECONDS", 1e-4)
    seen = []

    def script(session):
        session.welcome()
        frame = session.read()
        seen.append(frame.rollout)
        session.write(status(frame.call, wire.UNAVAILABLE))
        frame = session.read()
        seen.append(frame.rollout)
        session.write(wire.Frame(call=frame.call, rollout_reply=REPLY))

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        assert client.rollout_promote("m") == ROLLOUT
    assert seen[0] == seen[1]


def test_a_status_is_typed_and_none_where_there_was_no_rollout():
    seen = []
    script = answering(REPLY, wire.RolloutReply(model="m"), seen=seen)
    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        assert client.rollout_status("m") == ROLLOUT
        assert client.rollout_status("m") is None
    assert seen == [wire.RolloutRequest(model="m")] * 2


def test_a_history_has_rollouts_with_what_happened_in_each():
    history = wire.RolloutReply(
        rollouts=[
            wire.RolloutRecord(rollout=ID, state="running", candidate=3, baseline=2, steps=[1], weight=1, who="ops"),
            wire.RolloutRecord(rollout="older", state="rolled back", candidate=1, ended_us=START_US, reason="kl"),
        ],
        events=[
            wire.RolloutEvent(rollout="older", kind="started", weight=1, who="ops", when_us=START_US),
            wire.RolloutEvent(rollout="older", kind="rolled back", step=2, who="docent-teacher", reason="kl"),
        ],
    )
    seen = []
    with ScriptedTeacher(answering(history, seen=seen)) as teacher, Client(teacher.address) as client:
        newest, older = client.rollout_history("m")
    assert seen == [wire.RolloutRequest(model="m", action=wire.RolloutRequest.HISTORY)]
    assert newest == PastRollout(ID, "running", 3, 2, 0, (1.0,), 1.0, who="ops")
    assert (older.state, older.ended, older.created, older.reason) == ("rolled back", START, None, "kl")
    assert older.events[0] == RolloutEvent("started", 0, 1.0, "ops", START, "")
    assert [event.kind for event in older.events] == ["started", "rolled back"]


def test_a_watch_brings_typed_events_and_begins_again_on_another_connection(monkeypatch):
    monkeypatch.setattr(retry, "CALL_SECONDS", 1e-4)
    change = wire.AliasChange(alias="stable", to=2, who="ops", when_us=START_US, reason="better")
    alias = wire.WatchEvent(model="m", alias=change)

    def lost(session):
        session.welcome()
        frame = session.read()
        assert frame.watch == wire.WatchRequest(model="m")
        session.write(wire.Frame(call=frame.call, watch_event=alias))

    def whole(session):
        session.welcome()
        call = session.read().call
        # An event of a newer schema is passed over.
        events = [alias, wire.WatchEvent(model="m"), wire.WatchEvent(model="m", rollout=REPLY)]
        events.append(wire.WatchEvent(model="m", version=wire.Version(number=4)))
        session.write(*(wire.Frame(call=call, watch_event=event) for event in events))
        assert session.read() == wire.Frame(call=call, cancel=wire.Cancel())

    with ScriptedTeacher(lost, whole) as teacher, Client(teacher.address) as client:
        watch = client.watch("m")
        moved = WatchEvent("m", alias=AliasChange("stable", None, 2, "ops", START, "better"))
        assert [next(watch), next(watch)] == [moved, moved]
        assert next(watch) == WatchEvent("m", rollout=ROLLOUT)
        assert next(watch).version.number == 4
        watch.close()


def test_an_episode_stays_with_its_version_and_reports_its_return():
    def script(session):
        session.welcome()
        for lease in (0, 4, 4):
            frame = session.read()
            infer = frame.infer
            assert (infer.model, infer.alias, infer.episode, infer.lease_version) == ("m", "canary", 7, lease)
            session.write(reply(frame, version=4))
        frame = session.read()
        assert frame.report == wire.ReportRequest(model="m", version=4, episode=7, episode_return=1.5, steps=3)
        session.write(wire.Frame(call=frame.call, report_reply=wire.ReportReply()))

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        with client.episode("m", alias="canary", id=7) as episode:
            for reward in (1, -0.5, 1):
                assert episode.infer([1.0]).version == 4
                episode.record(reward)
        assert episode.version == 4 and not episode.moved
        assert not episode.report(), "an episode is reported once"


def test_an_episode_whose_version_is_taken_away_goes_on_and_is_not_reported():
    def script(session):
        session.welcome()
        session.write(reply(session.read(), version=4))
        frame = session.read()
        assert frame.infer.lease_version == 4
        moved = reply(frame, version=2)
        moved.infer_reply.lease_moved = True
        session.write(moved)
        frame = session.read()
        assert frame.infer.lease_version == 2
        session.write(reply(frame, version=2))
        assert session.read() is None

    with ScriptedTeacher(script) as teacher:
        with Client(teacher.address) as client, client.episode("m") as episode:
            assert episode.id != 0
            for moved in (False, True, True):
                episode.infer([1.0])
                assert episode.moved is moved


def test_an_episode_that_fails_is_not_reported():
    def script(session):
        session.welcome()
        session.write(reply(session.read(), version=4))
        assert session.read() is None

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        with pytest.raises(RuntimeError, match="the environment broke"), client.episode("m") as episode:
            episode.infer([1.0])
            raise RuntimeError("the environment broke")
        client.close()
    with pytest.raises(DocentError, match="INVALID_ARGUMENT: the id 0, .*expected another one"):
        Client.episode(client, "m", id=0)


PLAN = {
    "steps": [50, 100],
    "every": "1h",
    "gates": ["agreement>0.5", "return>-90"],
    "return_range": [0, 100],
    "shadow_percent": 100,
}


@pytest.fixture
def service(registry, tmp_path):
    """A client of a service of its own, where `stable` is at version 1 of 2 that are the same."""
    copy = tmp_path / "teacher.sqlite"
    shutil.copy(registry, copy)
    process, address = start_service(copy)
    try:
        with Client(address) as client:
            yield client
    finally:
        process.kill()
        process.communicate()


def play(client, id=None):
    """The version that played an episode of one query."""
    with client.episode("cartpole", id=id) as episode:
        episode.infer([0.0, 0.1, 0.2, 0.3])
        episode.record(1.0)
    return episode.version


def test_the_service_carries_out_a_rollout(service):
    assert service.rollout_status("cartpole") is None and service.rollout_history("cartpole") == []
    with contextlib.closing(service.watch("cartpole")) as watch:
        begins = next(watch)
        assert begins.model == "cartpole" and (begins.alias.alias, begins.alias.to_version) == ("stable", 1)
        started = service.rollout_start("cartpole", PLAN, version=2, reason="new data", request_id="once")
        assert (started.state, started.candidate, started.baseline) == ("running", 2, 1)
        assert (started.step, started.steps, started.weight) == (0, (50.0, 100.0), 50.0)
        assert started.reason == "new data" and started.who.startswith("127.0.0.1:") and started.ended is None
        assert service.rollout_start("cartpole", PLAN, version=2, reason="new data", request_id="once").id == started.id
        assert next(event.rollout for event in watch if event.rollout).id == started.id

        # Either version plays some, and what was reported counts.
        while (status := service.rollout_status("cartpole")).candidate_episodes == 0 or status.stable_episodes == 0:
            assert play(service) in (1, 2)
        agreement, returns = status.gates
        assert (agreement.gate, returns.gate) == ("agreement>0.5", "return>-90")
        assert agreement.units > 0 and agreement.estimate == 1 and agreement.lower < 1 == agreement.upper
        assert returns.units > 0 and returns.estimate == 0

        assert service.rollout_pause("cartpole", "to look").state == "paused"
        assert service.rollout_resume("cartpole").state == "running"
        promoted = service.rollout_promote("cartpole", reason="good")
        assert (promoted.state, promoted.step, promoted.weight) == ("watching", 2, 100.0)
        moved = next(event.alias for event in watch if event.alias)
        assert (moved.from_version, moved.to_version, moved.reason) == (1, 2, "good") and moved.when is not None
        assert play(service) == 2
        assert service.rollout_rollback("cartpole", reason="bad").state == "rolled back"
        moved = next(event.alias for event in watch if event.alias)
        assert (moved.from_version, moved.to_version, moved.reason) == (2, 1, "bad")
    assert play(service) == 1
    (past,) = service.rollout_history("cartpole")
    assert past.id == started.id and past.state == "rolled back" and past.ended > past.created
    assert [event.kind for event in past.events] == ["started", "paused", "resumed", "promoted", "rolled back"]
    assert [event.reason for event in past.events] == ["new data", "to look", "", "good", "bad"]


def test_an_episode_of_a_version_that_is_taken_back_goes_on_with_another(service):
    service.rollout_start("cartpole", PLAN, version=2)
    id = 1
    while service.infer("cartpole", [0.0] * 4, episode=id).version == 1:
        id += 1
    with service.episode("cartpole", id=id) as episode:
        episode.infer([0.0] * 4)
        assert episode.version == 2 and not episode.moved
        assert service.rollout_abort("cartpole", "no more").state == "aborted"
        episode.infer([0.0] * 4)
        assert episode.version == 1 and episode.moved


@pytest.mark.parametrize(
    ("call", "code", "message"),
    [
        (lambda c: c.rollout_status("nobody"), Code.NOT_FOUND, "nobody"),
        (lambda c: c.rollout_history("nobody"), Code.NOT_FOUND, "nobody"),
        (lambda c: next(c.watch("nobody")), Code.NOT_FOUND, "nobody"),
        (lambda c: c.report("nobody", 1, 1, 0.0, 1), Code.NOT_FOUND, "nobody"),
        (lambda c: c.report("cartpole", 9, 1, 0.0, 1), Code.NOT_FOUND, "no version 9"),
        (lambda c: c.report("cartpole", 1, 1, math.nan, 1), Code.INVALID_ARGUMENT, "expected a finite number"),
        (lambda c: c.rollout_start("cartpole"), Code.INVALID_ARGUMENT, "candidate is missing"),
        (lambda c: c.rollout_start("cartpole", version=9), Code.NOT_FOUND, "no version 9"),
        (lambda c: c.rollout_start("cartpole", version=1), Code.FAILED_PRECONDITION, "stable already"),
        (lambda c: c.rollout_start("cartpole", {"stepz": [1]}, 2), Code.INVALID_ARGUMENT, "unknown key 'stepz'"),
        (lambda c: c.rollout_pause("cartpole"), Code.FAILED_PRECONDITION, "has had no rollout"),
        (lambda c: c.rollout_rollback("cartpole"), Code.FAILED_PRECONDITION, "no version before that"),
    ],
)
def test_the_service_says_why_it_refuses(address, call, code, message):
    with Client(address) as client:
        with pytest.raises(DocentError) as caught:
            call(client)
        assert caught.value.code == code and message in caught.value.message
        assert client.rollout_status("cartpole") is None
