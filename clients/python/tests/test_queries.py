"""What a query can ask, and the other calls, against a scripted teacher."""

import hashlib
import struct

import numpy as np
import pytest
from docent_client import Client, Code, DocentError, retry
from docent_client.proto.docent.v1 import docent_pb2 as wire
from scripted import ScriptedTeacher, reply, status


def described(frame, head):
    assert (frame.describe.model, frame.describe.version) == ("m", 3)
    version = wire.Version(number=3, policy=wire.Policy(head=head))
    return wire.Frame(call=frame.call, describe_reply=wire.DescribeReply(version=version))


@pytest.mark.parametrize(
    ("head", "data", "expected"),
    [
        (wire.CATEGORICAL, struct.pack("<2i", 1, 0), np.int32([1, 0])),
        (wire.Q_VALUES, struct.pack("<2i", 5, 4), np.int32([5, 4])),
        (wire.GAUSSIAN, struct.pack("<2f", 0.5, -1), np.float32([[0.5], [-1]])),
        (wire.GAUSSIAN, struct.pack("<4f", 1, 2, 3, 4), np.float32([[1, 2], [3, 4]])),
    ],
)
def test_actions_are_of_the_type_of_the_versions_head_which_is_asked_for_once(head, data, expected):
    def script(session):
        session.welcome()
        for query in range(2):
            frame = session.read()
            assert (frame.infer.want, frame.infer.action_mode, frame.infer.action_seed) == (7, wire.GREEDY, 0)
            answer = wire.InferReply(version=3, rows=2, outputs=bytes(16), actions=data)
            session.write(wire.Frame(call=frame.call, infer_reply=answer))
            if query == 0:
                session.write(described(session.read(), head))

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        for _ in range(2):
            actions = client.infer("m", [[0.0], [1.0]], actions="greedy").actions
            assert actions.dtype == expected.dtype
            np.testing.assert_array_equal(actions, expected)


def test_a_single_observation_gets_a_single_action_and_what_was_not_wanted_is_none():
    def script(session):
        session.welcome()
        frame = session.read()
        assert frame.infer.want == 4
        answer = wire.InferReply(version=3, rows=1, actions=struct.pack("<i", 1))
        session.write(wire.Frame(call=frame.call, infer_reply=answer))
        session.write(described(session.read(), wire.CATEGORICAL))

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        answer = client.infer("m", [0.0], want=(), actions="greedy")
        assert answer.actions.shape == () and answer.actions == 1
        assert answer.outputs is None and answer.values is None and answer.features is None


def test_sampled_actions_have_one_seed_for_all_attempts_and_without_one_parts_have_different_ones(monkeypatch):
    monkeypatch.setattr(retry, "CALL_SECONDS", 1e-4)

    def sampled(session, parts):
        frames = [session.read() for _ in range(parts)]
        assert all(frame.infer.action_mode == wire.SAMPLED for frame in frames)
        return frames, [frame.infer.action_seed for frame in frames]

    def script(session):
        session.welcome(rows=1)
        for status_code in (wire.UNAVAILABLE, wire.NOT_FOUND):
            (frame,), seeds = sampled(session, 1)
            assert seeds == [2**64 - 1]
            session.write(status(frame.call, status_code))
        frames, seeds = sampled(session, 3)
        assert len(set(seeds)) == 3
        session.write(*(status(frame.call, wire.UNAVAILABLE) for frame in frames))
        frames, again = sampled(session, 3)
        assert again == seeds
        session.write(*(status(frame.call, wire.NOT_FOUND) for frame in frames))
        unnamed = [sampled(session, 1)[1][0] for _ in range(2)]
        assert unnamed[0] != unnamed[1]

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        for rows, seed in (([0.0], -1), ([[0.0], [1.0], [2.0]], None)):
            with pytest.raises(DocentError, match="NOT_FOUND"):
                client.infer("m", rows, actions="sampled", seed=seed)
        for _ in range(2):
            client.submit("m", [0.0], actions="sampled")
        teacher.join()


@pytest.mark.parametrize("limit", [dict(rows=2), dict(frame_bytes=180)])
def test_a_seed_is_refused_with_rows_that_take_several_parts_whose_draws_would_hang_on_the_split(limit):
    def script(session):
        session.welcome(calls=1, **limit)
        frame = session.read()
        assert (frame.infer.rows, frame.infer.action_seed) == (2, 7)
        session.write(status(frame.call, wire.NOT_FOUND))
        assert session.read() is None

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        for rows in (3, 5):
            with pytest.raises(DocentError, match=f"seed=7 and {rows} rows.* 2 at once; expected no") as caught:
                client.infer("m", np.zeros((rows, 12)), actions="sampled", seed=7)
            assert caught.value.code == Code.INVALID_ARGUMENT
        with pytest.raises(DocentError, match="NOT_FOUND"):
            client.infer("m", np.zeros((2, 12)), actions="sampled", seed=7)
        client.close()


def test_features_of_a_layer_and_the_lease_of_an_episode():
    def script(session):
        session.welcome(rows=2)
        for rows in (2, 1):
            frame = session.read()
            infer = frame.infer
            assert (infer.want, infer.features_layer, infer.rows) == (1 | 8, "policy.1", rows)
            assert (infer.episode, infer.lease_version, infer.minimum_version) == (77, 2, 1)
            features = np.full((rows, 3), frame.call, "<f4").tobytes()
            answer = wire.InferReply(version=3, rows=rows, outputs=bytes(8 * rows), features=features)
            answer.lease_moved = rows == 1
            session.write(wire.Frame(call=frame.call, infer_reply=answer))

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        options = dict(episode=77, lease=2, minimum_version=1)
        answer = client.infer("m", np.zeros((3, 4)), want="outputs", features="policy.1", **options)
        assert answer.features.tolist() == [[1, 1, 1], [1, 1, 1], [2, 2, 2]]
        assert answer.outputs.shape == (3, 2) and answer.values is None and answer.lease_moved


def test_a_lease_that_moves_between_two_parts_is_said_and_one_version_answers_all():
    def script(session):
        session.welcome(rows=1)
        first, second = session.read(), session.read()
        moved = wire.InferReply(version=3, rows=1, outputs=bytes(4), lease_moved=True)
        session.write(reply(first, 2), wire.Frame(call=second.call, infer_reply=moved))
        again = [session.read(), session.read()]
        assert all((frame.infer.version, frame.infer.lease_version) == (3, 0) for frame in again)
        session.write(*(reply(frame, 3) for frame in again))

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        answer = client.infer("m", [[1.0], [2.0]], episode=9, lease=2)
        assert answer.lease_moved and answer.version == 3 and answer.outputs.ravel().tolist() == [1, 2]


def test_pixels_travel_as_bytes():
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 6)

    def script(session):
        session.welcome()
        frame = session.read()
        assert frame.infer.element_type == wire.UINT8 and frame.infer.observations == pixels[:, ::2].tobytes()
        session.write(wire.Frame(call=frame.call, infer_reply=wire.InferReply(version=1, rows=2, outputs=bytes(16))))
        frame = session.read()
        assert frame.infer.element_type == wire.FP32 and len(frame.infer.observations) == 8
        session.write(reply(frame))

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        assert client.infer("m", pixels[:, ::2]).outputs.shape == (2, 2)
        assert client.infer("m", [1, 2]).outputs.shape == (2,)


def test_a_query_is_split_by_what_a_frame_may_hold_and_waits_for_room_for_its_rows():
    def script(session):
        session.welcome(frame_bytes=500, rows_in_flight=3)
        first = session.read()
        assert first.infer.rows == 2
        session.socket.settimeout(0.05)
        with pytest.raises(TimeoutError):
            session.read()
        session.socket.settimeout(10)
        session.write(reply(first))
        session.write(reply(session.read()))

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        assert client.infer("m", np.zeros((4, 50))).outputs.shape == (4, 50)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(want="logits"), "want='logits'; expected 'outputs' or 'values'"),
        (dict(want=()), "wants nothing"),
        (dict(actions="best"), "actions='best'; expected 'greedy' or 'sampled'"),
        (dict(actions="greedy", seed=1), "seed=1 and actions='greedy'"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_it_is_sent(options, message):
    with ScriptedTeacher(lambda session: session.welcome()) as teacher, Client(teacher.address) as client:
        with pytest.raises(DocentError) as caught:
            client.submit("m", [0.0], **options)
        assert caught.value.code == Code.INVALID_ARGUMENT and message in caught.value.message


def health(call, serving):
    return wire.Frame(call=call, health_reply=wire.HealthReply(serving=serving))


def test_health_of_an_unknown_model_is_not_found():
    def script(session):
        session.welcome()
        frame = session.read()
        assert not frame.health.watch
        session.write(status(frame.call, wire.NOT_FOUND, "no model walker"))

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        with pytest.raises(DocentError, match="NOT_FOUND: no model walker"):
            client.health("walker")


def test_a_state_of_a_newer_schema_is_unknown():
    def script(session):
        session.welcome()
        session.write(health(session.read().call, 99))

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        assert client.health() == "SERVING_UNKNOWN"


def test_a_watch_says_every_change_survives_a_lost_connection_and_is_cancelled_when_closed(monkeypatch):
    monkeypatch.setattr(retry, "CALL_SECONDS", 1e-4)

    def cut(session):
        session.welcome()
        frame = session.read()
        assert frame.health == wire.HealthRequest(model="m", watch=True)
        session.write(*(health(frame.call, state) for state in (wire.SERVICE_UNKNOWN, wire.SERVING)))
        session.write(reply(session.read()))

    def again(session):
        session.welcome()
        frame = session.read()
        session.write(*(health(frame.call, state) for state in (wire.SERVING, wire.NOT_SERVING, wire.SERVING)))
        assert session.read() == wire.Frame(call=frame.call, cancel=wire.Cancel())
        session.write(health(frame.call, wire.NOT_SERVING), reply(session.read()))

    with ScriptedTeacher(cut, again) as teacher, Client(teacher.address) as client:
        watch = client.watch_health("m")
        assert [next(watch), next(watch)] == ["SERVICE_UNKNOWN", "SERVING"]
        assert client.infer("m", [1.0]).version == 1
        assert [next(watch), next(watch)] == ["NOT_SERVING", "SERVING"]
        watch.close()
        assert client.infer("m", [2.0]).version == 1


ARTEFACT = bytes(range(256)) * 600


def fetched(session, digest=hashlib.sha256(ARTEFACT).digest(), size=len(ARTEFACT), skip=0):
    session.welcome()
    frame = session.read()
    assert frame.fetch == wire.FetchRequest(model="m", alias="stable")
    session.write(
        wire.Frame(call=frame.call, fetch_header=wire.FetchHeader(version=4, artefact_bytes=size, sha256=digest))
    )
    for offset in range(skip, len(ARTEFACT), 65536):
        chunk = wire.Chunk(offset=offset, data=ARTEFACT[offset : offset + 65536])
        session.write(wire.Frame(call=frame.call, chunk=chunk))
    assert session.read() is None


def queried(session):
    session.welcome()
    session.write(reply(session.read()))


def test_a_fetch_has_a_connection_of_its_own():
    with ScriptedTeacher(queried, fetched) as teacher, Client(teacher.address) as client:
        header, artefact = client.fetch("m", alias="stable")
        assert header.version == 4 and artefact == ARTEFACT
        assert client.infer("m", [1.0]).version == 1


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (dict(digest=bytes(32)), "SHA-256 is [0-9a-f]{64}; expected 0{64}"),
        (dict(size=len(ARTEFACT) - 1), "of 153600 bytes; expected 153599"),
        (dict(skip=65536), "65536 bytes at 65536; expected one or more at 0"),
    ],
)
def test_a_damaged_artefact_is_data_loss(damage, message):
    def script(session):
        try:
            fetched(session, **damage)
        except ConnectionError:
            pass  # The client closed before it had read all.

    with ScriptedTeacher(lambda session: session.welcome(), script) as teacher, Client(teacher.address) as client:
        with pytest.raises(DocentError, match=f"DATA_LOSS: .*{message}"):
            client.fetch("m", alias="stable")


def test_closing_the_client_ends_a_transfer_and_a_watch():
    def first(session):
        session.welcome()
        frame = session.read()
        session.write(health(frame.call, wire.SERVING))
        assert session.read() is None

    def second(session):
        session.welcome()
        session.read()
        client.close()
        assert session.read() is None

    with ScriptedTeacher(first, second) as teacher, Client(teacher.address) as client:
        watch = client.watch_health()
        assert next(watch) == "SERVING"
        with pytest.raises(DocentError, match="CANCELLED: the client was closed"):
            client.fetch("m")
        with pytest.raises(DocentError, match="CANCELLED: the client was closed"):
            next(watch)


def test_a_reply_of_the_wrong_size_is_internal():
    def script(session):
        session.welcome()
        frame = session.read()
        session.write(wire.Frame(call=frame.call, infer_reply=wire.InferReply(version=1, rows=2, outputs=bytes(12))))

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        with pytest.raises(DocentError, match=r"INTERNAL: a reply of 12 bytes for observations of shape \(2, 1\)"):
            client.infer("m", [[1.0], [2.0]])


def test_a_publish_sends_chunks_and_again_under_the_same_request_id(monkeypatch):
    monkeypatch.setattr(retry, "CALL_SECONDS", 1e-4)
    seen = []

    def publish(session, **result):
        session.welcome()
        frame = session.read()
        assert frame.publish.sha256 == hashlib.sha256(ARTEFACT).digest() and frame.publish.golden.rows == 1
        seen.append(frame.publish.request_id)
        data = b""
        while len(data) < frame.publish.artefact_bytes:
            chunk = session.read()
            assert chunk.call == frame.call and chunk.chunk.offset == len(data) and len(chunk.chunk.data) <= 65536
            data += chunk.chunk.data
        assert data == ARTEFACT
        session.write(wire.Frame(call=frame.call, **result))

    scripts = [
        lambda session: session.welcome() and session.read(),
        lambda session: publish(session, status=wire.Status(code=wire.UNAVAILABLE)),
        lambda session: publish(session, publish_reply=wire.PublishReply(version=5)),
    ]
    with ScriptedTeacher(*scripts) as teacher, Client(teacher.address) as client:
        assert client.publish("m", ARTEFACT, golden=wire.Golden(rows=1)) == 5
        client.close()
    assert len(seen) == 2 and seen[0] == seen[1] != ""
