"""What callers give, checked before any of it is sent."""

import numbers
import reprlib
import time
from collections.abc import Mapping
from types import MappingProxyType

from google.protobuf.descriptor import FieldDescriptor as Field

from .errors import Code, DocentError

# About 32 years: every clock, wait and field that a deadline passes through holds that.
_TIMEOUT_MAX = 1e9
# Long enough for paths and addresses.
_REPRESENTATION = reprlib.Repr()
_REPRESENTATION.maxstring = _REPRESENTATION.maxother = 120
_NUMBERS = {
    Field.TYPE_UINT32: "an integer from 0 to 2^32 - 1",
    Field.TYPE_UINT64: "an integer from 0 to 2^64 - 1",
    Field.TYPE_FIXED64: "an integer from 0 to 2^64 - 1",
    Field.TYPE_DOUBLE: "a number that float64 has",
}


def refusal(given: str, expected: str) -> DocentError:
    return DocentError(Code.INVALID_ARGUMENT, f"{given}; expected {expected}")


def shown(value: object) -> str:
    """Its representation, cut to what a message bears."""
    try:
        return _REPRESENTATION.repr(value)
    except Exception:  # Of an object's own; and Python prints no integer of 5,000 digits.
        return f"a value of type {type(value).__name__}"


def deadline_in(timeout: float | None) -> float | None:
    """The time of the monotonic clock in so many seconds: now for less than 0, and None for more than 1e9."""
    if timeout is None:
        return None
    if not isinstance(timeout, numbers.Real) or isinstance(timeout, bool) or timeout != timeout:
        raise refusal(f"timeout={shown(timeout)}", "a number of seconds; math.inf is no deadline")
    return None if timeout > _TIMEOUT_MAX else time.monotonic() + float(max(0, timeout))


def message(kind: type, names: Mapping[str, str] = MappingProxyType({}), /, **fields):
    """A message of the schema. What a field does not hold is refused, by the argument's name where `names` has another
    one than the field's; so is None for a number. For a text None is the empty one."""
    try:
        if not any(value is None for value in fields.values()):
            return kind(**fields)
    except (TypeError, ValueError, OverflowError):
        pass  # Which field it was is found below.
    for name, value in fields.items():
        field = kind.DESCRIPTOR.fields_by_name[name]
        try:
            if value is None and field.type in _NUMBERS:
                raise TypeError("None is not a number")
            kind(**{name: value})
        except (TypeError, ValueError, OverflowError) as error:
            raise refusal(f"{names.get(name, name)}={shown(value)}", _expected(field)) from error
    return kind(**fields)


def _expected(field: Field) -> str:
    if field.message_type is not None:
        return f"a message {field.message_type.name} of the schema"
    return _NUMBERS.get(field.type, "a text that UTF-8 holds")
