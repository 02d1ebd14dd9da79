// The projector of a room sale: the way in, the countdown, and what MariaDB says was sold.
import { $, fill, live, page, say, showButtons } from "./live.js";

const WORDS = {
  en: {
    open: "Open in 5 seconds", invite: "Take your phone:", only_here: "Only this machine can open it (--lan lets phones in):", here: "phones are in",
    of: "sold of {units}", opens: "seconds, then {units} units are on sale", yes: "phones were told “it is yours”", later: "hold a ticket and wait",
    no: "were told no", unclear: "got no clear answer", round: "round {round}", selling: "SELLING …", too_many: "{many} too many",
    how: "Presses of the first second reach the shop together, as those of a bigger crowd would. The verdict is the oracle's, read from MariaDB and Redis.",
  },
  zh: {
    open: "5 秒后开抢", invite: "拿出手机：", only_here: "只有这台电脑打得开（加 --lan 才放手机进来）：", here: "部手机已进场",
    of: "件已售，共 {units} 件", opens: "秒后开抢，共 {units} 件", yes: "部手机被告知“抢到了”", later: "部拿着票据在等",
    no: "部被明确拒绝", unclear: "部没得到明确答复", round: "第 {round} 轮", selling: "正在卖……", too_many: "多卖了 {many} 件",
    how: "第一秒里的点击攒在一起交给商城，就像人多时那样。结论由裁判从 MariaDB 和 Redis 里读出，不听手机的。",
  },
};

let about = null;
let reading = null;
let broken = null; // the first violation of this round: a light that turned red stays red

function show() {
  if (!about) return;
  $("title").textContent = about.title;
  document.title = about.title;
  $("qr").src = about.qr;
  $("address").textContent = about.phones;
  $("invite").textContent = say(about.lan ? "invite" : "only_here");
  if (!reading?.state) return;
  document.body.dataset.state = reading.state;
  $("stage").textContent = about.stage[page.language] + (reading.round ? ` · ${fill("round", reading)}` : "");
  $("here").textContent = reading.here;
  $("sale").hidden = reading.state === "lobby";
  for (const [word, count] of Object.entries(reading.told)) $(word).textContent = count;
  $("later").parentElement.hidden = !reading.told.later;
  $("unclear").parentElement.hidden = !reading.told.unclear;
  const units = reading.facts?.initial ?? reading.units;
  const counting = reading.state === "countdown";
  $("count").textContent = counting ? Math.ceil(reading.opens_in) : reading.facts?.sold ?? "–";
  $("of").textContent = fill(counting ? "opens" : "of", { units });
  $("big").dataset.over = !counting && reading.facts?.sold > units ? "yes" : "no";
  showLight();
}

function showLight() {
  const verdicts = reading.verdicts ?? [];
  broken = broken ?? verdicts.find((each) => each.state === "broken");
  const kept = verdicts.length && verdicts.every((each) => each.state === "kept");
  $("light").dataset.state = broken ? "broken" : kept ? "kept" : "waiting";
  $("light-word").textContent = broken ? `${say("broken")}: ${say(broken.name)}` : kept ? say("kept") : say(reading.state === "open" ? "selling" : "waiting");
  $("light-sentence").textContent = broken ? whatIsBroken(verdicts) : "";
}

/** The big number says it already, but for how many; of anything else, what the oracle says now. */
function whatIsBroken(verdicts) {
  const many = reading.facts && reading.facts.sold - reading.facts.initial;
  if (broken.name === "no_oversell" && many > 0) return fill("too_many", { many });
  return (verdicts.find((each) => each.name === broken.name) ?? broken).sentence;
}

const again = () => { if (about) showButtons(about.actions, () => "crowd"); show(); };

live(WORDS, {
  about: (told) => { about = told; again(); },
  reading: (told) => { if (told.round !== reading?.round) broken = null; reading = told; show(); },
}, again);
