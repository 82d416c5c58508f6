# SPDX-License-Identifier: Apache-2.0
"""The shape of JSON documents: member names and types, without values and order.

A scalar is "text", "integer", "number" or "boolean", with " or null" where it was null in some
document; an object its members, "name (sometimes)" for one that some lack; a list one shape for all
of its items, [] when none was seen; {"null or": shape} is an object or list that may be null."""

SCALARS = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "text"))


def _scalar(value):
    return next(name for kind, name in SCALARS if isinstance(value, kind))


def _object(values):
    names = {name for value in values for name in value}
    shape = {}
    for name in sorted(names):
        having = [value[name] for value in values if name in value]
        shape[name if len(having) == len(values) else name + " (sometimes)"] = shape_of(having)
    return shape


def shape_of(values):
    """One shape for several documents of a kind."""
    known = [value for value in values if value is not None]
    if not known:
        return "null"
    if all(isinstance(value, dict) for value in known):
        shape = _object(known)
    elif all(isinstance(value, list) for value in known):
        items = [item for value in known for item in value]
        shape = [shape_of(items)] if items else []
    else:
        shape = " or ".join(sorted({_scalar(value) for value in known}))
        return shape if len(known) == len(values) else shape + " or null"
    return shape if len(known) == len(values) else {"null or": shape}
