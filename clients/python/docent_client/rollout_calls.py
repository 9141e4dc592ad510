"""The client's calls about rollouts."""

import contextlib
import json
import math
import uuid
from collections.abc import Iterator, Mapping

from .arguments import message, refusal, shown
from .episode import Episode
from .proto.docent.v1 import docent_pb2 as wire
from .rollouts import PastRollout, Rollout, WatchEvent, history_of

_REQUEST = wire.RolloutRequest


class RolloutCalls:
    """Part of `Client`. What changes a rollout answers where it stands then, and takes a `reason` for the history."""

    def rollout_start(
        self,
        model: str,
        plan: str | Mapping = "",
        version: int = 0,
        reason="",
        request_id="",
        timeout=None,
        wait_for_ready=None,
    ) -> Rollout:
        """Starts to bring `version` to the clients of stable, step by step. The plan is a text (YAML or JSON) or a dict
        with its keys: candidate, steps, every, patience, minimum_episodes, gates, shadow_percent, alpha, return_range,
        episode_timeout, watch. What it leaves out has its default."""
        try:
            text = plan if isinstance(plan, str) else json.dumps(dict(plan))
        except (TypeError, ValueError) as error:
            raise refusal(f"plan={shown(plan)} ({error})", "a text, or a dict that JSON holds") from error
        request = message(
            _REQUEST,
            model=model,
            action=_REQUEST.START,
            plan=text,
            version=version,
            reason=reason,
            request_id=request_id,
        )
        return self._change_rollout(request, timeout, wait_for_ready)

    def rollout_status(self, model: str, timeout=None, wait_for_ready=None) -> Rollout | None:
        """Where the model's last rollout stands; None where it has had none."""
        return Rollout.of(self._call(timeout, wait_for_ready, rollout=message(_REQUEST, model=model)).rollout_reply)

    def rollout_pause(self, model: str, reason="", request_id="", timeout=None, wait_for_ready=None) -> Rollout:
        """The candidate keeps its share of new episodes until the rollout is resumed."""
        request = message(_REQUEST, model=model, action=_REQUEST.PAUSE, reason=reason, request_id=request_id)
        return self._change_rollout(request, timeout, wait_for_ready)

    def rollout_resume(self, model: str, reason="", request_id="", timeout=None, wait_for_ready=None) -> Rollout:
        """Goes on with a paused rollout."""
        request = message(_REQUEST, model=model, action=_REQUEST.RESUME, reason=reason, request_id=request_id)
        return self._change_rollout(request, timeout, wait_for_ready)

    def rollout_promote(self, model: str, reason="", request_id="", timeout=None, wait_for_ready=None) -> Rollout:
        """Makes the candidate stable now, whatever the gates say."""
        request = message(_REQUEST, model=model, action=_REQUEST.PROMOTE, reason=reason, request_id=request_id)
        return self._change_rollout(request, timeout, wait_for_ready)

    def rollout_abort(self, model: str, reason="", request_id="", timeout=None, wait_for_ready=None) -> Rollout:
        """Ends the rollout and takes the candidate back."""
        request = message(_REQUEST, model=model, action=_REQUEST.ABORT, reason=reason, request_id=request_id)
        return self._change_rollout(request, timeout, wait_for_ready)

    def rollout_rollback(
        self, model: str, version: int = 0, reason="", request_id="", timeout=None, wait_for_ready=None
    ) -> Rollout | None:
        """Returns stable to `version`, or to what it was before; a rollout that is under way ends."""
        request = message(
            _REQUEST, model=model, action=_REQUEST.ROLLBACK, version=version, reason=reason, request_id=request_id
        )
        return self._change_rollout(request, timeout, wait_for_ready)

    def rollout_history(self, model: str, timeout=None, wait_for_ready=None) -> list[PastRollout]:
        """Every rollout of the model, newest first, with what happened in it."""
        request = message(_REQUEST, model=model, action=_REQUEST.HISTORY)
        return history_of(self._call(timeout, wait_for_ready, rollout=request).rollout_reply)

    def report(
        self,
        model: str,
        version: int,
        episode: int,
        episode_return: float,
        steps: int,
        timeout=None,
        wait_for_ready=None,
    ) -> None:
        """Reports the return of an episode (the undiscounted sum of its rewards) under the version that played it. An
        episode counts once: reporting it again is safe."""
        request = message(
            wire.ReportRequest,
            model=model,
            version=version,
            episode=episode,
            episode_return=episode_return,
            steps=steps,
        )
        self._call(timeout, wait_for_ready, report=request)

    def watch(self, model: str = "", timeout: float = math.inf, wait_for_ready=None) -> Iterator[WatchEvent]:
        """What happens to a model, or to all of them: aliases and rollouts as they stand, then each change, until the
        iterator is closed.

        It is opened again by the rules of retry when its connection was lost, and then begins again with what stands.
        """
        request = message(wire.WatchRequest, model=model)
        with contextlib.closing(self._stream(timeout, wait_for_ready, watch=request)) as frames:
            for frame in frames:
                if (event := WatchEvent.of(frame.watch_event)) is not None:
                    yield event

    def episode(self, model: str, alias: str | None = None, id: int | None = None) -> Episode:
        """An episode that one version plays to its end, and whose return is reported then: see `Episode`."""
        return Episode(self, model, alias, id)

    def _change_rollout(self, request: "wire.RolloutRequest", timeout, wait_for_ready) -> Rollout | None:
        # With an id, a second attempt answers what the first one did.
        request.request_id = request.request_id or uuid.uuid4().hex
        return Rollout.of(self._call(timeout, wait_for_ready, rollout=request).rollout_reply)
