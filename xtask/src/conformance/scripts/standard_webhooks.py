"""Makes refunds that end in all ways, and waits until a receiver has verified what it is told of each.

    standard_webhooks.py PROGRAM DEMO RECEIVER FIRST
"""
import json
import sys

from common import Site, call, failed, must, passed, redress, until

program, demo, receiver, first = sys.argv[1:]
site = Site(demo)
orders = site.payments("VND")[int(first):int(first) + 6]
must(len(orders) == 6, "the demo has too few payments")

added = json.loads(redress(
    program, "endpoint", "add", *site.place, "--merchant", site.merchant, "--environment", "sandbox",
    "--url", f"{receiver}/hooks", "--dialect", "standard", "--json"))
call("POST", f"{receiver}/control/secret", {"secret": added["secret"]})

wanted = set()


def refund(order, *kinds, amount=None, reason="conformance", is_refused=False):
    status, answer = site.portone_refund(order, amount, reason)
    # Where the machine stands still, PortOne's API answers before the PSP has, and says that the end is open.
    is_open = is_refused and status == 200 and answer["refundDetails"][-1]["refund_status"] == "IN_QUEUE"
    must(status == (400 if is_refused else 200) or is_open, f"a refund of {order['order_ref']}: {status} {answer}")
    wanted.update((order["order_ref"], f"refund.{kind}") for kind in ("created", *kinds))
    return answer


partial, refused, lost, late, whole, text = orders
refund(partial, "succeeded", amount=200_000)
refund(partial, "succeeded", amount=100_000)
site.steps("momo", refused["psp_payment_id"], "refuse")
refund(refused, "failed", is_refused=True)
site.steps("momo", lost["psp_payment_id"], "error500_after_effect")
refund(lost, "unknown", "succeeded", amount=100_000)
site.steps("momo", late["psp_payment_id"], "pend")
refund(late, "pending", "failed", amount=100_000)
# Others may have refunded of the same payment before: this one is the newest.
pending = [one for one in site.ledger() if one["payment"] == late["psp_payment_id"]][-1]
site.control("finish", {"psp": "momo", "refund": pending["refund"], "state": "failed"})
refund(whole, "succeeded")
refund(text, "succeeded", amount=100_000, reason='Größe «50» — 返金 "\\/" \u2028 🙂')


def told():
    _, shown = call("GET", f"{receiver}/control/kept")
    if shown["unverified"]:
        failed(f"the library does not verify {shown['unverified'][:3]}")
    return wanted <= {(one["about"], one["type"]) for one in shown["kept"]} and shown["kept"]


kept = until("notification of each event", told)
kinds = sorted({one["type"].removeprefix("refund.") for one in kept})
_, altered = call("POST", f"{receiver}/control/alter", {})
must(not altered["taken"], f"altered and yet verified: {altered['taken'][:5]}")
must(altered["refused"] == 7 * altered["notifications"], f"too few alterations: {altered}")
redress(program, "endpoint", "revoke", *site.place, "--merchant", site.merchant, added["id"])
passed(f"{altered['notifications']} notifications verified ({', '.join(kinds)}), "
       f"{altered['refused']} altered ones refused")
