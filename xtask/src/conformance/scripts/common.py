"""What the scripts share: speaking to Redress and to the sandbox as their clients do, with the standard library alone."""
import base64
import hashlib
import hmac
import json
import pathlib
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

# Limits are for what hangs, not for what is slow: a machine may stand still for half a minute while a disk writes.
EXCHANGE_LIMIT_S = 120
UNTIL_LIMIT_S = 120
PAUSE_S = 0.05


def passed(detail):
    print(detail)
    sys.exit(0)


def failed(detail):
    print(f"violated: {detail}")
    sys.exit(1)


def skipped(detail):
    print(detail)
    sys.exit(3)


def must(holds, detail):
    if not holds:
        failed(detail)


def until(what, probe, limit_s=UNTIL_LIMIT_S, told=None):
    """Looks until `probe` answers something, and fails after `limit_s`, with what `told` then answers."""
    end, looks = time.monotonic() + limit_s, 0
    while True:
        found = probe()
        if found:
            return found
        looks += 1
        # Time that passed while nobody could look says nothing.
        if time.monotonic() > end and looks >= limit_s:
            failed(f"after {limit_s} s there is still no {what}{f': {told()}' if told else ''}")
        time.sleep(PAUSE_S)


def call(method, url, body=None, headers=None):
    """One exchange: the status, and the answer as JSON where it is JSON, else as text."""
    if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    if isinstance(body, str):
        body = body.encode()
    headers = {"content-type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, body, headers, method=method)
    # No proxy: everything is on loopback.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=EXCHANGE_LIMIT_S) as answer:
            status, text = answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        status, text = refused.code, refused.read().decode()
    try:
        return status, json.loads(text)
    except ValueError:
        return status, text


def redress(program, *words, stdin=None):
    """A command of the program, and what it printed."""
    done = subprocess.run(
        [program, *words], input=stdin, capture_output=True, text=True, timeout=EXCHANGE_LIMIT_S, check=False
    )
    if done.returncode != 0:
        failed(f"redress {' '.join(words[:2])}: {done.stdout.strip()} {done.stderr.strip()}")
    return done.stdout


class Site:
    """What `demo.json`, or `own.json`, says of a running server."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        own = self.folder / "own.json"
        text = (own if own.exists() else self.folder / "demo.json").read_text()
        self.told = json.loads(text)
        self.base = self.told["base_url"]
        self.sandbox = self.told["sandbox_url"]
        self.merchant = self.told["merchant"]["code"]
        place = ["--config", str(self.folder / "redress.toml")] if own.exists() else ["--data", str(self.folder)]
        self.place = place

    def payments(self, currency):
        return [one for one in self.told["payments"] if one["currency"] == currency]

    def portone(self, method, path, body=None, token=None, headers=None):
        key, secret = self.told["portone"]["client_key"], self.told["portone"]["secret"]
        token = token or hs256({"iss": "PORTONE", "sub": key, "exp": int(time.time()) + 100}, secret)
        given = {"X-Portone-Client-Key": key, "Authorization": f"Bearer {token}", **(headers or {})}
        return call(method, self.base + path, body, given)

    def portone_refund(self, payment, amount=None, reason="conformance"):
        """A refund by PortOne's API: of `amount`, or of what is left."""
        body = {"channel": payment["channel"], "description": "", "environment": "sandbox",
                "refund_type": "full" if amount is None else "partial", "refund_reason": reason}
        if amount is not None:
            body["amount"] = amount
        return self.portone("POST", f"/api/refund/{payment['order_ref']}", body)

    def sgate(self, method, path, operation, body=None):
        key, secret = self.told["sgate"]["key"], self.told["sgate"]["secret"]
        at = str(int(time.time()))
        encode = lambda text: urllib.parse.quote(text, safe="-_.!~*'()")
        text = (f"key={encode(key)}&method={encode(operation)}&signMethod=HmacSHA256&signVersion=1"
                f"&timestamp={at}&uri={encode(path)}")
        headers = {"x-auth-key": key, "x-auth-timestamp": at, "x-auth-sign-method": "HmacSHA256",
                   "x-auth-sign-version": "1",
                   "x-auth-signature": base64.b64encode(mac(secret, text)).decode()}
        return call(method, self.base + "/api_v1" + path, body, headers)

    def sgate_refund(self, order, amount, merchant_refund_id):
        body = {"amount": amount, "reason": "conformance", "merchantRefundId": merchant_refund_id}
        return self.sgate("POST", f"/orders/{order}/refunds", "order.refund", body)

    def sgate_ended(self, refund, limit_s=UNTIL_LIMIT_S):
        """Waits for the end of a refund, and answers with its status."""
        def look():
            status, found = self.sgate("GET", f"/refunds/{refund}", "refund.detail")
            must(status == 200, f"refund.detail of {refund}: {status} {found}")
            return found["status"] if found["status"] != "pending" else None
        return until(f"end of {refund}", look, limit_s)

    def add_payment(self, order, account, psp_payment_id, currency, amount_minor, method, channel, **more):
        body = {"order_ref": order, "psp_account": account, "psp_payment_id": psp_payment_id,
                "currency": currency, "amount": amount_minor, "captured_at": "2026-01-02T03:04:05Z",
                "channel": channel, "payment_method": method, **more}
        status, answer = call("POST", self.base + "/v1/payments", body,
                              {"Authorization": f"Bearer {self.told['api_key']}"})
        must(status in (200, 201), f"a payment is refused: {status} {answer}")

    def control(self, what, body):
        status, answer = call("POST", f"{self.sandbox}/control/{what}", body)
        must(status < 300, f"the sandbox refuses {what} {body}: {status} {answer}")
        return answer

    def ledger(self):
        """What the sandbox has done, oldest first."""
        status, answer = call("GET", f"{self.sandbox}/control/ledger")
        must(status == 200, f"the sandbox shows no ledger: {status} {answer}")
        return answer["effects"]

    def steps(self, psp, payment, *steps):
        self.control("script", {"psp": psp, "payment": payment, "steps": list(steps)})

    def add_account(self, program, psp, base_url, credentials):
        text = redress(program, "psp-account", "add", *self.place, "--merchant", self.merchant, "--psp", psp,
                       "--environment", "sandbox", "--base-url", base_url, "--credentials", "-", "--json",
                       stdin=json.dumps(credentials))
        return json.loads(text)


# What the sandbox takes unless it is told otherwise (`SandboxConfig::default`).
SANDBOX_CREDENTIALS = {
    "adyen": {
        "api_key": "ADYEN_API_KEY", "merchant_account": "TestMerchant",
        "hmac_key": "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056",
    },
    "paypal": {
        "client_id": "sandbox-paypal-client", "client_secret": "sandbox-paypal-client-secret",
        "webhook_id": "1JE4291016473214C",
    },
    "stripe": {"secret_key": "sk_test_sandbox", "webhook_secret": "whsec_sandbox"},
}


def sandbox_credentials(psp):
    """The credentials of an account at the sandbox, as its connector wants them."""
    return SANDBOX_CREDENTIALS[psp]


def mac(secret, text):
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()


def hs256(claims, secret):
    """A token as PortOne's page describes it, made by hand."""
    part = lambda raw: base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    text = part(b'{"alg":"HS256","typ":"JWT"}') + "." + part(json.dumps(claims).encode())
    return f"{text}.{part(mac(secret, text))}"
