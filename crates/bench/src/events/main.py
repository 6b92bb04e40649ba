"""The same work as budget-receiver's: read a budget's notification, decide nothing, answer 204."""

import base64
import json

import functions_framework


@functions_framework.http
def receive(request):
    message = request.get_json()["message"]
    notification = json.loads(base64.b64decode(message["data"]))
    _ = (
        notification["budgetDisplayName"],
        float(notification["costAmount"]),
        float(notification["budgetAmount"]),
        notification["currencyCode"],
    )
    return "", 204
