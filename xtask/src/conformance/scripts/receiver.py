"""A receiver of notifications: keeps each as it came, and lets the library of its kind verify it.

    receiver.py KIND PORT

POST /control/secret {"secret"}   the secret to verify with
GET  /control/kept                what was verified, and what was not
POST /control/alter               alters each one that was kept; says what was refused and what was not
POST anything else                a notification
"""
import copy
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

kind, port = sys.argv[1], int(sys.argv[2])


class Standard:
    """Standard Webhooks, by `standardwebhooks`."""

    def verify(self, secret, raw, headers):
        from standardwebhooks.webhooks import Webhook, WebhookVerificationError
        try:
            Webhook(secret).verify(raw, headers)
            return True
        except WebhookVerificationError:
            return False

    def described(self, raw):
        said = json.loads(raw)
        return {"type": said["type"], "about": said["data"]["order_ref"]}

    def alterations(self, secret, raw, headers):
        def header(name, value):
            return {**headers, name: value}
        signature, at = headers["webhook-signature"], headers["webhook-timestamp"]
        yield "body", secret, flipped(raw), headers
        yield "longer body", secret, raw + b" ", headers
        yield "timestamp", secret, raw, header("webhook-timestamp", str(int(at) + 1))
        yield "old timestamp", secret, raw, header("webhook-timestamp", str(int(at) - 3600))
        yield "id", secret, raw, header("webhook-id", headers["webhook-id"][:-1] + "~")
        yield "signature", secret, raw, header("webhook-signature", changed(signature, len("v1,") + 5))
        yield "other secret", "whsec_" + changed(secret.removeprefix("whsec_"), 3), raw, headers


class Stripe:
    """Stripe's events, by `stripe`."""

    def verify(self, secret, raw, headers):
        import stripe
        try:
            event = stripe.Webhook.construct_event(raw, headers["stripe-signature"], secret)
        except stripe.SignatureVerificationError:
            return False
        # The library must also know what it is.
        return event.object == "event" and event.data.object.object == "refund"

    def described(self, raw):
        said = json.loads(raw)
        return {"type": said["type"], "about": said["data"]["object"].get("charge")}

    def alterations(self, secret, raw, headers):
        given = headers["stripe-signature"]
        parts = dict(part.split("=", 1) for part in given.split(","))
        def signed(**new):
            merged = {**parts, **new}
            return {**headers, "stripe-signature": ",".join(f"{name}={value}" for name, value in merged.items())}
        yield "body", secret, flipped(raw), headers
        yield "longer body", secret, raw + b" ", headers
        yield "timestamp", secret, raw, signed(t=str(int(parts["t"]) + 1))
        yield "old timestamp", secret, raw, signed(t=str(int(parts["t"]) - 3600))
        yield "signature", secret, raw, signed(v1=changed(parts["v1"], 5))
        yield "other secret", changed(secret, len(secret) - 1), raw, headers


class Adyen:
    """Adyen's notification items, by `Adyen`."""

    def verify(self, secret, raw, headers):
        from Adyen.util import is_valid_hmac_notification
        return all(is_valid_hmac_notification(item, secret) is True for item in self.items(json.loads(raw)))

    def items(self, said):
        items = [item["NotificationRequestItem"] for item in said["notificationItems"]]
        if not items:
            raise ValueError("a notification without items")
        return items

    def described(self, raw):
        item = self.items(json.loads(raw))[0]
        return {"type": f"{item['eventCode']} {item['success']}", "about": item.get("originalReference")}

    def alterations(self, secret, raw, headers):
        def altered(change):
            said = copy.deepcopy(json.loads(raw))
            for item in self.items(said):
                change(item)
            return json.dumps(said).encode()
        for name in ("pspReference", "originalReference", "merchantAccountCode", "merchantReference", "eventCode"):
            yield name, secret, altered(lambda item: item.update({name: item.get(name, "") + "x"})), headers
        yield "success", secret, altered(
            lambda item: item.update(success="false" if item["success"] == "true" else "true")), headers
        yield "value", secret, altered(lambda item: item["amount"].update(value=item["amount"]["value"] + 1)), headers
        yield "currency", secret, altered(lambda item: item["amount"].update(currency="XXX")), headers
        def sign(item):
            item["additionalData"]["hmacSignature"] = changed(item["additionalData"]["hmacSignature"], 5)
        yield "signature", secret, altered(sign), headers
        yield "other key", ("0" if secret[0] != "0" else "1") + secret[1:], raw, headers


def flipped(raw):
    """One letter is another, in the middle; letters of one byte only, so that it stays text."""
    at = next(at for at in range(len(raw) // 2, len(raw)) if chr(raw[at]).isalnum() and raw[at] < 128)
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1:]


def changed(text, at):
    """One character is another of the same alphabets."""
    return text[:at] + ("a" if text[at] != "a" else "b") + text[at + 1:]


judge = {"standard": Standard, "stripe": Stripe, "adyen": Adyen}[kind]()
lock = threading.Lock()
state = {"secret": "", "kept": [], "unverified": []}


def take(raw, headers):
    try:
        good = judge.verify(state["secret"], raw, headers)
        said = judge.described(raw)
    except Exception as error:
        good, said = False, {"type": repr(error), "about": None}
    with lock:
        state["kept" if good else "unverified"].append({**said, "raw": raw, "headers": headers})


def shown():
    with lock:
        tell = lambda all: [{"type": one["type"], "about": one["about"]} for one in all]
        return {"kept": tell(state["kept"]), "unverified": tell(state["unverified"])}


def altered():
    refused, taken = 0, []
    with lock:
        kept = list(state["kept"])
    for one in kept:
        for name, secret, raw, headers in judge.alterations(state["secret"], one["raw"], one["headers"]):
            try:
                good = judge.verify(secret, raw, headers)
            except Exception as error:
                taken.append(f"{name}: {error!r}")
                continue
            if good:
                taken.append(name)
            else:
                refused += 1
    return {"notifications": len(kept), "refused": refused, "taken": taken}


class Handler(BaseHTTPRequestHandler):
    def answer(self, value, text=None, status=200):
        body = (text or json.dumps(value)).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(shown())

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path == "/control/secret":
            state["secret"] = json.loads(raw)["secret"]
            self.answer({})
        elif self.path == "/control/alter":
            self.answer(altered())
        elif not state["secret"]:
            self.answer(None, "not yet: come again", 503)
        else:
            take(raw, {name.lower(): value for name, value in self.headers.items()})
            self.answer(None, "[accepted]")

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
