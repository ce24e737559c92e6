"""Redress speaks to the sandbox through prism, which holds both to Adyen's official description.

    adyen_prism.py PROGRAM OWN PRISM LOG
"""
import pathlib
import sys
import uuid

from common import Site, call, must, passed, sandbox_credentials, until

program, own, prism, log = sys.argv[1:]
site = Site(own)
credentials = sandbox_credentials("adyen")
account = site.add_account(program, "adyen", prism, credentials)
site.control("webhook", {"psp": "adyen", "url": account["notification_url"]})


def violations():
    words = ("violation", "terminated with error")
    return [line for line in pathlib.Path(log).read_text().splitlines() if any(word in line.lower() for word in words)]


def payment(currency="EUR", minor=10_000):
    name = uuid.uuid4().hex.upper()[:16]
    site.control("payment", {"psp": "adyen", "payment": name, "currency": currency, "amount_minor": minor})
    site.add_payment(f"prism-{name}", account["id"], name, currency, minor, "card", "ADYEN")
    return name, f"prism-{name}"


def refund(order, amount, wanted):
    status, made = site.sgate_refund(order, amount, uuid.uuid4().hex)
    must(status == 200, f"a refund of {order}: {status} {made}")
    ended = site.sgate_ended(made["id"])
    must(ended == wanted, f"a refund of {order} ended as {ended}; prism says {violations()[:3]}")


made = 0
for currency in ("EUR", "USD"):
    name, order = payment(currency)
    for amount in ("12.34", "20", "67.66"):
        refund(order, amount, "success")
        made += 1
# Refused by notification, and refused at once: a payment that the sandbox does not know.
name, order = payment()
site.steps("adyen", name, "refuse")
refund(order, "10.00", "fail")
site.add_payment("prism-unknown", account["id"], "UNKNOWN000000000", "EUR", 10_000, "card", "ADYEN")
refund("prism-unknown", "10.00", "fail")
must(not violations(), f"prism: {violations()[:3]}")
text = pathlib.Path(log).read_text()
answered = {status: text.count(f"has returned {status}") for status in ("201", "422")}
must(answered["201"] >= made, f"too few refunds went through prism: {answered}")
must(answered["422"] >= 1, f"no refusal went through prism: {answered}")

# That it does judge: a text where a number must be is refused by it.
bad = {"merchantAccount": credentials["merchant_account"], "amount": {"currency": "EUR", "value": "1"}}
status, answer = call("POST", f"{prism}/payments/{name}/refunds", bad, {"x-api-key": credentials["api_key"]})
must(status == 422 and "validation" in answer, f"prism takes what the description forbids: {status} {answer}")
until("word of it in prism's log", violations)
passed(f"{answered['201']} refunds and {answered['422']} refusals (422) without a violation by either side")
