"""What is refused before it is sent, and takes no room of the calls under way."""

import math
import re
import threading

import numpy as np
import pytest
from docent_client import Client, Code, DocentError, retry
from docent_client.arguments import shown
from docent_client.proto.docent.v1 import docent_pb2 as wire
from scripted import ScriptedTeacher, reply

CALLS = 4
HUGE = 10**400
NUMBER = re.escape("expected an integer from 0 to 2^64 - 1")
TEXT = "expected a text that UTF-8 holds"


def answer(session):
    """Answers queries, as many at once as there are calls, and nothing else."""
    session.welcome(calls=CALLS, frame_bytes=4096)
    while (frame := session.read()) is not None:
        assert frame.WhichOneof("body") == "infer"
        session.write(reply(frame))


@pytest.fixture
def client():
    with ScriptedTeacher(answer) as teacher, Client(teacher.address, timeout=10) as client:
        yield client
        client.close()


def refused(message, call):
    """More often than there are calls, so that one that kept its place would be missed."""
    for _ in range(CALLS + 1):
        with pytest.raises(DocentError, match=message) as caught:
            call()
        assert caught.value.code == Code.INVALID_ARGUMENT


class Unconvertible:
    def __array__(self, *_, **__):
        raise RuntimeError("it requires grad")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(version=-1), f"version=-1; {NUMBER}"),
        (dict(version=1.5), f"version=1.5; {NUMBER}"),
        (dict(version="3"), f"version='3'; {NUMBER}"),
        (dict(version=2**64), f"version={2**64}; {NUMBER}"),
        (dict(version=10**5000), f"version=a value of type int; {NUMBER}"),
        (dict(episode=-1), f"episode=-1; {NUMBER}"),
        (dict(episode=None), f"episode=None; {NUMBER}"),
        (dict(lease=2**64), f"lease={2**64}; {NUMBER}"),
        (dict(minimum_version=-5), f"minimum_version=-5; {NUMBER}"),
        (dict(alias="\ud800"), rf"alias='\\ud800'; {TEXT}"),
        (dict(alias=7), f"alias=7; {TEXT}"),
        (dict(features="\udfff"), rf"features='\\udfff'; {TEXT}"),
        (dict(want=5), "want=5; expected 'outputs' or 'values'"),
        (dict(want=[["outputs"]]), r"want=\['outputs'\]; expected 'outputs' or 'values'"),
        (dict(want=np.array(["outputs"])), "want=array.*; expected 'outputs' or 'values'"),
        (dict(actions=["greedy"]), r"actions=\['greedy'\]; expected 'greedy' or 'sampled'"),
        (dict(actions="sampled", seed=1.5), "seed=1.5; expected an integer of 64 bits"),
        (dict(actions="sampled", seed=2**64), f"seed={2**64}; expected an integer of 64 bits"),
        (dict(actions="sampled", seed=-(2**63) - 1), "seed=-9223372036854775809; expected an integer of 64 bits"),
        (dict(observations=[[1, 2], [3]]), r"observations=\[\[1, 2\], \[3\]\] .*; expected rows of one width"),
        (dict(observations=Unconvertible()), "it requires grad.; expected rows of one width"),
        (dict(observations=["1", "2"]), "observations of type <U1; expected numbers that float32 has, or uint8"),
        (dict(observations=None), "observations of type object; expected numbers that float32 has, or uint8"),
        (dict(observations=[1j]), "observations of type complex128; expected numbers that float32 has, or uint8"),
        (dict(observations=np.array(["2024"], "M8[s]")), "observations of type datetime64.*; expected numbers"),
        (dict(observations=[math.inf, -1e39]), r"observations to 1e\+39; expected numbers that float32 has, to 3.4e38"),
        (dict(observations=np.zeros((2, 2000), np.float32)), "a request of 80.. bytes; expected at most 4096"),
        (dict(alias="a" * 5000), "a request of 50.. bytes; expected at most 4096"),
        (dict(timeout="5"), "timeout='5'; expected a number of seconds; math.inf is no deadline"),
        (dict(timeout=math.nan), "timeout=nan; expected a number of seconds"),
        (dict(timeout=True), "timeout=True; expected a number of seconds"),
    ],
)
def test_what_a_query_cannot_ask_is_refused_and_takes_no_room(client, options, message):
    query = dict(model="m", observations=[1.0]) | options
    refused(message, lambda: client.infer(**query))
    assert client.infer("m", [1.0]).outputs.tolist() == [1]


def test_what_every_kind_of_number_says_reaches_the_server():
    def script(session):
        session.welcome()
        frame = session.read()
        asked = (frame.infer.version, frame.infer.episode, frame.infer.minimum_version)
        assert asked == (2, 2**64 - 1, 0) and frame.infer.observations == np.float32([1, 0, math.inf]).tobytes()
        session.write(reply(frame))

    with ScriptedTeacher(script) as teacher, Client(teacher.address) as client:
        client.infer("m", np.float64([1, 0, math.inf]), version=np.int16(2), episode=np.uint64(2**64 - 1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda client: client.describe("\ud800"), rf"model='\\ud800'; {TEXT}"),
        (lambda client: client.health(5), f"model=5; {TEXT}"),
        (lambda client: next(client.watch_health("\ud800")), rf"model='\\ud800'; {TEXT}"),
        (lambda client: client.alias("m", "stable", -1), f"version=-1; {NUMBER}"),
        (lambda client: client.alias("m", "stable", None), f"version=None; {NUMBER}"),
        (lambda client: client.alias("m", "stable", 1, reason="\ud800"), rf"reason='\\ud800'; {TEXT}"),
        (lambda client: client.fetch("m", version=2**65), f"version={2**65}; {NUMBER}"),
        (lambda client: client.publish("m", "policy.safetensors"), "artefact='policy.safetensors'; expected the bytes"),
        (lambda client: client.publish("m", b"x", golden=5), "golden=5; expected a message Golden of the schema"),
        (lambda client: client.alias("m", "a" * 5000, 1), "a request of 5... bytes; expected at most 4096"),
        (lambda client: client.list_models(timeout="soon"), "timeout='soon'; expected a number of seconds"),
        (lambda client: client.episode("m", id=-1), f"id=-1; {NUMBER}"),
        (lambda client: client.episode("m").record("1,5"), "a reward of '1,5'; expected a number"),
        (lambda client: client.rollout_start("m", {"steps": {5}}), r"plan={'steps': \{5\}} .*; expected a text, or"),
        (lambda client: client.rollout_rollback("m", version=-1), f"version=-1; {NUMBER}"),
        (lambda client: client.report("m", 1, 2, "high", 3), "episode_return='high'; expected a number"),
    ],
)
def test_what_other_calls_cannot_say_is_refused_and_takes_no_room(client, call, message):
    refused(message, lambda: call(client))
    assert client.infer("m", [1.0]).outputs.tolist() == [1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(address=7070), "address 7070; expected HOST:PORT"),
        (dict(address="127.0.0.1:65536"), "address '127.0.0.1:65536'; expected HOST:PORT, with a port to 65535"),
        (dict(address="a" * 64 + ":7070"), "address 'a{64}:7070' .*; expected HOST:PORT"),
        (dict(address="unix:/tmp/\ud800"), "address .*surrogates.*; expected HOST:PORT or unix:/PATH"),
        (dict(token="\ud800"), rf"token='\\ud800'; {TEXT}"),
        (dict(name=5), f"name=5; {TEXT}"),
        (dict(timeout=math.nan), "timeout=nan; expected a number of seconds"),
        (dict(retries=-1), "retries=-1; expected 0 or more"),
        (dict(retries="4"), "retries='4'; expected 0 or more"),
        (dict(server_name="teacher"), "server_name='teacher' without TLS; expected tls=True, ca= or certificate="),
        (dict(certificate="walker.pem"), "certificate='walker.pem' .*; expected PEM files"),
    ],
)
def test_what_a_client_cannot_be_made_with(arguments, message):
    refused(message, lambda: Client(**(dict(address="127.0.0.1:7070") | arguments)))


@pytest.mark.parametrize("timeout", [3e6, 1e9, 1e12, 1e14, 1e300, HUGE, math.inf], ids=shown)
def test_a_deadline_however_late_waits_for_the_answer(timeout):
    """Later than 1e9 s is none; all others are on the wire."""

    def script(session):
        session.welcome(calls=1)
        for _ in range(3):
            frame = session.read()
            left = frame.infer.deadline_us / 1e6
            assert left == 0 if timeout > 1e9 else timeout - 10 < left <= timeout
            session.write(reply(frame))

    with ScriptedTeacher(script) as teacher, Client(teacher.address, timeout=timeout) as client:
        calls = [client.submit("m", [float(row)], timeout=timeout) for row in range(2)]
        calls.append(client.submit("m", [2.0]))
        assert [call.result().outputs.tolist() for call in calls] == [[0], [1], [2]]


@pytest.mark.parametrize("timeout", [0, -1, -math.inf, -HUGE], ids=shown)
def test_a_deadline_that_has_passed_is_late(client, timeout):
    for _ in range(CALLS + 1):
        with pytest.raises(DocentError, match="DEADLINE_EXCEEDED"):
            client.infer("m", [1.0], timeout=timeout)
    assert client.infer("m", [1.0]).outputs.tolist() == [1]


def test_a_pause_is_never_longer_than_a_thread_can_wait():
    full = DocentError.of(wire.Status(code=wire.RESOURCE_EXHAUSTED, retry_after_us=2**64 - 1))
    assert retry.pause(full, 1, 4, None) == threading.TIMEOUT_MAX
