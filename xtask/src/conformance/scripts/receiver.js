// A receiver of notifications, as receiver.py is one, with the libraries of JavaScript.
//
//     receiver.js KIND PORT
"use strict";
const http = require("http");

const [kind, port] = [process.argv[2], Number(process.argv[3])];

// One letter is another, in the middle; letters of one byte only, so that it stays text.
function flipped(raw) {
  let at = raw.length >> 1;
  while (!/[A-Za-z0-9]/.test(String.fromCharCode(raw[at]))) at += 1;
  const other = Buffer.from(raw);
  other[at] ^= 1;
  return other;
}

// One character is another of the same alphabets.
function changed(text, at) {
  return text.slice(0, at) + (text[at] === "a" ? "b" : "a") + text.slice(at + 1);
}

const longer = (raw) => Buffer.concat([raw, Buffer.from(" ")]);

const judges = {
  standard() {
    const { Webhook, WebhookVerificationError } = require("standardwebhooks");
    return {
      verify(secret, raw, headers) {
        try {
          new Webhook(secret).verify(raw, headers);
          return true;
        } catch (error) {
          if (error instanceof WebhookVerificationError) return false;
          throw error;
        }
      },
      described(raw) {
        const said = JSON.parse(raw);
        return { type: said.type, about: said.data.order_ref };
      },
      *alterations(secret, raw, headers) {
        const at = Number(headers["webhook-timestamp"]);
        const signature = headers["webhook-signature"];
        const id = headers["webhook-id"];
        yield ["body", secret, flipped(raw), headers];
        yield ["longer body", secret, longer(raw), headers];
        yield ["timestamp", secret, raw, { ...headers, "webhook-timestamp": String(at + 1) }];
        yield ["old timestamp", secret, raw, { ...headers, "webhook-timestamp": String(at - 3600) }];
        yield ["id", secret, raw, { ...headers, "webhook-id": id.slice(0, -1) + "~" }];
        yield ["signature", secret, raw, { ...headers, "webhook-signature": changed(signature, 8) }];
        yield ["other secret", changed(secret, "whsec_".length + 3), raw, headers];
      },
    };
  },

  stripe() {
    const Stripe = require("stripe");
    // Verifying needs no key; the library wants one to be made.
    const stripe = new Stripe("sk_test_unused");
    return {
      verify(secret, raw, headers) {
        let event;
        try {
          event = stripe.webhooks.constructEvent(raw, headers["stripe-signature"], secret);
        } catch (error) {
          if (error instanceof Stripe.errors.StripeSignatureVerificationError) return false;
          throw error;
        }
        return event.object === "event" && event.data.object.object === "refund";
      },
      described(raw) {
        const said = JSON.parse(raw);
        return { type: said.type, about: said.data.object.charge };
      },
      *alterations(secret, raw, headers) {
        const parts = Object.fromEntries(headers["stripe-signature"].split(",").map((part) => part.split("=")));
        const signed = (other) => {
          const merged = Object.entries({ ...parts, ...other });
          return { ...headers, "stripe-signature": merged.map((pair) => pair.join("=")).join(",") };
        };
        yield ["body", secret, flipped(raw), headers];
        yield ["longer body", secret, longer(raw), headers];
        yield ["timestamp", secret, raw, signed({ t: String(Number(parts.t) + 1) })];
        yield ["old timestamp", secret, raw, signed({ t: String(Number(parts.t) - 3600) })];
        yield ["signature", secret, raw, signed({ v1: changed(parts.v1, 5) })];
        yield ["other secret", changed(secret, secret.length - 1), raw, headers];
      },
    };
  },

  adyen() {
    const Validator = require("@adyen/api-library").hmacValidator;
    const validator = new Validator();
    const items = (said) => {
      const all = said.notificationItems.map((item) => item.NotificationRequestItem);
      if (all.length === 0) throw new Error("a notification without items");
      return all;
    };
    return {
      verify: (secret, raw) => items(JSON.parse(raw)).every((item) => validator.validateHMAC(item, secret)),
      described(raw) {
        const item = items(JSON.parse(raw))[0];
        return { type: `${item.eventCode} ${item.success}`, about: item.originalReference };
      },
      *alterations(secret, raw, headers) {
        const altered = (change) => {
          const said = JSON.parse(raw);
          items(said).forEach(change);
          return Buffer.from(JSON.stringify(said));
        };
        const names = ["pspReference", "originalReference", "merchantAccountCode", "merchantReference", "eventCode"];
        for (const name of names) {
          yield [name, secret, altered((item) => { item[name] = (item[name] || "") + "x"; }), headers];
        }
        const other = (item) => { item.success = item.success === "true" ? "false" : "true"; };
        yield ["success", secret, altered(other), headers];
        yield ["value", secret, altered((item) => { item.amount.value += 1; }), headers];
        yield ["currency", secret, altered((item) => { item.amount.currency = "XXX"; }), headers];
        const sign = (item) => {
          item.additionalData.hmacSignature = changed(item.additionalData.hmacSignature, 5);
        };
        yield ["signature", secret, altered(sign), headers];
        yield ["other key", (secret[0] === "0" ? "1" : "0") + secret.slice(1), raw, headers];
      },
    };
  },
};

const judge = judges[kind]();
const state = { secret: "", kept: [], unverified: [] };

function take(raw, headers) {
  let good = false;
  let said;
  try {
    good = judge.verify(state.secret, raw, headers);
    said = judge.described(raw);
  } catch (error) {
    good = false;
    said = { type: String(error), about: null };
  }
  (good ? state.kept : state.unverified).push({ ...said, raw, headers });
}

function shown() {
  const tell = (all) => all.map(({ type, about }) => ({ type, about }));
  return { kept: tell(state.kept), unverified: tell(state.unverified) };
}

function altered() {
  const kept = [...state.kept];
  const taken = [];
  let refused = 0;
  for (const one of kept) {
    for (const [name, secret, raw, headers] of judge.alterations(state.secret, one.raw, one.headers)) {
      try {
        if (judge.verify(secret, raw, headers)) taken.push(name);
        else refused += 1;
      } catch (error) {
        taken.push(`${name}: ${error}`);
      }
    }
  }
  return { notifications: kept.length, refused, taken };
}

http
  .createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const raw = Buffer.concat(chunks);
      const answer = (value) => response.end(typeof value === "string" ? value : JSON.stringify(value));
      if (request.method === "GET") return answer(shown());
      if (request.url === "/control/secret") {
        state.secret = JSON.parse(raw).secret;
        return answer({});
      }
      if (request.url === "/control/alter") return answer(altered());
      if (!state.secret) {
        response.statusCode = 503;
        return answer("not yet: come again");
      }
      take(raw, request.headers);
      return answer("[accepted]");
    });
  })
  .listen(port, "127.0.0.1");
