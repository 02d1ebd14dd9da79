// Turns the shell into the page of one sale: asks for its state and for who is looking, fills in both, and
// hands over to sale.js. Says that buying is paused while the app behind the edge does not answer.

import { follow, learnFrom, showLocalTimes } from "./page.js";

const AGAIN = 2_000; // milliseconds until a page without any state asks again
const SALE = `/api/sales/${location.pathname.split("/").pop()}`;
const NEXT = `/login?next=${location.pathname}`;
const paused = document.getElementById("paused");
const byId = (id) => document.getElementById(id);
const own = document.querySelectorAll(".account form, .menu a:not(:first-child)"); // for who is signed in
let who; // undefined until the app has said who is looking

function fill(sale) {
  byId("page").replaceWith(byId("page").content);
  byId("loading").remove();
  const article = byId("sale");
  const title = document.documentElement.lang.startsWith("zh") ? sale.title_zh : sale.title;
  document.title = document.title.replace(/^.* · /, () => `${title} · `);
  article.querySelector("h1").textContent = title;
  article.querySelector("img").src = new URL(`../products/${sale.image}.svg`, import.meta.url);
  fillPrices(article, sale);
  fillTimes(article, sale);
  const limit = article.querySelector(".fine li");
  limit.textContent = limit.textContent.replace(/\d+/, sale.buyer_limit);
  article.dataset.url = SALE;
  article.dataset.entry = sale.entry ?? "";
  Object.assign(byId("buy"), { action: location.pathname });
  byId("buy").dataset.login = NEXT;
  byId("quantity").max = sale.buyer_limit;
}

/** As filters.py writes money. */
const money = (cents) => `¥${(cents / 100).toLocaleString("en-US", { minimumFractionDigits: 2 })}`;

function fillPrices(article, sale) {
  const [price, was, off] = article.querySelectorAll(".price, .prices s, .off");
  price.textContent = money(sale.price_cents);
  was.textContent = money(sale.list_price_cents);
  const percent = Math.floor((100 * (sale.list_price_cents - sale.price_cents)) / sale.list_price_cents);
  off.textContent = off.textContent.replace(/\d+/, percent);
  if (!percent) [was.previousElementSibling, was, off].forEach((element) => element.remove());
}

function fillTimes(article, sale) {
  const [opens, closes] = article.querySelectorAll("time");
  opens.dateTime = opens.textContent = sale.opens_at;
  closes.dateTime = closes.textContent = sale.closes_at;
  showLocalTimes();
  article.querySelector('[data-when="soon"] [data-until]').dataset.until = sale.opens_at;
  article.querySelector('[data-when="live"] [data-until]').dataset.until = sale.closes_at;
  Object.assign(article.dataset, {
    opens: sale.opens_at, closes: sale.closes_at, state: sale.state, left: sale.left,
  });
  follow(article);
  byId("press").disabled = article.dataset.phase !== "live";
}

/** Ask the app who is looking. The edge answers for it when nobody is signed in. */
async function meet() {
  const response = await fetch("/api/session").catch(() => undefined);
  if (!response?.ok || who) return;
  who = await response.json();
  if (!who.buyer) return meetStranger();
  for (const element of own) element.hidden = false;
  document.querySelector(".who").textContent = who.buyer.name;
  for (const field of document.querySelectorAll("[name=csrf_token]")) field.value = who.csrf_token;
  byId("buy").elements.key.value = crypto.getRandomValues(new Uint32Array(4)).join("-");
  if (who.buyer.role !== "admin") document.querySelector('.menu [href="/admin"]').remove();
}

function meetStranger() {
  const [small, big] = byId("stranger").content.cloneNode(true).children;
  small.href = big.firstElementChild.href = NEXT;
  document.querySelector(".account form").replaceWith(small);
  byId("buy").replaceWith(big);
}

/** Every answer about the sale says whether the app stood behind it. */
async function hear({ detail: response }) {
  paused.hidden = response.headers.get("Seckill-App") !== "down";
  const form = byId("buy");
  if (form && paused.hidden && !who) await meet();
  form?.toggleAttribute("hidden", !paused.hidden || !who);
}

async function start() {
  const response = await fetch(SALE).catch(() => undefined);
  if (!response) return setTimeout(start, AGAIN);
  learnFrom(response);
  if (response.status === 404) {
    byId("loading").hidden = true;
    byId("missing").hidden = false;
  } else if (response.ok) {
    fill(await response.json());
    await hear({ detail: response });
    await import("./sale.js");
    document.addEventListener("answer", hear);
  } else {
    await hear({ detail: response });
    setTimeout(start, AGAIN);
  }
}

for (const element of own) element.hidden = true;
for (const link of document.querySelectorAll('a[href*="?next="]')) {
  link.search = `?next=${location.pathname}`;
}
start();
