"""AWS's own description of the service, which comes with botocore: its requests and answers."""

import gzip
import importlib.util
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

Json = dict[str, Any]


SERVICES = ("dynamodbstreams", "dynamodb")  # Their few common shapes are the latter's.


@cache
def model() -> Json:
    """Put both descriptions together: the operations and shapes of each."""
    both = [description(service) for service in SERVICES]
    return {
        part: {name: one for service in both for name, one in service[part].items()}
        for part in ("operations", "shapes")
    }


def description(service: str) -> Json:
    spec = importlib.util.find_spec("botocore")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / f"data/{service}/2012-08-10/service-2.json.gz"
    found: Json = json.loads(gzip.decompress(path.read_bytes()))
    return found


def shape_of(name: str) -> Json:
    found: Json = model()["shapes"][name]
    return found


def input_of(operation: str) -> str:
    return str(model()["operations"][operation]["input"]["shape"])


def without_output() -> set[str]:
    operations = model()["operations"]
    return {name for name, operation in operations.items() if "output" not in operation}


def output_of(operation: str) -> str:
    """Name the shape of an answer; two operations have no answer but that they are done."""
    return str(model()["operations"][operation].get("output", {"shape": "EmptyOutput"})["shape"])


TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "double": (float, int),
    "timestamp": (float, int),
    "blob": (str,),
}


def misfits(answer: Any, theirs: str, place: str) -> Iterator[str]:
    """Give what in an answer a client would not know what to do with."""
    if theirs == "EmptyOutput":
        shape: Json = {"type": "structure", "members": {}}
    else:
        shape = shape_of(theirs)
    if shape["type"] == "structure":
        for name, value in answer.items():
            if name not in shape["members"]:
                yield f"{place}.{name} is not known"
            else:
                yield from misfits(value, shape["members"][name]["shape"], f"{place}.{name}")
    elif shape["type"] == "list":
        for value in answer:
            yield from misfits(value, shape["member"]["shape"], f"{place}[]")
    elif shape["type"] == "map":
        for value in answer.values():
            yield from misfits(value, shape["value"]["shape"], f"{place}{{}}")
    else:
        yield from misfit_leaf(answer, shape, place)


def misfit_leaf(answer: Any, shape: Json, place: str) -> Iterator[str]:
    if not isinstance(answer, TYPES[shape["type"]]):
        yield f"{place} is {answer!r}, and no {shape['type']}"
    elif "enum" in shape and answer not in shape["enum"]:
        yield f"{place} is {answer}, none of {shape['enum']}"
    elif "pattern" in shape and not re.fullmatch(shape["pattern"], str(answer)):
        yield f"{place} is {answer}, not like {shape['pattern']}"
