// What helps where scripts run. Every page works without it.
"use strict";

// A second click while the first is under way sends nothing. The server would make one refund of both all the same.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("button")) button.setAttribute("aria-busy", "true");
});

// A page that comes back from the browser's memory can be sent again.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-busy");
  }
});

// Told to screen readers; what is seen says it itself.
function say(words) {
  let place = document.querySelector("[data-say]");
  if (!place) {
    place = document.createElement("p");
    place.dataset.say = "";
    place.className = "visually-hidden";
    place.setAttribute("role", "status");
    document.body.append(place);
  }
  place.textContent = "";
  // A region that is new, or says the same again, is read where its text comes later.
  setTimeout(() => { place.textContent = words; }, 100);
}

// Times are by UTC, which everybody has in common. By the reader's own clock they are to be had under the pointer.
function offerLocalTimes(root) {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "long" });
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) time.title = format.format(at);
  }
}

function offerCopies(root) {
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll("button[data-copy]")) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const source = document.querySelector(button.dataset.copy);
  if (!source) return;
  const items = source.querySelectorAll("li");
  const text = items.length ? Array.from(items, (item) => item.textContent.trim()).join("\n") : source.textContent.trim();
  // Where the browser refuses, the text stays to be selected.
  if (!(await navigator.clipboard.writeText(text).then(() => true, () => false))) return;
  say(button.dataset.copied);
  const before = button.textContent;
  if (before === button.dataset.copied) return;
  button.textContent = button.dataset.copied;
  setTimeout(() => { button.textContent = before; }, 2000);
});

// What is another in every copy of a page, or was changed here, is nothing new: the proofs of forms, of which each is good,
// what is folded out, and what scripts offer.
function keep(part, fresh) {
  const before = (css) => part.querySelectorAll(css);
  const proofs = "input[name='proof']";
  fresh.querySelectorAll(proofs).forEach((proof, at) => { proof.value = before(proofs)[at]?.value ?? proof.value; });
  fresh.querySelectorAll("details").forEach((one, at) => { one.open = before("details")[at]?.open ?? one.open; });
  offerLocalTimes(fresh);
  offerCopies(fresh);
}

// The page is asked for again and its live parts are taken over, so that there is one place that draws them. Nobody asked for
// it, which the server is told: a page that is left open keeps no session alive.
async function takeOver() {
  const answer = await fetch(location.href, { headers: { accept: "text/html", "redress-by-itself": "yes" } });
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  let isLeft = false;
  for (const part of document.querySelectorAll("[data-part]")) {
    const fresh = page.querySelector(`[data-part="${part.dataset.part}"]`);
    if (!fresh) continue;
    keep(part, fresh);
    if (fresh.innerHTML === part.innerHTML) continue;
    // Nothing is taken from under somebody's keys.
    if (part.contains(document.activeElement)) {
      isLeft = true;
      continue;
    }
    part.replaceChildren(...fresh.childNodes);
    part.classList.remove("is-fresh");
    void part.offsetWidth;
    part.classList.add("is-fresh");
  }
  // Once they are elsewhere.
  if (isLeft) document.addEventListener("focusout", () => setTimeout(takeOver, 0), { once: true });
  lookAgain();
}

// The server says that something moved. Where it answers with something else, as while it starts anew or when the session is
// over, it is asked some times more; then the page says that it stands still.
function follow(tries = 0) {
  const address = document.querySelector("[data-live]")?.dataset.live;
  if (!address || !window.EventSource) return;
  const source = new EventSource(address);
  source.addEventListener("open", () => { tries = 0; });
  source.addEventListener("moved", takeOver);
  source.addEventListener("end", () => source.close());
  source.addEventListener("error", () => {
    // The browser asks again by itself.
    if (source.readyState !== EventSource.CLOSED) return;
    if (tries < 5) {
      setTimeout(() => follow(tries + 1), 3000);
    } else {
      for (const lost of document.querySelectorAll("[data-lost]")) lost.hidden = false;
    }
  });
}

// Something that takes a while is looked at again after so many seconds, as long as the page says so.
let isWaiting = false;
function lookAgain() {
  const seconds = document.querySelector("[data-again]")?.dataset.again;
  if (!seconds || isWaiting) return;
  isWaiting = true;
  setTimeout(async () => {
    isWaiting = false;
    // A server that does not answer is asked again.
    await takeOver().catch(() => {});
    lookAgain();
  }, seconds * 1000);
}

// Whoever typed something that cannot be begins where it stands, unless the page begins elsewhere.
if (!document.querySelector("[autofocus]")) document.querySelector("[aria-invalid='true'], .is-wrong input")?.focus();

offerLocalTimes(document);
offerCopies(document);
follow();
lookAgain();
