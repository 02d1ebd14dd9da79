// What every page does: countdowns and phases by the shop's clock, and times in the visitor's own zone.

/**
 * The shop's clock as this page knows it. The device's clock is never asked what time it is, only how much
 * time has passed (performance.now). A stamp from the server is already past when it arrives, so the estimate
 * is never ahead of the shop, and behind it by no more than the quickest answer's way back.
 */
export const clock = {
  base: -Infinity,
  learn(stamp) {
    if (Number.isFinite(stamp)) this.base = Math.max(this.base, stamp - performance.now());
  },
  now() {
    return this.base + performance.now();
  },
};

/** Learn the time from an answer of the API, and let the page's other scripts look at it. */
export function learnFrom(response) {
  const stamp = response.headers.get("Seckill-Time");
  if (stamp !== null) clock.learn(Number(stamp));
  document.dispatchEvent(new CustomEvent("answer", { detail: response }));
}

/** What a buyer meets now: soon, live, sold_out or ended (filters.py has the same rule). */
export function phaseOf({ opens, closes, state, left }) {
  const now = clock.now();
  if (state === "draft" || now < Date.parse(opens)) return "soon";
  if (state === "closed" || now >= Date.parse(closes)) return "ended";
  return Number(left) > 0 ? "live" : "sold_out";
}

/** Bring the phase of one sale up to date; tells the page when it changes. */
export function follow(sale) {
  const phase = phaseOf(sale.dataset);
  if (phase === sale.dataset.phase) return;
  const before = sale.dataset.phase;
  sale.dataset.phase = phase;
  sale.dispatchEvent(new CustomEvent("phase", { detail: { phase, before } }));
}

function countDown(face) {
  const seconds = Math.max(0, Math.ceil((Date.parse(face.dataset.until) - clock.now()) / 1000));
  const parts = {
    days: Math.floor(seconds / 86400),
    hours: Math.floor(seconds / 3600) % 24,
    minutes: Math.floor(seconds / 60) % 60,
    seconds: seconds % 60,
  };
  for (const part of face.querySelectorAll("[data-part]")) {
    const digits = String(parts[part.dataset.part]).padStart(2, "0");
    if (part.firstChild.textContent === digits) continue;
    part.firstChild.textContent = digits;
    part.hidden = part.dataset.part === "days" && digits === "00";
  }
}

function tick() {
  document.querySelectorAll("[data-opens]").forEach(follow);
  document.querySelectorAll("[data-until]").forEach(countDown);
}

/** Write times in the visitor's zone, and as the visitor's own kind of the page's language does (en-GB, zh-TW). */
export function showLocalTimes() {
  const { lang } = document.documentElement;
  const own = navigator.languages.find((language) => language.slice(0, 2) === lang.slice(0, 2));
  const format = new Intl.DateTimeFormat(own ?? lang, { dateStyle: "medium", timeStyle: "short" });
  for (const time of document.querySelectorAll("time[datetime]")) {
    time.title = time.textContent;
    time.textContent = format.format(new Date(time.dateTime));
  }
}

clock.learn(Date.parse(document.documentElement.dataset.now));
showLocalTimes();
tick();
setInterval(tick, 100);
