// The sale page: stock kept fresh, and a press of the button that is always answered.

import { enter } from "./door.js";
import { follow, learnFrom, showLocalTimes } from "./page.js";

const PATIENCE = 15_000; // milliseconds until an answer counts as lost
const REFRESH = 5_000; // milliseconds between two looks at the stock, while somebody looks at the page

const sale = document.getElementById("sale");
const form = document.getElementById("buy");
const button = document.getElementById("press");
const result = document.getElementById("result");
let pressing = false;
let permit; // for the press whose key is in the form

function show(kind, again) {
  const template = document.querySelector(`template[data-answer="${kind}"]`)
    ?? document.querySelector('template[data-answer="unknown"]');
  const answer = template.content.cloneNode(true);
  const wait = answer.querySelector("[data-again]");
  if (wait && again) Object.assign(wait, { hidden: false, textContent: wait.dataset.again.replace("{seconds}", again) });
  result.replaceChildren(answer);
}

function updateButton() {
  if (button) button.disabled = pressing || sale.dataset.phase !== "live";
}

/** Ask for the sale: what is left, whether it was closed or moved, and what time it is. */
async function refresh() {
  if (document.hidden) return;
  try {
    const response = await fetch(sale.dataset.url);
    learnFrom(response);
    if (response.ok) apply(await response.json());
  } catch {
    // No answer: what the page shows stays, and the next look comes soon.
  }
}

function apply(fresh) {
  Object.assign(sale.dataset, {
    opens: fresh.opens_at, closes: fresh.closes_at, state: fresh.state, left: fresh.left,
  });
  sale.querySelector('[data-when="soon"] [data-until]').dataset.until = fresh.opens_at;
  sale.querySelector('[data-when="live"] [data-until]').dataset.until = fresh.closes_at;
  const left = Math.max(0, fresh.left);
  const label = sale.querySelector(".stock [data-text]");
  Object.assign(sale.querySelector(".stock meter"), { max: Math.max(1, fresh.units), value: left });
  label.textContent = label.dataset.text.replace("{left}", left).replace("{initial}", fresh.units);
  follow(sale);
  showStale(fresh.stale);
}

/** Say since when nobody can be asked about the sale, if so. */
function showStale(since) {
  const notice = sale.querySelector("[data-stale]");
  notice.hidden = !since;
  if (!since) return;
  Object.assign(notice.querySelector("time"), { dateTime: since, textContent: since });
  showLocalTimes();
}

/** A new Idempotency-Key: the same press sent twice has the same one. (randomUUID wants https.) */
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function post(url, body, headers = {}) {
  return fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": form.elements.csrf_token.value, ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE),
  });
}

/** Through the door first, if the sale has one and this press has no permit yet. */
async function getPermit() {
  if (!sale.dataset.entry || permit) return {};
  return enter(sale.dataset.entry, post, form.elements.website.value, (what, share) => {
    if (what === "no_place") show(what, share);
    else if (!result.querySelector("progress")) show(what);
    else result.querySelector("progress").value = share;
  });
}

/** Send one press; answers its kind (placed, sold_out …, unknown when none came), and what belongs to it. */
async function press() {
  try {
    const entry = await getPermit();
    if (entry.kind) return entry;
    permit = entry.permit ?? permit;
    const wanted = { quantity: form.elements.quantity.valueAsNumber, ...(permit && { permit }) };
    const response = await post(`${sale.dataset.url}/orders`, wanted, { "Idempotency-Key": form.elements.key.value });
    const answer = await response.json();
    if (response.status === 202) return { kind: "ticket", page: `/tickets/${answer.id}` };
    const again = response.headers.get("Retry-After");
    return { kind: response.status === 201 ? "placed" : kindOf(answer), again };
  } catch {
    return { kind: "unknown" };
  }
}

/** What a problem document says. Who is told `busy`, and not that nothing was taken, does not know. */
function kindOf({ code, taken }) {
  return code === "busy" && taken !== false ? "unknown" : code;
}

async function buy(event) {
  event.preventDefault();
  if (pressing) return;
  pressing = true;
  updateButton();
  show("wait");
  const { kind, again, page } = await press();
  if (kind === "ticket") return location.assign(page);
  pressing = false;
  if (kind === "unauthorized") return location.assign(form.dataset.login);
  // With the old key it is the same press: whoever does not know its end, or is told to try again, sends that.
  if (kind !== "unknown" && !again) {
    form.elements.key.value = newKey();
    permit = undefined;
  }
  show(kind, again);
  updateButton();
  (button.disabled ? result : button).focus();
  await refresh();
}

for (const step of form?.querySelectorAll("[data-step]") ?? []) {
  step.addEventListener("click", () => (Number(step.dataset.step) > 0 ? form.elements.quantity.stepUp() : form.elements.quantity.stepDown()));
}
form?.addEventListener("submit", buy);
sale.addEventListener("phase", ({ detail }) => {
  updateButton();
  if (detail.before === "soon" && detail.phase === "live") show("opened");
});
document.addEventListener("visibilitychange", refresh);
setInterval(refresh, REFRESH);
refresh();
