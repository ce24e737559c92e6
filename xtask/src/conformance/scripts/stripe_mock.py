"""Redress with stripe-stateful-mock as the PSP of an account: the books of both must say the same.

    stripe_mock.py PROGRAM OWN MOCK
"""
import sys
import urllib.parse

from common import Site, call, must, passed, redress

program, own, mock = sys.argv[1:]
site = Site(own)
SECRET_KEY = "sk_test_conformance"


def stripe(method, path, **form):
    headers = {"Authorization": f"Bearer {SECRET_KEY}", "content-type": "application/x-www-form-urlencoded"}
    return call(method, mock + path, urllib.parse.urlencode(form) or None, headers)


account = site.add_account(program, "stripe", mock, {"secret_key": SECRET_KEY, "webhook_secret": "whsec_conformance"})


def payment(currency, minor):
    status, charge = stripe("POST", "/v1/charges", amount=minor, currency=currency.lower(), source="tok_visa")
    must(status == 200 and charge["captured"], f"the mock makes no charge: {status} {charge}")
    order = f"stripe-{charge['id']}"
    site.add_payment(order, account["id"], charge["id"], currency, minor, "card", "STRIPE")
    return charge["id"], {"order_ref": order, "channel": "STRIPE"}


def refunds(charge):
    status, answer = stripe("GET", f"/v1/refunds?charge={charge}&limit=100")
    must(status == 200, f"the mock lists no refunds: {status} {answer}")
    return answer["data"]


def refund(order, amount, left):
    status, answer = site.portone_refund(order, amount)
    must(status == 200 and answer["refundDetails"][-1]["refund_status"] == "SUCCESS", f"a refund: {status} {answer}")
    must(answer["amountToRefund"] == left, f"left are {answer['amountToRefund']} and not {left}")


charge, order = payment("USD", 2000)
refund(order, 5, 15)
refund(order, 3.5, 11.5)
status, answer = site.portone_refund(order, 12)
must(status == 400 and answer["status_code"] == "4041", f"Redress takes too much: {status} {answer}")
must(len(refunds(charge)) == 2, "a refund that Redress refused is at the mock")
status, answer = stripe("POST", "/v1/refunds", charge=charge, amount=1200)
must(status == 400 and answer["error"]["param"] == "amount", f"the mock takes too much: {status} {answer}")
refund(order, None, 0)
status, answer = site.portone_refund(order, 1)
must(status == 400, f"Redress refunds more than all: {status} {answer}")
status, answer = stripe("POST", "/v1/refunds", charge=charge)
must(status == 400 and answer["error"]["code"] == "charge_already_refunded", f"the mock: {status} {answer}")

# A currency without decimals, and one more with two; the mock takes none with three.
yen, yen_order = payment("JPY", 500)
refund(yen_order, 200, 300)
riyal, riyal_order = payment("SAR", 5000)
refund(riyal_order, 1.23, 48.77)

for one, amounts in ((charge, [500, 350, 1150]), (yen, [200]), (riyal, [123])):
    made = refunds(one)
    must(sorted(made_one["amount"] for made_one in made) == sorted(amounts), f"the mock has {made}")
    keys = {tuple(sorted(made_one["metadata"].items())) for made_one in made}
    must(len(keys) == len(made) and () not in keys, f"refunds without a key of their own: {made}")
    _, now = stripe("GET", f"/v1/charges/{one}")
    must(now["amount_refunded"] == sum(amounts), f"the mock's charge: {now}")
shown = site.portone("GET", f"/api/refund/{order['order_ref']}")[1]["refundDetails"]
must({one["psp_refund_id"] for one in shown} == {one["id"] for one in refunds(charge)},
     "Redress and the mock know different refunds")

# What the mock does not know fails, and is over.
site.add_payment("stripe-unknown", account["id"], "ch_unknownatthemock", "USD", 2000, "card", "STRIPE")
status, answer = site.portone_refund({"order_ref": "stripe-unknown", "channel": "STRIPE"}, 5)
must(status == 400 and answer["status_code"] == "4003", f"a charge that the mock does not know: {status} {answer}")

redress(program, "verify", *site.place)
passed("5 refunds of 3 currencies are in both books, 4 that go too far refused by either side, "
       "one of an unknown charge failed")
