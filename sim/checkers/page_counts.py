"""What a page says of itself: how many items it has looked at, and how many of them it shows.

The two are the same unless a filter has left some out.  A page looks at no more items than its
limit, which is of what is looked at and not of what is shown (API_Query, `Limit`).
"""

from sim.history import Operation

FILTERS = ("FilterExpression", "QueryFilter", "ScanFilter")


def miscounted(operation: Operation) -> str:
    """Say what the numbers of a page contradict; nothing if it is all right."""
    request, answer = operation.request, operation.answer
    count, scanned = answer["Count"], answer["ScannedCount"]
    if request.get("Select") != "COUNT" and count != len(answer["Items"]):
        return f"shows {len(answer['Items'])} items, and counts {count}"
    is_filtered = any(word in request for word in FILTERS)
    if count > scanned or (count < scanned and not is_filtered):
        return f"counts {count} of {scanned} that it looked at"
    if "Limit" in request and scanned > request["Limit"]:
        return f"looked at {scanned} items, and its limit is {request['Limit']}"
    return ""
