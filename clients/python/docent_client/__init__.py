"""Queries policies served by Docent: observations in, logits and values out, as NumPy arrays."""

from .channel import Call
from .client import Client
from .episode import Episode
from .errors import Code, DocentError
from .query import Reply
from .rollouts import AliasChange, GateReading, PastRollout, Rollout, RolloutEvent, WatchEvent

__all__ = [
    "AliasChange",
    "Call",
    "Client",
    "Code",
    "DocentError",
    "Episode",
    "GateReading",
    "PastRollout",
    "Reply",
    "Rollout",
    "RolloutEvent",
    "WatchEvent",
]
