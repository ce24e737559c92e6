"""Holds a client of SGate's API, in one of the languages of its samples, to what it asks of Redress.

    sgate.py DEMO LANGUAGE INTERPRETER CLIENT

The client reads a request a line, seven fields separated by tabs (base address, key, secret, verb, path, operation, body),
signs and sends it, and answers with a line: status, tab, body.
"""
import json
import subprocess
import sys

from common import Site, must, passed

demo, language, interpreter, client = sys.argv[1:]
site = Site(demo)
number = ["python", "javascript", "php", "java"].index(language)
key, secret = site.told["sgate"]["key"], site.told["sgate"]["secret"]
sampled = site.payments("SAR")[6 + number]
account = next(one["id"] for one in site.told["psp_accounts"] if one["psp"] == "tap")


# It ends with its input, however this script ends.
asked = subprocess.Popen([interpreter, client], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ask(*fields):
    asked.stdin.write("\t".join([site.base + "/api_v1", *fields]) + "\n")
    asked.stdin.flush()
    status, tab, body = asked.stdout.readline().rstrip("\n").partition("\t")
    must(tab, "the client broke")
    return int(status), json.loads(body)


def refund_body(name):
    return json.dumps({"amount": "1.50", "reason": "conformance", "merchantRefundId": f"{language}-{name}"})


# What the four encodings make different texts of, where a path may have it as it is.
strange = f"C0NF~a(b)c!d'e*f-{language}"
site.control("payment", {"psp": "tap", "payment": f"chg_{language}", "currency": "SAR", "amount_minor": 5000})
site.add_payment(strange, account, f"chg_{language}", "SAR", 5000, "tap", "TAP")
signed = refused = 0
for order in (sampled["order_ref"], strange):
    uri = f"/orders/{order}/refunds"
    status, made = ask(key, secret, "POST", uri, "order.refund", refund_body(order[:8]))
    must(status == 200 and made["orderId"] == order and made["amount"] == 1.5, f"order.refund: {status} {made}")
    status, found = ask(key, secret, "GET", f"/refunds/{made['id']}", "refund.detail", "")
    must(status == 200 and found["id"] == made["id"], f"refund.detail: {status} {found}")
    must(site.sgate_ended(made["id"]) == "success", f"the refund {made['id']} did not succeed")
    status, order_now = ask(key, secret, "GET", f"/orders/{order}", "order.detail", "")
    must(status == 200 and order_now["refundStatus"] == "partial" and order_now["refundTimes"] == 1,
         f"order.detail: {status} {order_now}")
    signed += 3
    bad = [
        ("another secret", key, secret[::-1], "POST", uri, "order.refund", refund_body("bad")),
        ("another operation", key, secret, "POST", uri, "order.detail", refund_body("bad")),
        ("an unknown key", key[::-1], secret, "POST", uri, "order.refund", refund_body("bad")),
        ("another secret", key, secret[::-1], "GET", f"/orders/{order}", "order.detail", ""),
    ]
    for what, *fields in bad:
        status, answer = ask(*fields)
        must(status == 403 and answer["code"] == "notAllowed", f"{what}: {status} {answer}")
        refused += 1
    _, order_now = site.sgate("GET", f"/orders/{order}", "order.detail")
    must(order_now["refundTimes"] == 1, f"a refused signature made a refund: {order_now}")
asked.stdin.close()
must(asked.wait(timeout=120) == 0, "the client did not end well")
passed(f"{signed} signed calls taken (two orders, one with ~()!'* in its name), {refused} badly signed ones refused")
