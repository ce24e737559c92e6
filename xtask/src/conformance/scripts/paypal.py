"""Redress speaks to the sandbox through the recorder; openapi-core holds both to PayPal's official descriptions.

    paypal.py PROGRAM OWN RECORDER RECORD PAYMENTS WEBHOOKS
"""
import base64
import json
import pathlib
import sys
import urllib.parse
import uuid

from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from common import Site, must, passed, sandbox_credentials, until

program, own, recorder, record, payments_file, webhooks_file = sys.argv[1:]
# The first of the servers that the descriptions name.
HOST = "https://api-m.sandbox.paypal.com"
# The token's endpoint is in neither description.
TOKEN = "/v1/oauth2/token"
VERIFY = "/v1/notifications/verify-webhook-signature"


def writable(described):
    """A notification is verified by sending it back as it came, also what the description calls read-only elsewhere."""
    if described.get("readOnly") is True:
        del described["readOnly"]
    return described


# Whether the descriptions are themselves as they should be is not asked: one has a pattern, of e-mail addresses, that is no
# regular expression to newer versions of the verifier.
AS_IT_IS = Config(spec_validator_cls=None)

descriptions = {
    "/v2/payments/": OpenAPI.from_dict(json.loads(pathlib.Path(payments_file).read_text()), config=AS_IT_IS),
    VERIFY: OpenAPI.from_dict(
        json.loads(pathlib.Path(webhooks_file).read_text(), object_hook=writable), config=AS_IT_IS
    ),
}


def sent(exchange):
    """The request's body. The pattern of a signature wants a letter first, which base64 does not promise: that alone is
    let pass."""
    body = base64.b64decode(exchange["body"])
    if not exchange["path"].startswith(VERIFY):
        return body
    said = json.loads(body)
    signature = said.get("transmission_sig", "")
    if signature[:1] in ("/", "+"):
        base64.b64decode(signature, validate=True)
        said["transmission_sig"] = "A" + signature[1:]
    return json.dumps(said).encode()


def violations(exchange):
    """What the description of an exchange says against it; None where there is no description."""
    url = urllib.parse.urlsplit(exchange["path"])
    found = next((one for prefix, one in descriptions.items() if url.path.startswith(prefix)), None)
    if found is None:
        return None
    headers = dict(exchange["headers"])
    content_type = next((v for n, v in headers.items() if n.lower() == "content-type"), "")
    answered = dict(exchange["answer_headers"])
    answered_type = next((v for n, v in answered.items() if n.lower() == "content-type"), "")
    request = MockRequest(HOST, exchange["method"].lower(), url.path, args=dict(urllib.parse.parse_qsl(url.query)),
                          headers=headers, data=sent(exchange) or None,
                          content_type=content_type.split(";")[0])
    response = MockResponse(base64.b64decode(exchange["answer"]), status_code=exchange["status"], headers=answered,
                            content_type=answered_type.split(";")[0])
    said = []
    for who, check in (("request", lambda: found.validate_request(request)),
                       ("answer", lambda: found.validate_response(request, response))):
        try:
            check()
        except Exception as error:
            cause = error.__cause__ or error
            detail = "; ".join(str(one.message) for one in getattr(cause, "schema_errors", [])) or str(cause)
            said.append(f"{who} of {exchange['method']} {url.path} {exchange['status']}: {detail}")
    return said


site = Site(own)
account = site.add_account(program, "paypal", recorder, sandbox_credentials("paypal"))
site.control("webhook", {"psp": "paypal", "url": account["notification_url"]})


def payment(currency, minor):
    name = uuid.uuid4().hex.upper()[:17]
    site.control("payment", {"psp": "paypal", "payment": name, "currency": currency, "amount_minor": minor})
    site.add_payment(f"paypal-{name}", account["id"], name, currency, minor, "paypal", "PAYPAL")
    return name, f"paypal-{name}"


def refund(order, amount):
    status, made = site.sgate_refund(order, amount, uuid.uuid4().hex)
    must(status == 200, f"a refund of {order}: {status} {made}")
    return made["id"]


def ended(refund_id, wanted):
    found = site.sgate_ended(refund_id)
    must(found == wanted, f"{refund_id} ended as {found}, not as {wanted}; see {record}")


for currency, minor, amounts in (("USD", 10_000, ("12.34", "20", "67.66")), ("JPY", 1_000, ("400", "600"))):
    name, order = payment(currency, minor)
    for amount in amounts:
        ended(refund(order, amount), "success")
name, order = payment("USD", 10_000)
site.steps("paypal", name, "refuse")
ended(refund(order, "10.00"), "fail")
name, order = payment("USD", 10_000)
site.steps("paypal", name, "pend")
pending = refund(order, "10.00")
must(site.sgate("GET", f"/refunds/{pending}", "refund.detail")[1]["status"] == "pending", "it is over at once")
effect = until(f"effect for {name}", lambda: next((one for one in site.ledger() if one["payment"] == name), None))
site.control("finish", {"psp": "paypal", "refund": effect["refund"], "state": "succeeded"})
ended(pending, "success")

exchanges = [json.loads(line) for line in pathlib.Path(record).read_text().splitlines()]
judged = [(one, violations(one)) for one in exchanges if not one["path"].startswith(TOKEN)]
foreign = [one["path"] for one, said in judged if said is None]
must(not foreign, f"no description knows {foreign[:3]}")
said = [line for _, lines in judged for line in lines]
must(not said, " | ".join(said[:5]))
statuses = sorted({f"{one['method']} {one['status']}" for one, _ in judged})
must({"POST 201", "POST 422", "GET 200"} <= set(statuses), f"not all kinds of exchanges were seen: {statuses}")

# That it does judge: a number where a text must be, and an answer without its id's type.
sample = next(one for one, _ in judged if one["method"] == "POST" and one["status"] == 201)
body = json.loads(base64.b64decode(sample["body"]))
body["amount"]["value"] = 1
broken = {**sample, "body": base64.b64encode(json.dumps(body).encode()).decode()}
must(violations(broken), "openapi-core takes a request that the description forbids")
answer = {**json.loads(base64.b64decode(sample["answer"])), "id": 1}
broken = {**sample, "answer": base64.b64encode(json.dumps(answer).encode()).decode()}
must(violations(broken), "openapi-core takes an answer that the description forbids")
passed(f"{len(judged)} exchanges without a violation ({', '.join(statuses)})")
