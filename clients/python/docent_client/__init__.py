"""Queries policies served by Docent: observations in, logits and values out, as NumPy arrays."""

from .channel import Call
from .client import Client
from .errors import Code, DocentError
from .query import Reply

__all__ = ["Call", "Client", "Code", "DocentError", "Reply"]
