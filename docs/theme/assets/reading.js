/* What the theme forgets of those who read by keyboard, by ear or on a phone. */
(() => {
  "use strict";

  const search = document.querySelector(".md-search");
  const field = document.querySelector(".md-search__input");
  if (search && field) search.setAttribute("aria-label", field.getAttribute("aria-label"));

  /** What may scroll sideways can be scrolled by keyboard. */
  function reach() {
    for (const wide of document.querySelectorAll("pre > code, .md-typeset__scrollwrap, .mermaid, .architecture, .measured")) {
      if (wide.matches("code") || wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0;
    }
  }

  /** A line too long for the page takes the number of its note out of sight: the style sheet keeps it at the edge. */
  for (const comment of document.querySelectorAll(".highlight:has(+ .notes) .c1")) {
    const [, said, number] = /^(.*)([①-⑫])$/.exec(comment.textContent) ?? [];
    if (!number) continue;
    const mark = document.createElement("span");
    mark.className = "note-mark";
    const second = comment.closest("code").querySelector("a:nth-of-type(2)");
    if (second && comment.compareDocumentPosition(second) & Node.DOCUMENT_POSITION_FOLLOWING) mark.classList.add("beside-button");
    mark.textContent = number;
    comment.replaceChildren(said, mark);
  }

  /** A copy button's frame is no landmark. */
  function plain() {
    for (const frame of document.querySelectorAll(".md-code__nav:not([role])")) frame.setAttribute("role", "presentation");
  }

  /** An empty heading of a table heads nothing. */
  for (const empty of document.querySelectorAll(".md-typeset th:empty")) empty.replaceWith(document.createElement("td"));

  /** An option keeps its dashes: a line that ends in `--` says nothing. */
  for (const code of document.querySelectorAll(".md-typeset :not(pre) > code, :is(.language-bash, .language-console, .language-text) code")) {
    const walker = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) texts.push(walker.currentNode);
    for (const text of texts) text.replaceWith(...text.data.split(/((?<![\w-])--?\w+)/).map((part, place) => (place % 2 ? whole(part) : part)));
  }

  function whole(text) {
    return Object.assign(document.createElement("span"), { className: "whole", textContent: text });
  }

  /** A diagram shrinks only as long as its letters can be read; from there on it is scrolled. Its arrows have the colour of its lines. */
  if (window.mermaid) {
    const { render } = mermaid;
    // And no lifeline runs through its words.
    const look = (id) => `#${id} marker path { fill: var(--s-arrow) !important; stroke: var(--s-arrow) !important; }
      #${id} .messageText { paint-order: stroke; stroke: var(--md-default-bg-color) !important; stroke-width: 4px; }`;
    mermaid.render = async (id, ...given) => {
      const drawn = await render(id, ...given);
      const svg = drawn.svg.replace(/max-width: ([\d.]+)px;/, "$& min-width: min($1px * .62, var(--s-diagram));");
      return { ...drawn, svg: `${svg}<style>${look(id)}</style>` };
    };
  }

  new MutationObserver(() => { plain(); reach(); }).observe(document.body, { childList: true, subtree: true });
  addEventListener("resize", reach);
  addEventListener("load", reach);
  reach();
  plain();
})();
