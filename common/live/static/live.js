// What every live page does: it speaks two languages, hears readings as server-sent events, and has buttons that
// only whoever has the key can press.

const EVERYWHERE = {
  en: { lost: "This page's server does not answer any more.", kept: "KEPT", broken: "BROKEN", waiting: "WAITING",
    no_oversell: "no oversell", purchase_limit: "purchase limit", conserved: "every unit sold or buyable" },
  zh: { lost: "这一页的服务器没有响应了。", kept: "守住", broken: "打破", waiting: "等待",
    no_oversell: "不超卖", purchase_limit: "限购", conserved: "每件不是卖了就是能买" },
};

export const $ = (id) => document.getElementById(id);
export const key = new URLSearchParams(location.search).get("key");
export const page = { language: navigator.language.startsWith("zh") ? "zh" : "en", words: EVERYWHERE };

export const say = (word) => page.words[page.language][word] ?? EVERYWHERE[page.language][word] ?? word;

/** Put `values` into the {places} of a sentence. */
export const fill = (word, values) => say(word).replace(/\{(\w+)\}/g, (_, name) => values[name]);

/** Begin, and return the stream: `hear` are the kinds of events and who hears them; `again` shows everything anew, in another language. */
export function live(words, hear, again, from = "/readings") {
  page.words = words;
  const stream = new EventSource(from);
  for (const [kind, listener] of Object.entries(hear)) {
    stream.addEventListener(kind, (event) => listener(JSON.parse(event.data)));
  }
  stream.onerror = () => { $("said").textContent = say("lost"); };
  stream.onopen = () => { $("said").textContent = ""; };
  const speak = () => {
    document.documentElement.lang = page.language === "zh" ? "zh-CN" : "en";
    for (const each of document.querySelectorAll("[data-say]")) each.textContent = say(each.dataset.say);
    $("language").textContent = page.language === "zh" ? "English" : "中文";
    $("language").lang = page.language === "zh" ? "en" : "zh";
    again();
  };
  $("language").onclick = () => { page.language = page.language === "zh" ? "en" : "zh"; speak(); };
  speak();
  return stream;
}

/** An element, with a class and a text. */
export function made(tag, name, text = "") {
  const element = document.createElement(tag);
  element.className = name;
  element.textContent = text;
  return element;
}

/** A button for each action, for who has the key. */
export function showButtons(actions, kind) {
  if (!key) return;
  $("buttons").hidden = false;
  $("buttons").replaceChildren(...actions.map((name) => {
    const button = made("button", kind(name), say(name));
    button.type = "button";
    button.onclick = () => press(name, button);
    return button;
  }));
}

async function press(name, button) {
  button.disabled = true;
  try {
    const answer = await fetch(`/do/${name}`, { method: "POST", headers: { "X-Lab-Key": key } });
    $("said").textContent = (await answer.json()).said;
  } catch {
    $("said").textContent = say("lost");
  }
  button.disabled = false;
}
