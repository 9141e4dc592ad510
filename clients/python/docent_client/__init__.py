"""Queries policies served by Docent: observations in, logits and values out, as NumPy arrays."""

from .client import Call, Client, Reply
from .errors import Code, DocentError

__all__ = ["Call", "Client", "Code", "DocentError", "Reply"]
