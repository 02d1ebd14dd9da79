// The live lab's page. Readings come as server-sent events; counts are cumulative, and rates are made here.
import { $, live, say, showButtons } from "./live.js";

const WORDS = {
  en: {
    sold: "units sold", left_redis: "left in Redis", left_mariadb: "left in MariaDB", queue: "waiting in the queue",
    orders: "orders a second", p50: "p50, ms", p99: "p99, ms", writers: "MariaDB at work", trips: "round trips an attempt",
    attempts: "Attempts a second, by what became of them", down: "down", shop: "the shop",
    no_sale: "Open a sale and send a crowd.",
    new_sale: "New sale", crowd: "Send the crowd", kill_web: "Kill the web", stall_mysql: "Stall MariaDB",
    kill_mysql: "Kill MariaDB", stall_redis: "Stall Redis", kill_redis: "Kill Redis", cut_reply: "Cut a reply",
    flush_redis: "Flush Redis", kill_worker: "Kill a worker", pause_worker: "Pause the workers",
    order: "order", ticket: "ticket", sold_out: "sold out", limit_reached: "limit reached", busy: "busy",
  },
  zh: {
    sold: "已售", left_redis: "Redis 里还剩", left_mariadb: "MariaDB 里还剩", queue: "队列里在等",
    orders: "每秒成单", p50: "p50，毫秒", p99: "p99，毫秒", writers: "MariaDB 正在干活", trips: "每次抢购的来回数",
    attempts: "每秒抢购次数，按结果分", down: "没了", shop: "商店",
    no_sale: "开一场活动，再放人进来。",
    new_sale: "新活动", crowd: "放人进来", kill_web: "杀掉 Web", stall_mysql: "卡住 MariaDB",
    kill_mysql: "杀掉 MariaDB", stall_redis: "卡住 Redis", kill_redis: "杀掉 Redis", cut_reply: "剪掉一个回复",
    flush_redis: "清空 Redis", kill_worker: "杀掉一个工作进程", pause_worker: "暂停工作进程",
    order: "成交", ticket: "排队票据", sold_out: "售罄", limit_reached: "超限购", busy: "请稍后再试",
  },
};
const COLOURS = ["#3fb950", "#58a6ff", "#d29922", "#f778ba", "#ff7b72", "#a371f7", "#8b949e"];
const KNOWN = ["order", "ticket", "sold_out", "limit_reached", "busy"];
const SECONDS = 60;

let about = null;
let readings = [];
const shown = new Set(["sold", "left-mariadb", "orders", "p50", "p99", "writers", "trips"]);
let broken = null; // the first violation of this sale: a light that turned red stays red

function showAgain() {
  if (about) showAbout();
  if (readings.length) show(readings.at(-1));
}

function showAbout() {
  $("title").textContent = about.title;
  document.title = about.title;
  $("shop").href = about.shop;
  $("shop").textContent = say("shop");
  showButtons(about.actions, (name) => (name === "crowd" ? "crowd" : name === "new_sale" ? "" : "breaks"));
}

function hear(reading) {
  if (readings.length && readings.at(-1).sale !== reading.sale) broken = null;
  readings.push(reading);
  readings = readings.filter((each) => each.at > reading.at - SECONDS);
  show(reading);
}

/** What was a second ago, for a rate: the latest reading at least a second older. */
function before(reading, seconds) {
  return readings.filter((each) => each.at <= reading.at - seconds).at(-1) ?? readings[0];
}

const total = (counts) => Object.values(counts).reduce((sum, count) => sum + count, 0);

function show(reading) {
  const old = before(reading, 1);
  const passed = reading.at - old.at || 1;
  const facts = reading.facts;
  put("sold", facts && `${facts.sold} / ${facts.initial}`, reading.up.MariaDB);
  put("left-redis", reading.left_redis, reading.up.Redis);
  put("left-mariadb", facts && facts.left, reading.up.MariaDB);
  put("queue", reading.queue, reading.up.Redis);
  put("orders", facts && old.facts && old.sale === reading.sale ? Math.max(0, Math.round((facts.orders - old.facts.orders) / passed)) : null, true);
  put("writers", reading.writers, reading.up.MariaDB);
  const slow = before(reading, 5);
  put("p50", quantile(slow.buckets, reading.buckets, 0.5), true);
  put("p99", quantile(slow.buckets, reading.buckets, 0.99), true);
  put("trips", trips(slow, reading), true);
  showLight(reading);
  draw();
}

function put(id, value, up) {
  $(id).textContent = up ? value ?? "–" : say("down");
  $(id).parentElement.classList.toggle("down", !up);
  $(id).parentElement.hidden = up && !shown.has(id) && (value ?? null) === null; // no such thing on this stage
  if (!$(id).parentElement.hidden) shown.add(id);
}

function trips(old, now) {
  const attempts = total(now.outcomes) - total(old.outcomes);
  if (attempts < 20 || now.trips_mariadb === null || now.trips_redis === null) return null;
  const all = now.trips_mariadb - old.trips_mariadb + now.trips_redis - old.trips_redis;
  return all >= 0 ? `≈ ${(all / attempts).toFixed(1)}` : null;
}

/** From two cumulative histograms: the upper edge of the bucket that the quantile falls into. */
function quantile(old, now, share) {
  const edges = Object.keys(now).map((edge) => [edge === "+Inf" ? Infinity : Number(edge), now[edge] - (old[edge] ?? 0)]);
  edges.sort((one, other) => one[0] - other[0]);
  const all = edges.at(-1)?.[1] ?? 0;
  if (all <= 0) return null;
  const edge = edges.find(([, count]) => count >= share * all)[0];
  return edge === Infinity ? "> 10 s" : `≤ ${Math.round(edge * 1000)}`;
}

function showLight(reading) {
  broken = broken ?? reading.verdicts.find((verdict) => verdict.state === "broken");
  const state = broken ? "broken" : reading.verdicts.length ? "kept" : "waiting";
  $("light").dataset.state = state;
  $("light-word").textContent = broken ? `${say("broken")}: ${say(broken.name)}` : say(state);
  const name = broken ? broken.name : "no_oversell";
  const now = reading.verdicts.find((verdict) => verdict.name === name) ?? broken;
  $("light-sentence").textContent = now ? now.sentence : say("no_sale");
}

function draw() {
  const canvas = $("chart");
  const scale = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = width * scale;
  canvas.height = height * scale;
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  const names = [...KNOWN, ...Object.keys(readings.at(-1).outcomes).filter((name) => !KNOWN.includes(name))]
    .filter((name) => readings.at(-1).outcomes[name]);
  const rates = readings.slice(1).map((now, index) => {
    const old = readings[index];
    return { at: now.at, by: names.map((name) => Math.max(0, (now.outcomes[name] ?? 0) - (old.outcomes[name] ?? 0)) / (now.at - old.at)) };
  });
  const highest = Math.max(10, ...rates.map((rate) => rate.by.reduce((sum, value) => sum + value, 0)));
  const end = readings.at(-1).at;
  const bar = width / (SECONDS * 2);
  for (const rate of rates) {
    let base = height;
    rate.by.forEach((value, index) => {
      const tall = (height - 24) * value / highest;
      pen.fillStyle = COLOURS[index % COLOURS.length];
      pen.fillRect(width - (end - rate.at) / SECONDS * width - bar, base - tall, Math.max(1, bar - 1), tall);
      base -= tall;
    });
  }
  pen.fillStyle = "#b1bac4";
  pen.font = "14px system-ui, sans-serif";
  pen.fillText(`${Math.round(highest)} / s`, 8, 18);
  $("legend").replaceChildren(...names.map((name, index) => {
    const item = document.createElement("span");
    const dot = document.createElement("i");
    dot.style.background = COLOURS[index % COLOURS.length];
    item.append(dot, `${say(name)} ${readings.at(-1).outcomes[name]}`);
    return item;
  }));
}

live(WORDS, { about: (told) => { about = told; showAgain(); }, reading: hear }, showAgain);
