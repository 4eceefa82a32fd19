"""How a table is paid for: on demand, or by capacity units that are asked for.

Partitions hold a table to the units that it asks for (`partition.meters`); what is read and refused
here is what may be asked for, in the service's words.
"""

from items.errors import DynamoDBError, invalid_parameter, validation
from network.settings import Throughput
from router.shapes import Body, as_integer

UNITS_MAX = 1_000_000_000_000
NAMES = "ReadCapacityUnits", "WriteCapacityUnits"


def throughput_of(body: Body) -> Throughput | None:
    """Read what CreateTable says of it; None is on demand."""
    throughput = body.get("ProvisionedThroughput")
    if body.get("BillingMode") == "PAY_PER_REQUEST":
        if throughput is not None:
            raise units_on_demand()
        return None
    if throughput is None:
        raise invalid_parameter(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified"
            " when BillingMode is PROVISIONED"
        )
    return units_of(throughput)


def throughput_after(body: Body, current: Throughput | None) -> Throughput | None:
    """Read what UpdateTable makes of it."""
    mode, given = body.get("BillingMode"), body.get("ProvisionedThroughput")
    if mode is None and given is None:
        return current
    if mode == "PAY_PER_REQUEST" or (mode is None and current is None):
        if given is not None:
            raise units_on_demand()
        return None
    if given is None:
        if current is not None:
            return current
        raise invalid_parameter(
            "ProvisionedThroughput must be specified when BillingMode is PROVISIONED"
        )
    wanted = units_of(given)
    if wanted == current:
        raise no_change(wanted)
    return wanted


def units_of(throughput: Body) -> Throughput:
    for name in NAMES:
        if throughput[name] > UNITS_MAX:
            raise validation(f"Given value {throughput[name]} for {name} is out of bounds")
    return Throughput(*[as_integer(throughput[name], "Long") for name in NAMES])


def units_on_demand() -> DynamoDBError:
    return invalid_parameter(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified"
        " when BillingMode is PAY_PER_REQUEST"
    )


def no_change(units: Throughput, index: str = "") -> DynamoDBError:
    """Make the refusal of units that a table has already, or one of its indexes."""
    kind = "index" if index else "table"
    told = [
        f"Current {name} provisioned for the {kind}: {count}. Requested {name}: {count}."
        for name, count in (
            ("ReadCapacityUnits", units.read_units),
            ("WriteCapacityUnits", units.write_units),
        )
    ]
    return validation(
        f"The provisioned throughput for the {kind}{index and f' {index}'} will not change."
        f" The requested value equals the current value. {' '.join(told)} Refer to the Amazon"
        " DynamoDB Developer Guide for current limits and how to request higher limits."
    )
