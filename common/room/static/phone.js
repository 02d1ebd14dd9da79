// A phone in the room: it joins by itself, hears when the sale opens, and has one button.
import { $, fill, live, page, say } from "./live.js";

const WORDS = {
  en: {
    who: "Buyer {number}", full: "Every seat in this room is taken.", wait_for_it: "Wait for it …",
    lobby: "You are in. Look at the projector.", countdown: "{units} units. It opens in", open: "{units} units. Now!",
    buy: "BUY", pressed: "…", yes: "It is yours!", later: "You have a ticket. Wait …", unclear: "No clear answer. Try again!",
    sold_out: "Sold out.", limit_reached: "You have yours already.", not_open: "Too early!", no: "No.",
    lost: "Not connected; trying again …",
  },
  zh: {
    who: "买家 {number}", full: "位子坐满了。", wait_for_it: "稍等……",
    lobby: "你进来了。看大屏幕。", countdown: "{units} 件，马上开抢", open: "{units} 件，快抢！",
    buy: "抢", pressed: "……", yes: "抢到了！", later: "已排队，请稍候……", unclear: "没有明确答复，再试一次！",
    sold_out: "卖完了。", limit_reached: "你已经有了。", not_open: "太早了！", no: "没抢到。",
    lost: "连接断了，正在重连……",
  },
};
const LOOK_AGAIN = 700; // milliseconds
const COME_AGAIN = 1500;
const NAME = "seckill-room";

let me = null;
let round = null; // what the server said last, and when by this phone's own clock
let told = null;
let pressing = false;

const left = () => round.opens_in - (performance.now() - round.at) / 1000;

async function ask(path) {
  const headers = { "X-Phone": localStorage.getItem(NAME) ?? "" };
  const answer = await fetch(path, { method: "POST", headers });
  return answer.json();
}

async function join() {
  me = await ask("/join");
  if (me.token) localStorage.setItem(NAME, me.token);
  told = me.outcome;
  show();
  return Boolean(me.token);
}

function show() {
  $("who").textContent = me?.number ? fill("who", me) : "";
  $("said").textContent = "";
  if (me?.outcome === "full") $("lead").textContent = say("full");
  if (!round) return;
  const state = round.state === "countdown" && left() <= 0 ? "open" : round.state;
  const done = told?.outcome === "yes" || told?.outcome === "later";
  document.body.dataset.state = state;
  document.body.dataset.told = told?.outcome ?? "";
  $("lead").textContent = fill(state, round);
  $("press").disabled = state !== "open" || done || pressing;
  $("press").textContent = state === "countdown" ? Math.ceil(left()) : pressing ? say("pressed") : say("buy");
  $("answer").textContent = told ? (told.outcome === "no" ? say(told.code in WORDS.en ? told.code : "no") : say(told.outcome)) : "";
}

async function press() {
  const pressedIn = round.round;
  pressing = true;
  show();
  try {
    const answer = await ask("/press");
    if (pressedIn === round.round && answer.outcome !== "wait") told = answer;
  } catch {
    told = { outcome: "unclear" };
  }
  pressing = false;
  show();
}

async function look() {
  if (told?.outcome !== "later") return;
  const lookedIn = round.round;
  try {
    const answer = await ask("/look");
    if (lookedIn === round.round && answer.outcome !== "wait") told = answer;
  } catch { /* the next look may work */ }
  show();
}

function hear(said) {
  if (round?.round !== said.round) told = me.outcome && !round ? me.outcome : null;
  round = { ...said, at: performance.now() };
  show();
}

/** Come in, and come in again when another shop has taken the place of this one and knows us no more. */
async function enter() {
  const again = () => setTimeout(enter, COME_AGAIN);
  try {
    if (!await join()) return;
  } catch {
    $("said").textContent = say("lost");
    again();
    return;
  }
  const stream = live(WORDS, { round: hear }, show, `/events?phone=${encodeURIComponent(me.token)}`);
  stream.addEventListener("error", () => { if (stream.readyState === EventSource.CLOSED) again(); });
}

$("press").onclick = press;
setInterval(look, LOOK_AGAIN);
setInterval(() => { if (round?.state === "countdown") show(); }, 100);
page.words = WORDS;
enter();
