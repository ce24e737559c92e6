// A client of SGate's API: signs as its sample in Node does, by `encodeURIComponent`. See sgate.py.
"use strict";
const crypto = require("crypto");
const readline = require("readline");

async function answer(line) {
  const [base, key, secret, verb, path, operation, body] = line.split("\t");
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signed = { uri: path, key, timestamp, signMethod: "HmacSHA256", signVersion: "1", method: operation };
  const text = Object.entries(signed).map(([name, value]) => `${name}=${encodeURIComponent(value)}`).sort().join("&");
  const headers = {
    "x-auth-signature": crypto.createHmac("sha256", secret).update(text).digest("base64"),
    "x-auth-key": key,
    "x-auth-timestamp": timestamp,
    "x-auth-sign-method": "HmacSHA256",
    "x-auth-sign-version": "1",
    "content-type": "application/json",
  };
  const sent = { method: verb, headers, body: body || undefined, signal: AbortSignal.timeout(120000) };
  const answered = await fetch(base + path, sent);
  console.log(`${answered.status}\t${await answered.text()}`);
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) await answer(line);
}

main().catch((error) => {
  console.error(String(error));
  process.exitCode = 1;
});
