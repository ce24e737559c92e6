// PortOne's API with tokens that jsonwebtoken makes.
//
//     portone_jwt.js DEMO FIRST
"use strict";
const fs = require("fs");
const path = require("path");
const jwt = require("jsonwebtoken");

const [folder, first] = process.argv.slice(2);
const demo = JSON.parse(fs.readFileSync(path.join(folder, "demo.json"), "utf8"));
const { client_key: key, secret } = demo.portone;
const payment = demo.payments.filter((one) => one.currency === "VND")[Number(first)];
const url = `${demo.base_url}/api/refund/${payment.order_ref}`;
const body = JSON.stringify({
  amount: 1000, channel: payment.channel, description: "", environment: "sandbox",
  refund_type: "partial", refund_reason: "conformance",
});

function must(holds, detail) {
  if (holds) return;
  console.log(`violated: ${detail}`);
  process.exit(1);
}

function token({ by = secret, algorithm = "HS256", ...claims } = {}) {
  const now = Math.floor(Date.now() / 1000);
  const whole = { iss: "PORTONE", sub: key, iat: now, exp: now + 100, ...claims };
  Object.keys(whole).forEach((name) => whole[name] === undefined && delete whole[name]);
  return jwt.sign(whole, by, { algorithm });
}

async function call(method, bearer) {
  const headers = { "X-Portone-Client-Key": key, Authorization: `Bearer ${bearer}` };
  const signal = AbortSignal.timeout(120000);
  const answer = await fetch(url, { method, headers, signal, body: method === "POST" ? body : undefined });
  return [answer.status, await answer.json()];
}

async function main() {
  let [taken, refused] = [0, 0];
  for (const iss of ["PORTONE", "CHAIPAY"]) {
    for (const method of ["POST", "GET"]) {
      const [status, answer] = await call(method, token({ iss }));
      must(status === 200, `a good token on ${method}: ${status} ${JSON.stringify(answer)}`);
      must(answer.refundDetails.length === (iss === "PORTONE" ? 1 : 2), JSON.stringify(answer));
      taken += 1;
    }
  }
  const now = Math.floor(Date.now() / 1000);
  const bad = {
    "another secret": token({ by: [...secret].reverse().join("") }),
    "the secret's bytes": token({ by: Buffer.from(secret, "hex") }),
    expired: token({ iat: now - 7200, exp: now - 3600 }),
    "no exp": token({ exp: undefined }),
    "another's sub": token({ sub: "another" }),
    "another issuer": token({ iss: "SOMEBODY" }),
    "no signature": token({ by: "", algorithm: "none" }),
    "another algorithm": token({ algorithm: "HS512" }),
  };
  for (const [what, one] of Object.entries(bad)) {
    for (const method of ["POST", "GET"]) {
      const [status, answer] = await call(method, one);
      must(status === 401, `a token with ${what} on ${method}: ${status} ${JSON.stringify(answer)}`);
      refused += 1;
    }
  }
  const [, left] = await call("GET", token());
  must(left.refundDetails.length === 2, `a refused token made a refund: ${JSON.stringify(left)}`);
  console.log(`${taken} calls with good tokens taken, ${refused} with bad ones refused with 401`);
}

main().catch((error) => must(false, String(error.stack || error).replace(/\n/g, " ")));
