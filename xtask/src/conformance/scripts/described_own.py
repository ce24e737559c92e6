"""What there is of a merchant for requests of the own API: refunds that can still be withdrawn, refunds of which nobody knows
the end, endpoints, deliveries."""
from common import call, must, redress, until

# Nobody listens there.
NOBODY = "http://127.0.0.1:65535/"

CURRENCY, CAPTURED = "VND", 10**12
CASES = 6


def open_cases(site, own, tap):
    """Cases: the PSP did what a person had called over without effect. Payments of this merchant's own: others use the same
    sandbox, and the same account at the PSP."""
    for number in range(CASES):
        order, known = f"case-{number}", f"chg_case_{site.merchant}_{number}"
        site.control("payment", {"psp": "tap", "payment": known, "currency": "SAR", "amount_minor": 10**6})
        site.add_payment(order, tap, known, "SAR", 10**6, "tap", "TAP")
        site.steps("tap", known, "pend")
        made = own("POST", f"/v1/payments/{order}/refunds", {"amount": 100, "currency": "SAR"}, 201)["id"]
        at_psp = until(f"id of {made} at the PSP", lambda: own("GET", f"/v1/refunds/{made}", None, 200)["psp_refund_id"],
                       told=lambda: own("GET", f"/v1/refunds/{made}/timeline", None, 200))
        own("POST", f"/v1/refunds/{made}/close", {"outcome": "failed", "reason": "not seen"}, 200)
        site.control("finish", {"psp": "tap", "refund": at_psp, "state": "succeeded"})

    def cases():
        found = own("GET", "/v1/cases?status=open&kind=late_success", None, 200)["data"]
        return len(found) == CASES and [one["id"] for one in found]
    return until("case of each late success", cases)


def own_names(site, program, account, tap, orders):
    """The names to be put into paths, by parameter or by parameter, method and path."""
    def own(method, path, body=None, status=None, headers=None):
        given = {"Authorization": f"Bearer {site.told['api_key']}", **(headers or {})}
        answered, answer = call(method, site.base + path, body, given)
        must(answered == status, f"{method} {path}: {answered} {answer}")
        return answer

    def refund(order, amount):
        return own("POST", f"/v1/payments/{order}/refunds", {"amount": amount, "currency": CURRENCY}, 201)["id"]

    def endpoints(count, events=("refund.created", "refund.succeeded")):
        body = {"url": NOBODY, "events": list(events)}
        return [own("POST", "/v1/endpoints", body, 201)["id"] for _ in range(count)]

    # A payment that is disputed is not refunded: those are others.
    refunded, disputed = orders[:-2], orders[-2:]
    kept, revoked = endpoints(3), endpoints(3)
    # While something is sent to an endpoint where nobody answers, it cannot be tested besides: nothing is sent to these.
    tested = endpoints(3, ["refund.reversed"])
    ended = [refund(order, 1000) for order in refunded]
    for order in refunded:
        site.steps("momo", own("GET", f"/v1/payments/{order}", None, 200)["psp_payment_id"], "pend")
    pending = [refund(order, 1000) for order in refunded]

    def are_pending():
        return all(own("GET", f"/v1/refunds/{one}", None, 200)["status"] == "pending" for one in pending)
    until("refund that stays pending", are_pending)
    # Those of an endpoint that is revoked cannot be sent again.
    deliveries = [one for endpoint in kept for one in own("GET", f"/v1/deliveries?endpoint={endpoint}", None, 200)["data"]]
    lines = "\n".join("{\"order_ref\": %d}" % number for number in range(3))
    ndjson = {"Content-Type": "application/x-ndjson"}
    imports = [own("POST", "/v1/payment-imports?dry_run=true", lines, 202, ndjson)["id"] for _ in range(3)]
    cases = open_cases(site, own, tap)
    # What an account that is paused would send waits, and can be withdrawn.
    redress(program, "psp-account", "pause", *site.place, account)
    queued = [refund(order, 1000) for order in refunded for _ in range(2)]
    return {
        "payment": refunded,
        "id GET /v1/psp-accounts/{id}": [account, tap],
        "id GET /v1/payment-imports/{id}": imports,
        "id GET /v1/payment-imports/{id}/rows": imports,
        "id GET /v1/cases/{id}": cases,
        "id POST /v1/cases/{id}/close": cases,
        "payment POST /v1/payments/{payment}/dispute": disputed,
        "payment POST /v1/payments/{payment}/release-dispute": disputed,
        "id GET /v1/refunds/{id}": ended,
        "id GET /v1/refunds/{id}/timeline": ended,
        "id POST /v1/refunds/{id}/refresh": pending,
        "id POST /v1/refunds/{id}/close": pending,
        "id POST /v1/refunds/{id}/cancel": queued,
        "id GET /v1/endpoints/{id}": kept,
        "id PATCH /v1/endpoints/{id}": kept,
        "id DELETE /v1/endpoints/{id}": revoked,
        **{f"id POST /v1/endpoints/{{id}}/{act}": kept for act in ("rotate-secret", "enable", "replay")},
        "id POST /v1/endpoints/{id}/test": tested,
        "id GET /v1/deliveries/{id}": [one["id"] for one in deliveries],
        "id POST /v1/deliveries/{id}/resend": [one["id"] for one in deliveries],
    }
