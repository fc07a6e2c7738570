"use strict";
// What pages share: elements, and tables that sort.

const $ = (selector, parent = document) => parent.querySelector(selector);
const $$ = (selector, parent = document) => [...parent.querySelectorAll(selector)];

/** A new element with attributes, properties that begin with `on`, and children. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Whether a key is meant for the browser: Alt and an arrow lead back. */
const withModifier = (event) => event.altKey || event.ctrlKey || event.metaKey;

/** How to compare texts: as numbers where all of them are, missing ones apart, or else as words. */
const orderOf = (texts) =>
  texts.some(isNaN) ? (a, b) => a.localeCompare(b, "en", { numeric: true }) : (a, b) => a - b;

/** Lets headings sort a table's rows: numbers from the largest, rows without a value at the end. */
function sortable(table) {
  $$("thead button", table).forEach((button, column) => {
    button.onclick = () => {
      const heading = button.parentElement, sorted = heading.getAttribute("aria-sort"), body = $("tbody", table);
      const key = (row) => row.children[column].dataset.value, rows = $$("tr", body);
      const texts = rows.map(key), order = orderOf(texts);
      const downwards = sorted ? sorted === "ascending" : !texts.some(isNaN);
      $$("th", table).forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", downwards ? "descending" : "ascending");
      const missing = (a, b) => (key(a) === "") - (key(b) === "");
      body.append(...rows.sort((a, b) => missing(a, b) || (downwards ? -1 : 1) * order(key(a), key(b))));
    };
  });
}
