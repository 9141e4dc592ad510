"""An episode's queries, and its return."""

import secrets
from typing import TYPE_CHECKING

from .arguments import message, refusal, shown
from .proto.docent.v1 import docent_pb2 as wire
from .query import Reply

if TYPE_CHECKING:
    from .client import Client


class Episode:
    """One episode. Its queries carry its id and the version that answered the first of them, which so plays it to its
    end. Leaving the `with` statement reports its return, unless an exception leaves it:

        with client.episode("cartpole") as episode:
            reply = episode.infer(observation)
            ...
            episode.record(reward)

    A version that is rolled back does not finish its episodes: another one answers then, `moved` is true, and nothing
    is reported, since what two versions played says nothing of either.
    """

    def __init__(self, client: "Client", model: str, alias: str | None = None, id: int | None = None):
        if id == 0:
            raise refusal("the id 0, which stands for no episode", "another one, or None for a random one")
        self._client, self.model, self.alias = client, model, alias
        self.id = id if id is not None else 1 + secrets.randbelow(2**64 - 1)
        message(wire.InferRequest, {"episode": "id"}, model=model, alias=alias, episode=self.id)
        self.version, self.moved, self._reported = 0, False, False
        self.episode_return, self.steps = 0.0, 0

    def infer(self, observations, timeout: float | None = None, **options) -> Reply:
        """As `Client.infer`, of this episode."""
        reply = self._client.infer(
            self.model, observations, None, self.alias, timeout, episode=self.id, lease=self.version, **options
        )
        self.moved |= reply.lease_moved or self.version not in (0, reply.version)
        self.version = reply.version
        return reply

    def record(self, reward: float) -> None:
        """Counts a step and its reward."""
        try:
            self.episode_return += float(reward)
        except (TypeError, ValueError, OverflowError) as error:
            raise refusal(f"a reward of {shown(reward)}", "a number") from error
        self.steps += 1

    def report(self, timeout: float | None = None, wait_for_ready: bool | None = None) -> bool:
        """Reports the return, once; answers whether it was. Not where nothing was asked, or where two versions
        played."""
        if self._reported or not self.version or self.moved:
            return False
        self._client.report(
            self.model, self.version, self.id, self.episode_return, self.steps, timeout, wait_for_ready
        )
        self._reported = True
        return True

    def __enter__(self) -> "Episode":
        return self

    def __exit__(self, kind, *_) -> None:
        if kind is None:
            self.report()
