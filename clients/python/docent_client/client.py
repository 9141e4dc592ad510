"""A pipelined client of the teacher service."""

import contextlib
import hashlib
import math
import numbers
import os
import ssl
import threading
import uuid
from collections.abc import Iterator

from . import artefacts
from .arguments import deadline_in, message, refusal, shown
from .channel import Attempts, Call, Channel, Rules
from .endpoint import Endpoint
from .errors import Code, DocentError
from .proto.docent.v1 import docent_pb2 as wire
from .query import ARGUMENTS, Query, Reply, array_of, seed_of, wanted
from .rollout_calls import RolloutCalls

_IDLE_SECONDS = 2.0


class Client(RolloutCalls):
    """Connects to a teacher service, at `HOST:PORT` or `unix:/PATH`, at once, and again after the connection was lost.

    Many calls may be under way, from several threads. Every failure is a DocentError; arguments that make no sense are
    refused, with INVALID_ARGUMENT, before anything is sent.

    `timeout`, in seconds, is the default of every call, the first connecting included; None waits for ever, and so do
    math.inf and more than 1e9, of a call too, whose None is the default. A deadline spans all attempts. `retries` is
    how often a call is sent again, 4 at most, after UNAVAILABLE or RESOURCE_EXHAUSTED.
    With `wait_for_ready`, calls wait for a server that cannot be reached, and do not fail with UNAVAILABLE. `tls` is
    True or an SSLContext; `ca`, a PEM file of who may sign the server's certificate, and `certificate`, PEM files of
    the client's own certificate and its key, imply it. `server_name` is what the server's certificate names, where that
    is not HOST.
    """

    def __init__(
        self,
        address: str,
        *,
        token: str = "",
        name: str = "",
        timeout: float | None = 30.0,
        retries: int = 4,
        wait_for_ready: bool = False,
        tls: bool | ssl.SSLContext = False,
        ca: str | None = None,
        certificate: tuple[str, str] | None = None,
        server_name: str | None = None,
    ):
        if not isinstance(retries, numbers.Real) or not retries >= 0:
            raise refusal(f"retries={shown(retries)}", "0 or more")
        hello = message(wire.Hello, {"client": "name"}, client=name or f"docent-python/{os.getpid()}", token=token)
        self._channel = Channel(Endpoint(address, tls, ca, certificate, server_name), hello)
        self._timeout, self._retries, self._wait_for_ready = timeout, retries, wait_for_ready
        self._policies, self._closed = {}, threading.Event()
        self._channel.connection(self._rules().deadline, wait_for_ready)
        threading.Thread(target=self._tend, name="docent-client", daemon=True).start()

    def submit(
        self,
        model: str,
        observations,
        version: int | None = None,
        alias: str | None = None,
        timeout: float | None = None,
        *,
        want=None,
        actions: str | None = None,
        seed: int | None = None,
        features: str | None = None,
        episode: int = 0,
        lease: int = 0,
        minimum_version: int = 0,
        wait_for_ready: bool | None = None,
    ) -> Call:
        """Asks a model about observations (rows x width, or one row). Returns at once; `Call.result()` has the reply.

        At most one of `version` and `alias`; with neither, the alias `stable` answers, unless `lease`, the version that
        answered the first query of `episode`, is still there. Observations of uint8 travel as such, others as float32.

        `want` is "outputs", "values" or a list of them; None means both. `actions` is "greedy" or "sampled"; the same
        `seed`, an integer of 64 bits, gives the same rows the same actions, and None takes a new one. With a seed, rows
        that the server takes only in several parts are refused: row numbers, which the draws hang on, begin anew in
        each part. `features` names a hidden layer, such as "policy.0", "value.1", or "trunk.0" where policy and value
        share one.
        """
        fields = {"model": model, "episode": episode, "lease_version": lease, "minimum_version": minimum_version}
        fields |= _named(version, alias) | wanted(want, actions, features)
        request, seed = message(wire.InferRequest, ARGUMENTS, **fields), seed_of(seed, actions)
        rules, rows = self._rules(timeout, wait_for_ready), array_of(observations)

        def policy(version: int, rules: Rules) -> "wire.Policy":
            """A version's policy, asked for once."""
            if (found := self._policies.get((model, version))) is None:
                body = wire.DescribeRequest(model=model, version=version)
                found = Call(self._channel, rules, describe=body).result().describe_reply.version.policy
                self._policies[model, version] = found
            return found

        return Query(self._channel, rules, request, seed, rows, policy)

    def infer(
        self,
        model: str,
        observations,
        version: int | None = None,
        alias: str | None = None,
        timeout: float | None = None,
        **options,
    ) -> Reply:
        """`submit` and `result` in one, with the same options."""
        return self.submit(model, observations, version, alias, timeout, **options).result()

    def describe(
        self,
        model: str,
        version: int | None = None,
        alias: str | None = None,
        timeout: float | None = None,
        wait_for_ready: bool | None = None,
    ) -> "wire.DescribeReply":
        """The model with its versions and aliases; and the version that these words mean now, with its policy's spaces
        and architecture."""
        request = message(wire.DescribeRequest, model=model, **_named(version, alias))
        return self._call(timeout, wait_for_ready, describe=request).describe_reply

    def list_models(self, timeout: float | None = None, wait_for_ready: bool | None = None) -> list["wire.Model"]:
        """Every model, with its versions and aliases."""
        return list(self._call(timeout, wait_for_ready, list_models=wire.ListModelsRequest()).list_models_reply.models)

    def health(self, model: str = "", timeout: float | None = None, wait_for_ready: bool | None = None) -> str:
        """"SERVING" or "NOT_SERVING", of one model or of the whole service; "SERVING_UNKNOWN" for a state of a newer
        schema. An unknown model is NOT_FOUND."""
        request = message(wire.HealthRequest, model=model)
        return _serving(self._call(timeout, wait_for_ready, health=request))

    def watch_health(
        self, model: str = "", timeout: float | None = math.inf, wait_for_ready: bool | None = None
    ) -> Iterator[str]:
        """"SERVING", "NOT_SERVING" or "SERVICE_UNKNOWN", now and at every change, until the iterator is closed.

        It is opened again by the rules of retry when its connection was lost.
        """
        last = None
        request = message(wire.HealthRequest, model=model, watch=True)
        with contextlib.closing(self._stream(timeout, wait_for_ready, health=request)) as frames:
            for frame in frames:
                if (serving := _serving(frame)) != last:
                    yield (last := serving)

    def alias(
        self,
        model: str,
        alias: str,
        version: int,
        reason: str = "",
        request_id: str = "",
        timeout: float | None = None,
        wait_for_ready: bool | None = None,
    ) -> tuple[int, int]:
        """Moves an alias (version 0 removes it); answers the versions (from, to), where 0 means none."""
        # With an id, a second attempt answers what the first one did.
        request = message(
            wire.AliasRequest,
            model=model,
            alias=alias,
            version=version,
            reason=reason,
            request_id=request_id or uuid.uuid4().hex,
        )
        reply = self._call(timeout, wait_for_ready, alias=request).alias_reply
        return getattr(reply, "from"), reply.to

    def fetch(
        self,
        model: str,
        version: int | None = None,
        alias: str | None = None,
        timeout: float | None = None,
        wait_for_ready: bool | None = None,
    ) -> tuple["wire.FetchHeader", bytes]:
        """A version's header and artefact, whose size and SHA-256 are checked."""
        request = message(wire.FetchRequest, model=model, **_named(version, alias))
        return self._bulk(timeout, wait_for_ready, artefacts.fetch, request)

    def publish(
        self,
        model: str,
        artefact: bytes,
        golden: "wire.Golden | None" = None,
        lineage: "wire.Lineage | None" = None,
        request_id: str = "",
        timeout: float | None = None,
        wait_for_ready: bool | None = None,
    ) -> int:
        """Publishes an artefact; answers the number of its version. `golden` and `lineage` are messages of the schema,
        as in what `fetch` answers."""
        if not isinstance(artefact, (bytes, bytearray, memoryview)):
            raise refusal(f"artefact={shown(artefact)}", "the bytes of a safetensors file")
        artefact = bytes(artefact)
        header = message(
            wire.PublishHeader,
            model=model,
            artefact_bytes=len(artefact),
            sha256=hashlib.sha256(artefact).digest(),
            golden=golden,
            lineage=lineage,
            request_id=request_id or uuid.uuid4().hex,
        )
        return self._bulk(timeout, wait_for_ready, artefacts.publish, header, artefact)

    def close(self) -> None:
        """Calls under way fail with CANCELLED."""
        self._closed.set()
        self._channel.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def _rules(self, timeout: float | None = None, wait_for_ready: bool | None = None) -> Rules:
        deadline = deadline_in(self._timeout if timeout is None else timeout)
        return Rules(deadline, self._wait_for_ready if wait_for_ready is None else wait_for_ready, self._retries)

    def _call(self, timeout: float | None, wait_for_ready: bool | None, **body) -> "wire.Frame":
        return Call(self._channel, self._rules(timeout, wait_for_ready), **body).result()

    def _stream(self, timeout: float | None, wait_for_ready: bool | None, **body) -> Iterator["wire.Frame"]:
        """The frames that answer a call until the iterator is closed, also over lost connections."""
        rules, exchange = self._rules(timeout, wait_for_ready), None
        attempts = Attempts(self._channel, rules)
        try:
            while True:
                try:
                    if exchange is None:
                        connection = self._channel.connection(rules.deadline, rules.wait_for_ready)
                        exchange = connection.submit(rules.deadline, many=True, **body)
                    frame = exchange.next()
                except DocentError as error:
                    exchange = None
                    attempts.recover(error)
                    continue
                attempts.succeeded()
                yield frame
        finally:
            if exchange is not None:
                exchange.cancel()

    def _bulk(self, timeout: float | None, wait_for_ready: bool | None, transfer, *arguments):
        """On a connection of its own, so that no query waits behind it."""
        rules = self._rules(timeout, wait_for_ready)
        attempts = Attempts(self._channel, rules)
        while True:
            try:
                self._channel.connection(rules.deadline, rules.wait_for_ready)
                connection = self._channel.apart(rules.deadline)
                try:
                    return transfer(connection, rules.deadline, *arguments)
                finally:
                    connection.close(DocentError(Code.CANCELLED, "the transfer is over"))
            except DocentError as error:
                attempts.recover(error)

    def _tend(self) -> None:
        """Reads what comes while nobody waits for a reply: a server takes a silent peer for gone."""
        while not self._closed.wait(_IDLE_SECONDS):
            self._channel.tend()


def _named(version: int | None, alias: str | None) -> dict:
    if version is not None and alias is not None:
        raise refusal(f"version {shown(version)} and alias {shown(alias)} together", "at most one of them")
    return {"version": 0 if version is None else version, "alias": "" if alias is None else alias}


def _serving(frame: "wire.Frame") -> str:
    number = frame.health_reply.serving
    return wire.Serving.Name(number) if number in wire.Serving.values() else "SERVING_UNKNOWN"
