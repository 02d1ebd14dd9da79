/* Slides: one at a time, each as large as fits. Without this script they stand below each other, all to be read. */
(async () => {
  "use strict";

  const root = document.documentElement;
  const slides = [...document.querySelectorAll(".slide")];
  const place = document.querySelector(".deck-place");
  const notes = document.querySelector("[data-notes]");
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const small = matchMedia("(max-width: 44.9em)").matches; // a phone: they are scrolled, not turned
  let at = 0;

  if (dark) document.body.dataset.mdColorScheme = "slate";

  /** As large as the sheet allows: text of a few words grows, a long listing shrinks. Its notes stand below it, or beside it. */
  function fit(slide) {
    const body = slide.querySelector(".slide-body");
    const closed = [...body.querySelectorAll("details:not([open])")];
    closed.forEach((each) => { each.open = true; }); // there has to be room for the answer
    const below = largest(body);
    if (body.querySelector(":scope > .notes")) {
      body.classList.add("is-beside");
      if (largest(body) <= below) {
        body.classList.remove("is-beside");
        body.style.zoom = below;
      }
    }
    closed.forEach((each) => { each.open = false; });
  }

  function largest(body) {
    const wide = [body, ...body.querySelectorAll("pre, pre > code, table, .grid-of-guarantees")];
    for (let zoom = 1.35; zoom > 0.3; zoom -= 0.05) {
      body.style.zoom = zoom;
      if (body.scrollHeight <= body.clientHeight + 1 && wide.every((each) => each.scrollWidth <= each.clientWidth + 1)) return zoom;
    }
    return 0;
  }

  function show(number) {
    at = Math.max(0, Math.min(slides.length - 1, number));
    slides.forEach((slide, each) => slide.classList.toggle("is-shown", each === at));
    place.textContent = `${at + 1} / ${slides.length}`;
    history.replaceState(null, "", `#${at + 1}`);
    reach();
  }

  /** What may scroll can be scrolled by keyboard: besides what reading.js knows of. */
  function reach() {
    for (const each of document.querySelectorAll(".slide, .slide-body, .slide-notes, .slide table")) {
      if (each.scrollHeight > each.clientHeight || each.scrollWidth > each.clientWidth) each.tabIndex = 0;
    }
  }

  /** The next thing to be seen: the answer to the question that is shown, or the next slide. */
  function forth() {
    const closed = slides[at].querySelector("details:not([open])");
    if (closed) closed.open = true;
    else show(at + 1);
  }

  function showNotes() {
    const shown = root.classList.toggle("with-notes");
    notes.setAttribute("aria-pressed", String(shown));
    reach();
  }

  const KEYS = {
    ArrowRight: forth, PageDown: forth, " ": forth,
    ArrowLeft: () => show(at - 1), PageUp: () => show(at - 1),
    Home: () => show(0), End: () => show(slides.length - 1),
    n: showNotes, N: showNotes,
  };

  notes.addEventListener("click", showNotes);
  if (window.mermaid) {
    mermaid.initialize({ startOnLoad: false, theme: dark ? "dark" : "default" });
    for (const [at, drawing] of document.querySelectorAll("pre.mermaid").entries()) { // while all are laid out: what is hidden has no size
      drawing.innerHTML = (await mermaid.render(`diagram-${at}`, drawing.textContent)).svg;
    }
  }
  addEventListener("beforeprint", () => document.querySelectorAll(".slide details").forEach((each) => { each.open = true; }));
  if (!small) {
    root.classList.add("is-deck");
    for (const slide of slides) {
      slide.classList.add("is-shown");
      fit(slide);
      slide.classList.remove("is-shown");
    }
    document.querySelectorAll("[data-go]").forEach((button) => button.addEventListener("click", () => (button.dataset.go > 0 ? forth() : show(at - 1))));
    addEventListener("keydown", (event) => {
      const inside = event.target.closest("button, summary, a, input");
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || (inside && event.key === " ")) return;
      if (event.key in KEYS) {
        event.preventDefault();
        KEYS[event.key]();
      }
    });
    addEventListener("hashchange", () => show(Number(location.hash.slice(1)) - 1));
    show((Number(location.hash.slice(1)) || 1) - 1);
  }
  reach();
  root.dataset.ready = "";
})();
