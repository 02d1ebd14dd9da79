/* The playable scheduler: plays the recorded tree of all schedules of two actors.

   Every page with a <div class="scheduler"> brings its recordings and its words as JSON; what the tree holds is
   described at the head of common/proof/export.py. Nothing is made up here: each reply, each stock and each order
   is what a real server said when that schedule was played on it. */
(() => {
  "use strict";

  const KEYS = { 1: 0, 2: 1, ArrowLeft: 0, ArrowRight: 1 };
  const ANYWHERE = ["1", "2"]; // as long as the widget is in sight and nothing else has the focus
  const WAITS = "";

  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (value !== false && value !== null) made.setAttribute(name, value === true ? "" : value);
    }
    made.append(...children.filter((child) => child !== null));
    return made;
  }

  /** A statement with its keywords marked. A key is broken where its parts meet, if it has to be. */
  function statement(text) {
    const code = element("code");
    for (const piece of text.split(/(\b[A-Z]{2,}\b|(?<=[:.])(?=\S))/)) {
      code.append(/^[A-Z]{2,}$/.test(piece) ? element("b", {}, piece) : piece || element("wbr"));
    }
    return code;
  }

  /** A command whose options keep their dashes: a line that ends in `--` says nothing. */
  function command(text) {
    return element("code", {}, ...text.split(/((?<=\s)--\w+)/).map((part, at) => (at % 2 ? element("span", { class: "whole" }, part) : part)));
  }

  // ---- The tree ----

  /** One recording: what can happen, and what has been tried. */
  class Recording {
    constructor({ name, title, command, tree }) {
      Object.assign(this, { name, title, command, tree });
      this.actors = Object.keys(tree.actors);
      this.tried = new Map(); // schedule -> whether it broke something
    }

    /** What has happened after `schedule`; null when it cannot be followed. */
    play(schedule) {
      const { nodes, texts, states, units, reserved = 0 } = this.tree;
      const inRedis = states.some((state) => state[1] !== null);
      const story = { schedule, node: nodes[this.tree.root], moves: [], waiting: {}, state: [units, inRedis ? units - reserved : null, {}] };
      for (const actor of schedule) {
        const move = story.node[actor];
        if (!move) return null;
        const [server, step, next, replies, state] = move;
        story.moves.push({ actor, server: texts[server], step: texts[step], reply: actor in replies ? texts[replies[actor]] : WAITS });
        if (actor in replies) delete story.waiting[actor];
        else story.waiting[actor] = texts[server];
        for (const [other, reply] of Object.entries(replies)) {
          if (other === actor) continue;
          story.moves.push({ actor: other, server: story.waiting[other], late: true, reply: texts[reply] });
          delete story.waiting[other];
        }
        story.node = nodes[next];
        story.state = states[state];
      }
      return story;
    }

    /** What an actor does next, or null. */
    next(story, actor) {
      const move = story.node.end ? null : story.node[actor];
      return move ? this.tree.texts[move[1]] : null;
    }

    /** How an actor ended, which is the same on every path that is left once it has. */
    outcome(story, actor) {
      let node = story.node;
      while (!node.end) node = this.tree.nodes[Object.values(node)[0][2]];
      return this.tree.texts[node.end[actor]];
    }

    verdict(story) {
      return Object.entries(story.node.broken).map(([name, text]) => ({ name, sentence: this.tree.texts[text] }));
    }

    /** Every schedule there is, with whether it breaks something. */
    *all(number = this.tree.root, schedule = "") {
      const node = this.tree.nodes[number];
      if (node.end) yield [schedule, Object.keys(node.broken).length > 0];
      else for (const [actor, move] of Object.entries(node)) yield* this.all(move[2], schedule + actor);
    }

    /** The shortest and least entangled schedule that breaks something, or null. */
    shortest() {
      const switches = (schedule) => [...schedule].filter((actor, at) => at && actor !== schedule[at - 1]).length;
      const bad = [...this.all()].filter(([, broken]) => broken).map(([schedule]) => schedule);
      bad.sort((a, b) => a.length - b.length || switches(a) - switches(b) || (a < b ? -1 : 1));
      return bad[0] ?? null;
    }
  }

  // ---- The widget ----

  class Scheduler {
    constructor(root) {
      const { words, shops } = JSON.parse(root.querySelector("script").textContent);
      this.root = root;
      this.words = words;
      this.shops = shops.map((shop) => new Recording(shop));
      this.at = 0;
      this.schedule = "";
      this.build();
      this.follow(new URL(location.href).searchParams);
      this.draw();
    }

    get shop() {
      return this.shops[this.at];
    }

    /** Open what a shared link asks for. */
    follow(query) {
      const at = this.shops.findIndex((shop) => shop.name === query.get("shop"));
      const schedule = query.get("schedule") ?? "";
      if (at < 0 || !this.shops[at].play(schedule)) return;
      this.at = at;
      this.schedule = schedule;
      this.note();
      requestAnimationFrame(() => this.root.scrollIntoView({ block: "start" }));
    }

    name(actor) {
      const title = this.shop.tree.actors[actor] ?? actor; // who is no actor goes by its title
      return this.words.actors?.[title] ?? title;
    }

    // -- what can be done

    move(actor) {
      const story = this.shop.play(this.schedule);
      if (!this.shop.next(story, actor)) return;
      const before = story.moves.length;
      this.schedule += actor;
      this.note();
      this.draw(this.tell(before));
    }

    undo() {
      this.schedule = this.schedule.slice(0, -1);
      this.draw();
    }

    again() {
      this.schedule = "";
      this.draw(this.words.start);
      this.buttons[0].focus();
    }

    choose(at) {
      this.at = at;
      this.again();
    }

    solve() {
      this.schedule = this.shop.shortest();
      this.note();
      this.draw();
    }

    tryAll() {
      for (const [schedule, broken] of this.shop.all()) this.shop.tried.set(schedule, broken);
      this.draw(this.count(true));
    }

    async share() {
      const link = new URL(location.href);
      link.hash = "";
      link.search = new URLSearchParams({ shop: this.shop.name, schedule: this.schedule });
      try {
        await navigator.clipboard.writeText(link.href);
        this.status.textContent = this.words.shared;
      } catch {
        this.status.replaceChildren(`${this.words.share_by_hand} `, element("code", {}, link.href));
      }
    }

    /** Remember a schedule that has come to its end. */
    note() {
      const story = this.shop.play(this.schedule);
      if (story.node.end) this.shop.tried.set(this.schedule, this.shop.verdict(story).length > 0);
    }

    // -- what is said

    tell(before = -1) {
      return this.shop.play(this.schedule).moves.slice(before).map((move) => {
        const values = { ...move, number: this.schedule.length, actor: this.name(move.actor) };
        return fill(move.late ? this.words.said_late : move.reply === WAITS ? this.words.said_waits : this.words.said, values);
      }).join(" ");
    }

    outcome(text) {
      const { words } = this;
      const order = /^gets an order for (\d+)/.exec(text);
      const refused = /^is refused: (.*)/.exec(text);
      const fails = /^fails: (.*)/.exec(text);
      if (order) return fill(words.order, { n: order[1] });
      if (refused) return fill(words.refused, { why: words.refusals?.[refused[1]] ?? refused[1] });
      if (fails) return fill(words.fails, { why: fails[1] });
      return { "is done": words.done, "was killed": words.killed, "comes too late": words.too_late }[text] ?? text;
    }

    /** What the judge said, in the words of the page. */
    sentence(text) {
      for (const { pattern, say } of this.words.sentences ?? []) {
        const found = new RegExp(pattern).exec(text);
        if (found) return fill(say, found);
      }
      return text;
    }

    count(all = false) {
      const bad = [...this.shop.tried.values()].filter(Boolean).length;
      const values = { n: this.shop.tried.size, all: this.shop.tree.schedules, bad };
      if (all) return fill(bad ? this.words.all_found : this.words.all_none, values);
      return this.shop.tried.size ? fill(this.words.tried, values) : "";
    }

    // -- what is drawn

    build() {
      const { words } = this;
      const part = (name, attributes = {}) => element("div", { class: `scheduler-${name}`, ...attributes });
      this.goal = element("p", { class: "scheduler-goal" });
      this.tabs = part("shops", { role: "group", "aria-label": words.shops });
      this.servers = part("servers");
      this.buttons = [0, 1].map((at) => element("button", { type: "button", class: `scheduler-next of-${at}`, onclick: () => this.move(this.shop.actors[at]) }));
      this.status = element("p", { class: "scheduler-status", role: "status", "aria-live": "polite" }, words.start);
      this.verdict = part("verdict");
      this.log = element("ol", { class: "scheduler-log", "aria-label": words.log });
      this.tools = part("tools");
      this.counter = element("p", { class: "scheduler-counter" });
      this.real = element("p", { class: "scheduler-real" });
      const heading = element("p", { class: "scheduler-title" }, words.title);
      const lanes = part("lanes");
      lanes.append(...this.buttons);
      this.root.replaceChildren(heading, this.goal, this.tabs, this.servers, lanes, this.status, this.verdict, this.log, this.tools,
        this.counter, this.real, element("p", { class: "scheduler-keys" }, words.keys));
      this.root.setAttribute("role", "group");
      this.root.setAttribute("aria-label", words.title);
      this.root.addEventListener("keydown", (event) => this.press(event));
      this.root.classList.add("is-ready");
    }

    /** Whether what is played can be watched: both buttons are on the screen. */
    get inSight() {
      return this.buttons.every((button) => {
        const { top, bottom, height } = button.getBoundingClientRect();
        return height > 0 && top >= 0 && bottom <= innerHeight;
      });
    }

    press(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key in KEYS) this.move(this.shop.actors[KEYS[event.key]]);
      else if (event.key === "Backspace") this.undo();
      else return;
      event.preventDefault();
      event.stopPropagation();
    }

    draw(said = this.schedule ? this.tell() : this.words.start) {
      const story = this.shop.play(this.schedule);
      this.drawShops();
      this.drawServers(story);
      this.buttons.forEach((button, at) => this.drawButton(button, story, this.shop.actors[at]));
      this.drawVerdict(story);
      this.log.replaceChildren(...this.rows(story));
      this.drawTools(story);
      this.counter.textContent = this.count();
      this.real.replaceChildren(`${this.words.real} `, command(`${this.shop.command}${this.schedule ? ` --replay ${this.schedule}` : ""}`));
      this.status.textContent = said;
    }

    drawShops() {
      const { tree } = this.shop;
      this.goal.textContent = tree.scenario === "one-unit" ? this.words.goal_one : fill(this.words.goal_other, { title: this.words.titles?.[tree.scenario] ?? tree.title });
      if (this.shops.length < 2) return;
      this.tabs.replaceChildren(...this.shops.map((shop, at) =>
        element("button", { type: "button", "aria-pressed": String(at === this.at), onclick: () => this.choose(at) },
          element("b", {}, shop.name.slice(0, 3)), ` ${shop.title}`)));
    }

    drawServers({ state: [stock, left, orders] }) {
      const { words, shop } = this;
      const sold = Object.values(orders).reduce((sum, units) => sum + units, 0);
      const { units } = shop.tree;
      const box = (name, ...lines) => element("div", { class: "scheduler-server" }, element("span", {}, name), ...lines);
      const number = (value, unit) => element("p", {}, element("strong", {}, String(value)), ` ${unit}`);
      const bought = Object.entries(orders).flatMap(([buyer, units]) => Array(units).fill(0).map(() =>
        element("i", { class: `of-${Math.max(shop.actors.indexOf(buyer), 0)}` }, this.name(buyer))));
      this.servers.replaceChildren(
        left === null ? "" : box(words.redis, number(left, words.stock)),
        box(words.mariadb, number(stock, words.stock)),
        box(`${words.mariadb} · ${words.orders}`, element("p", { class: "orders" }, ...(bought.length ? bought : [words.no_orders]))),
        element("p", { class: `scheduler-sold${sold > units ? " too-many" : ""}` }, fill(words.sold, { sold, units })),
      );
    }

    drawButton(button, story, actor) {
      const step = this.shop.next(story, actor);
      const what = step ? statement(step) : element("em", {}, actor in story.waiting ? `⏳ ${this.words.waits}` : this.outcome(this.shop.outcome(story, actor)));
      const key = element("kbd", { "aria-hidden": "true" }, String(this.shop.actors.indexOf(actor) + 1));
      button.replaceChildren(element("span", { class: "who" }, this.name(actor), key), step ? element("span", { class: "go" }, `▶ ${this.words.run}`) : "", what);
      button.setAttribute("aria-disabled", String(!step)); // stays focusable: the keyboard does not lose its place
    }

    drawVerdict(story) {
      this.verdict.replaceChildren();
      this.verdict.className = "scheduler-verdict";
      if (!story.node.end) return;
      const broken = this.shop.verdict(story);
      const oversold = broken.some((each) => each.name === "no_oversell");
      const headline = oversold ? this.words.broken : broken.length ? this.words.broken_other : this.words.kept;
      this.verdict.classList.add(broken.length ? "is-broken" : "is-kept");
      this.verdict.append(element("p", { class: "headline" }, headline),
        element("p", {}, this.shop.actors.map((actor) => `${this.name(actor)} ${this.outcome(this.shop.outcome(story, actor))}`).join(" · ")),
        ...broken.map((each) => element("p", {}, "✘ ", element("code", {}, each.name), ` ${this.sentence(each.sentence)}`)));
    }

    rows({ moves }) {
      let number = 0;
      return moves.map((move) => {
        const at = this.shop.actors.indexOf(move.actor);
        const reply = move.reply === WAITS ? `⏳ ${this.words.waits}` : move.reply;
        return element("li", { class: `of-${at}` },
          element("span", { class: "number", "aria-hidden": "true" }, move.late ? "" : String(++number)),
          element("span", { class: "step" }, element("span", { class: "unseen" }, `${this.name(move.actor)}: `), move.late ? element("em", {}, this.words.late) : statement(move.step)),
          element("span", { class: "reply" }, element("small", {}, move.server), element("code", {}, reply)));
      });
    }

    /** What the next shop is called here: its stage, or its title where both are of one stage. */
    nextShop(following) {
      const stage = following.name.slice(0, 3);
      return this.shop.name.startsWith(stage) ? following.title : stage;
    }

    drawTools(story) {
      const { words } = this;
      const tool = (text, onclick, disabled = false) => element("button", { type: "button", onclick, disabled }, text);
      const following = this.shops[this.at + 1];
      const solvable = this.shop.shortest() !== null;
      const bad = story.node.end && this.shop.verdict(story).length > 0;
      const next = following && bad ? tool(fill(words.next_shop, { shop: this.nextShop(following) }), () => this.choose(this.at + 1)) : null;
      next?.classList.add("is-next");
      this.tools.replaceChildren(...[next,
        tool(words.undo, () => this.undo(), !this.schedule),
        tool(words.again, () => this.again(), !this.schedule),
        solvable ? tool(words.solve, () => this.solve()) : null,
        tool(fill(words.all, { n: this.shop.tree.schedules }), () => this.tryAll()),
        tool(words.share, () => this.share(), !this.schedule)].filter(Boolean));
    }
  }

  const all = [...document.querySelectorAll(".scheduler")].map((root) => new Scheduler(root));
  document.addEventListener("keydown", (event) => {
    if (event.target !== document.body || !ANYWHERE.includes(event.key)) return;
    all.find((each) => each.inSight)?.press(event);
  });
})();
