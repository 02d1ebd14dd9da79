// Follows a ticket to its end: by server-sent events, and by asking again and again where those do not come.

const LOOK_AGAIN = 2_000; // milliseconds between two looks while there is no stream
const ticket = document.getElementById("ticket");
const result = document.getElementById("result");
let shown = "";
let looking; // the timer of the next look, if we look

function show({ state, problem }) {
  const kind = state === "ordered" ? "placed" : state === "refused" ? problem : state;
  if (kind === shown) return;
  shown = kind;
  const template = document.querySelector(`template[data-answer="${kind}"]`)
    ?? document.querySelector('template[data-answer="unknown"]');
  result.replaceChildren(template.content.cloneNode(true));
}

const ended = ({ state }) => state === "ordered" || state === "refused";

/** Look once, and again later until it has ended. A ticket that is gone has an unknown end. */
async function look() {
  looking = undefined;
  const response = await fetch(ticket.dataset.url).catch(() => undefined);
  if (response?.status === 401) return location.reload(); // which leads to signing in, and back
  if (response?.status === 404) return show({ state: "unknown" });
  if (response?.ok) {
    const now = await response.json();
    show(now);
    if (ended(now)) return;
  }
  looking = setTimeout(look, LOOK_AGAIN);
}

/** The browser connects again by itself after a cut; after a refusal it does not, and then we look. */
function follow() {
  const events = new EventSource(`${ticket.dataset.url}/events`);
  events.addEventListener("message", ({ data }) => {
    const now = JSON.parse(data);
    show(now);
    if (ended(now)) events.close();
  });
  events.addEventListener("error", () => {
    if (events.readyState === EventSource.CLOSED) look();
  });
}

follow();
