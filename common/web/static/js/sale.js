// The sale page: stock kept fresh, and a press of the button that is always answered.

import { follow, learnFrom } from "./page.js";

const PATIENCE = 15_000; // milliseconds until an answer counts as lost
const REFRESH = 5_000; // milliseconds between two looks at the stock, while somebody looks at the page

const sale = document.getElementById("sale");
const form = document.getElementById("buy");
const button = document.getElementById("press");
const result = document.getElementById("result");
let pressing = false;

function show(kind) {
  const template = document.querySelector(`template[data-answer="${kind}"]`)
    ?? document.querySelector('template[data-answer="unknown"]');
  result.replaceChildren(template.content.cloneNode(true));
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
}

/** A new Idempotency-Key: the same press sent twice has the same one. (randomUUID wants https.) */
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Send one press; answers the kind of the answer: placed, sold_out …, or unknown when none came. */
async function press() {
  try {
    const response = await fetch(`${sale.dataset.url}/orders`, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "Idempotency-Key": form.elements.key.value,
        "X-CSRF-Token": form.elements.csrf_token.value,
      },
      body: JSON.stringify({ quantity: form.elements.quantity.valueAsNumber }),
      signal: AbortSignal.timeout(PATIENCE),
    });
    const answer = await response.json();
    return response.status === 201 ? "placed" : answer.code;
  } catch {
    return "unknown";
  }
}

async function buy(event) {
  event.preventDefault();
  if (pressing) return;
  pressing = true;
  updateButton();
  show("wait");
  const kind = await press();
  pressing = false;
  if (kind === "unauthorized") return location.assign(form.dataset.login);
  if (kind !== "unknown") form.elements.key.value = newKey();
  show(kind);
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
