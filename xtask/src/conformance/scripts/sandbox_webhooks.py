"""Lets the sandbox notify a receiver as a PSP does, and has each notification verified by the PSP's own library.

    sandbox_webhooks.py PROGRAM OWN RECEIVER PSP
"""
import sys
import uuid

from common import Site, call, failed, must, passed, sandbox_credentials, until

program, own, receiver, psp = sys.argv[1:]
site = Site(own)
credentials = sandbox_credentials(psp)
# Where the PSP is below the sandbox's address, how it names payments, and the sums that its notifications are about.
suffix, secret, currency, alterations = {
    "stripe": ("", "webhook_secret", "USD", 6),
    "adyen": ("/v71", "hmac_key", "EUR", 10),
}[psp]
account = site.add_account(program, psp, site.sandbox + suffix, credentials)
call("POST", f"{receiver}/control/secret", {"secret": credentials[secret]})
site.control("webhook", {"psp": psp, "url": f"{receiver}/hooks"})


def payment():
    name = uuid.uuid4().hex.upper()[:16]
    name = f"ch_{name}" if psp == "stripe" else name
    site.control("payment", {"psp": psp, "payment": name, "currency": currency, "amount_minor": 10_000})
    order = f"{psp}-{name}"
    site.add_payment(order, account["id"], name, currency, 10_000, "card", psp.upper())
    return name, {"order_ref": order, "channel": psp.upper()}


def told_about(name, count):
    def look():
        _, shown = call("GET", f"{receiver}/control/kept")
        if shown["unverified"]:
            failed(f"the library does not verify {shown['unverified'][:3]}")
        about = [one for one in shown["kept"] if one["about"] == name]
        return about if len(about) >= count else None
    return until(f"notification about {name}", look)


# Steps of the sandbox's script, how a pending refund is ended, and how many notifications follow.
wanted = [
    ((), None, 1),
    (("duplicate_notification",), None, 2),
    (("succeed_then_fail",), None, 2),
    (("pend",), "succeeded", 1),
    (("pend",), "failed", 1),
]
if psp == "adyen":
    wanted.append((("succeed_then_reverse",), None, 2))
kinds = set()
for steps, end, count in wanted:
    name, order = payment()
    if steps:
        site.steps(psp, name, *steps)
    # Redress hears of nothing here, so what is open stays open: only what the sandbox sends is looked at.
    body = {"amount": "12.34", "reason": "conformance", "merchantRefundId": name}
    status, answer = site.sgate("POST", f"/orders/{order['order_ref']}/refunds", "order.refund", body)
    must(status == 200, f"a refund: {status} {answer}")
    effect = until(f"effect for {name}", lambda: next((one for one in site.ledger() if one["payment"] == name), None))
    if end:
        site.control("finish", {"psp": psp, "refund": effect["refund"], "state": end})
    kinds |= {one["type"] for one in told_about(name, count)}
_, altered = call("POST", f"{receiver}/control/alter", {})
must(not altered["taken"], f"altered and yet verified: {altered['taken'][:5]}")
must(altered["refused"] == alterations * altered["notifications"], f"too few alterations: {altered}")
passed(f"{altered['notifications']} notifications verified ({', '.join(sorted(kinds))}), "
       f"{altered['refused']} altered ones refused")
