"""Lets the sandbox notify as Adyen does, and holds each notification to Adyen's official description of its webhooks.

    adyen_webhooks.py PROGRAM OWN DESCRIPTION
"""
import copy
import json
import pathlib
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from openapi_schema_validator import OAS31Validator

from common import Site, failed, must, passed, sandbox_credentials, until

program, own, description_file = sys.argv[1:]
description = json.loads(pathlib.Path(description_file).read_text())
events = description.get("webhooks") or description["paths"]
kept = []


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        kept.append(self.rfile.read(int(self.headers.get("content-length", 0))))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def problems(said):
    """What the description of its event says against a notification."""
    code = said["notificationItems"][0]["NotificationRequestItem"]["eventCode"]
    described = next((one for path, one in events.items() if path.strip("/") == code), None)
    if described is None:
        return [f"there is no event {code}"]
    schema = described["post"]["requestBody"]["content"]["application/json"]["schema"]
    whole = {**schema, "components": description["components"]}
    return [f"{code}: {error.json_path} {error.message}" for error in OAS31Validator(whole).iter_errors(said)]


def items(payment):
    found = [json.loads(raw)["notificationItems"][0]["NotificationRequestItem"] for raw in list(kept)]
    return [item for item in found if item["originalReference"] == payment]


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
site = Site(own)
account = site.add_account(program, "adyen", site.sandbox + "/v71", sandbox_credentials("adyen"))
site.control("webhook", {"psp": "adyen", "url": f"http://127.0.0.1:{server.server_port}/hooks"})
for step, count in (("succeed", 1), ("refuse", 1), ("succeed_then_fail", 2), ("succeed_then_reverse", 2)):
    name = uuid.uuid4().hex.upper()[:16]
    order = f"adyen-{name}"
    site.control("payment", {"psp": "adyen", "payment": name, "currency": "EUR", "amount_minor": 10_000})
    site.add_payment(order, account["id"], name, "EUR", 10_000, "card", "ADYEN")
    site.steps("adyen", name, step)
    body = {"amount": "12.34", "reason": "conformance", "merchantRefundId": name}
    status, answer = site.sgate("POST", f"/orders/{order}/refunds", "order.refund", body)
    must(status == 200, f"a refund: {status} {answer}")
    until(f"notification about {step}", lambda: len(items(name)) >= count)
said = [json.loads(raw) for raw in kept]
codes = {one["notificationItems"][0]["NotificationRequestItem"]["eventCode"] for one in said}
must(codes == {"REFUND", "REFUND_FAILED", "REFUNDED_REVERSED"}, f"only {sorted(codes)} were told")
against = [problem for one in said for problem in problems(one)]
if against:
    failed("; ".join(against[:5]))
# A judge that finds nothing must be one that can find something.
for change in (lambda item: item["amount"].update(value="1234"), lambda item: item.update(made_up=1)):
    wrong = copy.deepcopy(said[0])
    change(wrong["notificationItems"][0]["NotificationRequestItem"])
    must(problems(wrong), "what the description forbids was not found")
passed(f"{len(said)} notifications ({', '.join(sorted(codes))}) are as described, 2 altered ones are not")
