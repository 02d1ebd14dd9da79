// The duel's page: two stages, the same crowd at each in turn. Both curves are drawn to one scale.
import { $, fill, live, made, page, say, showButtons } from "./live.js";

const WORDS = {
  en: {
    start: "Send the crowd", crowd: "{buyers} buyers want {units} units: {presses} presses within half a second, at each stage in turn",
    ready: "READY", going: "SELLING …", of: "sold of {units}", verdict: "Verdict", picture: "Picture for a slide (SVG)",
    accepted: "told “it is yours”", refused: "told a clear no", unknown: "told nothing clear",
    buyers_over_limit: "buyers over the limit", acknowledged_but_missing: "promised and not there",
    sent_away: "times that somebody was sent away for a moment",
    p50_ms: "half knew an answer within", p99_to_end_ms: "99 of 100 knew for good within", ms: "{n} ms",
    units: "units promised", stock: "the stock: {units}", seconds: "{n} s after the first press",
    kept_all: "{stage} sold {sold} of {units}: every promise kept; 99 of 100 knew within {p99_to_end_ms} ms.",
    over: "{stage} sold {sold} of {units}: {oversold} units were promised that do not exist.",
    not_kept: "{stage} sold {sold} of {units}; not kept: {failed}.",
    acknowledged: "what was promised is there", window: "only while open", price: "the sale's price", tickets_end: "every ticket ends",
  },
  zh: {
    start: "放人进来", crowd: "{buyers} 位买家抢 {units} 件：半秒内点 {presses} 次，两关轮流来",
    ready: "就绪", going: "正在卖……", of: "件已售，共 {units} 件", verdict: "结论", picture: "放进幻灯片的图（SVG）",
    accepted: "被告知“归你了”", refused: "被明确拒绝", unknown: "没得到明确答复",
    buyers_over_limit: "超过限购的买家", acknowledged_but_missing: "答应了却没有的订单",
    sent_away: "请人稍后再来的次数",
    p50_ms: "一半人得到答复，用时", p99_to_end_ms: "99% 的人知道最终结果，用时", ms: "{n} 毫秒",
    units: "已答应的件数", stock: "库存：{units}", seconds: "第一次点击后 {n} 秒",
    kept_all: "{stage} 卖出 {sold} 件，共 {units} 件：说到做到；99% 的人在 {p99_to_end_ms} 毫秒内知道结果。",
    over: "{stage} 卖出 {sold} 件，可总共只有 {units} 件：多答应了 {oversold} 件不存在的货。",
    not_kept: "{stage} 卖出 {sold} 件，共 {units} 件；没守住：{failed}。",
    acknowledged: "答应的都在", window: "只在开售期间卖", price: "按活动价卖", tickets_end: "每张票据都有结局",
  },
};
const TOLD = ["accepted", "refused", "unknown"];
const FIGURES = ["buyers_over_limit", "acknowledged_but_missing", "sent_away", "p50_ms", "p99_to_end_ms"];

let about = null;
let reading = null;

function show() {
  if (!about || !reading?.sides) return;
  $("title").textContent = reading.sides.map((side) => side.stage.slice(0, 3)).join(" : ");
  document.title = $("title").textContent;
  $("crowd").textContent = fill("crowd", about);
  while ($("sides").children.length < reading.sides.length) $("sides").append(newSide());
  reading.sides.forEach((side, index) => showSide($("sides").children[index], side));
  const figures = reading.sides.map((side) => side.figures);
  const over = figures.every(Boolean);
  $("verdict").hidden = !over;
  $("picture").hidden = !reading.pictured;
  if (over) [$("first").textContent, $("second").textContent] = figures.map(inALine);
}

function newSide() {
  const side = made("article", "side");
  side.append(made("h2", ""), made("div", "light"), made("div", "sold"), document.createElement("canvas"),
    document.createElement("table"), document.createElement("ul"));
  return side;
}

function showSide(box, side) {
  const [heading, light, sold, canvas, table, list] = box.children;
  const figures = side.figures;
  const state = figures ? (failed(figures).length ? "broken" : "kept") : side.going ? "going" : "ready";
  const units = figures?.units ?? side.facts?.initial ?? about.units;
  const count = figures?.sold ?? side.facts?.sold ?? 0;
  box.dataset.state = state;
  box.dataset.over = count > units ? "yes" : "no";
  heading.replaceChildren(side.stage, made("small", "", side.title[page.language]));
  light.textContent = say(state);
  sold.replaceChildren(String(count), " ", made("small", "", fill("of", { units })));
  const rows = TOLD.map((name) => [name, side.counts[name]]);
  if (figures) rows.push(...FIGURES.map((name) => [name, figures[name]]));
  table.replaceChildren(...rows.map(row));
  list.replaceChildren(...(figures?.verdicts ?? []).map(verdict));
  list.hidden = !figures;
  draw(canvas, side.curve, units, state);
}

function row([name, value]) {
  const line = made("tr", /over|missing/.test(name) && value ? "bad" : "");
  const said = name.endsWith("_ms") ? (value === null ? "–" : fill("ms", { n: value })) : value;
  line.append(made("td", "", say(name)), made("td", "", said));
  return line;
}

const MARKS = { kept: "✔", broken: "✘", unknown: "?" };

function verdict(each) {
  const item = made("li", "", `${MARKS[each.state]} ${say(each.name)}`);
  item.dataset.state = each.state;
  item.title = each.sentence;
  return item;
}

const failed = (figures) => figures.verdicts.filter((each) => each.state !== "kept");

function inALine(figures) {
  const wrong = failed(figures).map((each) => say(each.name)).join(page.language === "zh" ? "、" : ", ");
  return fill(figures.oversold ? "over" : wrong ? "not_kept" : "kept_all", { ...figures, failed: wrong });
}

/** Units promised over time, and the stock as a line that must not be crossed. */
function draw(canvas, curve, units, state) {
  const scale = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = width * scale;
  canvas.height = height * scale;
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  const all = reading.sides.flatMap((side) => side.curve);
  const longest = Math.max(1, ...all.map(([at]) => at));
  const highest = 1.25 * Math.max(units, ...all.map(([, sum]) => sum));
  const [left, bottom] = [20, height - 28];
  const x = (at) => left + (at / longest) * (width - 2 * left);
  const y = (sum) => bottom - (sum / highest) * (bottom - 12);
  pen.font = "15px system-ui, sans-serif";
  pen.fillStyle = "#b1bac4";
  pen.textAlign = "right";
  pen.fillText(fill("seconds", { n: longest.toFixed(1) }), width - left, height - 8);
  pen.strokeStyle = "#e3b341";
  pen.lineWidth = 2;
  pen.setLineDash([8, 6]);
  stroke(pen, [[left, y(units)], [width - left, y(units)]]);
  pen.setLineDash([]);
  pen.fillStyle = "#e3b341";
  pen.fillText(fill("stock", { units }), width - left, y(units) + 18);
  if (!curve.length) return;
  pen.strokeStyle = state === "broken" ? "#ff7b72" : "#56d364";
  pen.lineWidth = 4;
  const steps = curve.flatMap(([at, sum], index) => [[x(at), y(curve[index - 1]?.[1] ?? 0)], [x(at), y(sum)]]);
  stroke(pen, [[x(0), y(0)], ...steps, [width - left, steps.at(-1)[1]]]);
  pen.fillStyle = pen.strokeStyle;
  pen.fillText(`${curve.at(-1)[1]} ${say("units")}`, width - left, steps.at(-1)[1] - 10);
}

function stroke(pen, points) {
  pen.beginPath();
  points.forEach(([x, y], index) => (index ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.stroke();
}

live(WORDS, {
  about: (told) => { about = told; showButtons(about.actions, () => "crowd"); show(); },
  reading: (told) => { reading = told; show(); },
}, () => { if (about) showButtons(about.actions, () => "crowd"); show(); });
