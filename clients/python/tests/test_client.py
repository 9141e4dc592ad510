"""The client against a scripted teacher: pipelining, splitting, limits, statuses and faults."""

import socket

import numpy as np
import pytest
from docent_client import Client, Code, DocentError
from docent_client.proto.docent.v1 import docent_pb2 as wire
from scripted import ScriptedTeacher, go_away, reply, status


def test_replies_in_any_order_reach_their_calls():
    def script(session):
        session.welcome()
        frames = [session.read() for _ in range(5)]
        assert [frame.call for frame in frames] == [1, 2, 3, 4, 5]
        session.write(*(reply(frame) for frame in reversed(frames)))

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        rows = np.arange(30, dtype=np.float32).reshape(5, 3, 2)
        calls = [client.submit("m", rows[index]) for index in range(5)]
        for index in (3, 0, 4, 1, 2):
            np.testing.assert_array_equal(calls[index].result().outputs, rows[index])
            np.testing.assert_array_equal(calls[index].result().values, index + 1 + np.arange(3, dtype=np.float32))


def test_a_single_observation_of_any_number_type_gives_one_row():
    def script(session):
        assert session.welcome().client == "walker"
        frame = session.read()
        assert (frame.infer.model, frame.infer.rows, frame.infer.version, frame.infer.alias) == ("m", 1, 7, "")
        assert 0 < frame.infer.deadline_us <= 5_000_000
        session.write(reply(frame, version=7))

    with ScriptedTeacher(script) as teacher, Client(teacher.address, name="walker") as client:
        answer = client.infer("m", [1, 2.5], version=7, timeout=5)
        assert answer.outputs.tolist() == [1, 2.5] and answer.values.shape == () and answer.version == 7


def test_more_rows_than_the_limit_are_split_and_one_version_answers_all():
    def script(session):
        session.welcome(rows=4)
        first = [session.read() for _ in range(3)]
        assert [frame.infer.rows for frame in first] == [4, 4, 2]
        session.write(reply(first[0], 1), reply(first[1], 2), reply(first[2], 2))
        again = [session.read() for _ in range(3)]
        assert all(frame.infer.version == 2 and frame.infer.alias == "" for frame in again)
        session.write(*(reply(frame, 2) for frame in again))

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        rows = np.arange(20, dtype=np.float32).reshape(10, 2)
        answer = client.infer("m", rows, alias="canary")
        np.testing.assert_array_equal(answer.outputs, rows)
        assert answer.version == 2


def test_calls_beyond_the_limit_wait_for_a_reply():
    def script(session):
        session.welcome(calls=2)
        first = [session.read(), session.read()]
        session.socket.settimeout(0.05)
        with pytest.raises(TimeoutError):
            session.read()
        session.socket.settimeout(10)
        session.write(reply(first[0]))
        third = session.read()
        session.write(reply(first[1]), reply(third))

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        calls = [client.submit("m", [float(index)]) for index in range(3)]
        assert [call.result().outputs.tolist() for call in calls] == [[0], [1], [2]]


def test_a_status_is_an_error_and_the_connection_lives():
    def script(session):
        session.welcome()
        session.write(status(session.read().call, wire.RESOURCE_EXHAUSTED, "queue full", 1500))
        session.write(reply(session.read()))

    with ScriptedTeacher(script) as teacher, Client(teacher.address, retries=0) as client:
        with pytest.raises(DocentError, match="RESOURCE_EXHAUSTED: queue full") as caught:
            client.infer("m", [1.0])
        assert caught.value.code == Code.RESOURCE_EXHAUSTED and caught.value.retry_after == 0.0015
        assert client.infer("m", [1.0]).version == 1


def test_a_ping_is_answered_while_waiting():
    def script(session):
        session.welcome()
        frame = session.read()
        session.write(wire.Frame(ping=wire.Ping(payload=42)))
        assert session.read().pong.payload == 42
        session.write(reply(frame))

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        assert client.infer("m", [1.0]).version == 1


def test_a_ping_is_answered_while_idle(monkeypatch):
    monkeypatch.setattr("docent_client.client._IDLE_SECONDS", 0.01)

    def script(session):
        session.welcome()
        session.write(wire.Frame(ping=wire.Ping(payload=7)))
        assert session.read().pong.payload == 7

    with ScriptedTeacher(script) as teacher:
        client = Client(teacher.address)
        teacher.join()
        client.close()


def test_a_lost_connection_fails_every_call_and_the_next_one_connects_again():
    def cut(session):
        session.welcome()
        session.read(), session.read()

    def answer(session):
        session.welcome()
        frame = session.read()
        assert frame.call == 1
        session.write(reply(frame))

    with ScriptedTeacher(cut, answer) as teacher, Client(teacher.address, retries=0) as client:
        calls = [client.submit("m", [1.0]), client.submit("m", [2.0])]
        for call in calls:
            with pytest.raises(DocentError) as caught:
                call.result()
            assert caught.value.code == Code.UNAVAILABLE and teacher.address in caught.value.message
        assert client.infer("m", [3.0]).outputs.tolist() == [3]


def test_without_retries_calls_above_a_goaway_fail_and_the_others_finish():
    def leave(session):
        session.welcome()
        first, _ = session.read(), session.read()
        session.write(go_away(1))
        session.write(reply(first))
        assert session.read() is None

    def answer(session):
        session.welcome()
        session.write(reply(session.read(), version=2))

    with ScriptedTeacher(leave, answer) as teacher, Client(teacher.address, retries=0) as client:
        kept, dropped = client.submit("m", [1.0]), client.submit("m", [2.0])
        with pytest.raises(DocentError, match="UNAVAILABLE: draining"):
            dropped.result()
        assert kept.result().version == 1
        assert client.infer("m", [3.0]).version == 2


def test_a_refused_hello_says_why():
    def script(session):
        session.read()
        session.write(go_away(0, wire.UNAUTHENTICATED, "token unknown"))

    with ScriptedTeacher(script) as teacher, pytest.raises(DocentError, match="UNAUTHENTICATED: token unknown"):
        Client(teacher.address)


def test_another_protocol_number_is_refused():
    with ScriptedTeacher(lambda session: session.welcome(protocol=9)) as teacher:
        with pytest.raises(DocentError, match="FAILED_PRECONDITION: .* speaks protocol 9; this client speaks 1"):
            Client(teacher.address)


@pytest.mark.parametrize(
    "data", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\0\0\0\x03\xff\xff\xff", b"\0\xff\xff\xff\xff"]
)
def test_bytes_of_another_protocol_are_recognised(data):
    with ScriptedTeacher(lambda session: session.socket.sendall(data)) as teacher:
        with pytest.raises(DocentError, match="INTERNAL: .* does not speak Docent's protocol"):
            Client(teacher.address)


def test_no_teacher_at_the_address_names_it_and_what_to_start():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = "127.0.0.1:%d" % listener.getsockname()[1]
    with pytest.raises(DocentError, match=f"UNAVAILABLE: no teacher at {address} .* docent-teacher serve") as caught:
        Client(address)
    assert caught.value.code == Code.UNAVAILABLE


def test_a_late_call_fails_by_itself_is_cancelled_and_its_reply_ignored():
    def script(session):
        session.welcome()
        call = session.read().call
        assert session.read() == wire.Frame(call=call, cancel=wire.Cancel())
        session.write(reply(wire.Frame(call=call)))
        session.write(reply(session.read()))

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        call = client.submit("m", [1.0], timeout=0.1)
        for _ in range(2):
            with pytest.raises(DocentError, match="DEADLINE_EXCEEDED"):
                call.result()
        assert client.infer("m", [2.0]).outputs.tolist() == [2]


def test_replies_that_fill_the_sockets_do_not_block_what_is_sent():
    rows, calls = np.ones((1024, 64), np.float32), 64

    def script(session):
        session.welcome(calls=calls)
        for _ in range(calls):
            session.write(reply(session.read()))

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        for call in [client.submit("m", rows) for _ in range(calls)]:
            assert call.result().outputs.shape == rows.shape


@pytest.mark.parametrize("address", ["nowhere", "127.0.0.1", "127.0.0.1:seven"])
def test_an_address_without_a_port(address):
    with pytest.raises(DocentError, match="INVALID_ARGUMENT: .* expected HOST:PORT"):
        Client(address)


def test_observations_of_three_axes_are_refused():
    with ScriptedTeacher(lambda session: session.welcome()) as teacher, Client(teacher.address) as client:
        with pytest.raises(DocentError, match=r"INVALID_ARGUMENT: observations of shape \(1, 1, 2\)"):
            client.infer("m", [[[1.0, 2.0]]])


def test_a_model_without_values_gives_none():
    def script(session):
        session.welcome()
        frame = session.read()
        session.write(wire.Frame(call=frame.call, infer_reply=wire.InferReply(version=1, rows=1, outputs=bytes(8))))

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        answer = client.infer("m", [1.0])
        assert answer.values is None and answer.outputs.tolist() == [0, 0]


def test_a_version_and_an_alias_together_are_refused():
    with ScriptedTeacher(lambda session: session.welcome()) as teacher, Client(teacher.address) as client:
        for call in (lambda: client.infer("m", [0.0], version=1, alias="stable"), lambda: client.describe("m", 1, "a")):
            with pytest.raises(DocentError, match="version 1 and alias '(stable|a)' together") as caught:
                call()
            assert caught.value.code == Code.INVALID_ARGUMENT


def test_a_closed_client_says_so():
    with ScriptedTeacher(lambda session: session.welcome()) as teacher:
        client = Client(teacher.address)
        client.close()
        with pytest.raises(DocentError, match="CANCELLED"):
            client.infer("m", [1.0])


@pytest.mark.parametrize("data", [dict(rows=1, outputs=bytes(16)), dict(rows=0)])
def test_a_reply_of_other_rows_is_internal(data):
    def script(session):
        session.welcome()
        frame = session.read()
        session.write(wire.Frame(call=frame.call, infer_reply=wire.InferReply(version=1, **data)))

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        with pytest.raises(DocentError, match=f"INTERNAL: a reply of {data['rows']} rows; expected 2"):
            client.infer("m", [[1.0], [2.0]])


def test_the_arrays_of_a_reply_can_be_written_to():
    def script(session):
        session.welcome()
        session.write(reply(session.read()))

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        answer = client.infer("m", [1.0, 2.0])
        answer.outputs[...] -= answer.outputs.max()
        answer.values[...] = 0
        assert answer.outputs.tolist() == [-1, 0]
