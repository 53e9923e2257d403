"use strict";
// Everything here reads one block of data; the page is complete, but for the evidence and the filters, without it.
const data = JSON.parse(document.getElementById("data").textContent);
const form = document.getElementById("filters");
const table = document.querySelector(".matrix");
const rows = [...table.tBodies[0].rows];
const details = data.cases.map((name) => document.getElementById("case-" + name));
const facts = data.about;

// The worst state of the chosen checks of a case, one letter a release.
function cellsOf(number, promise) {
  const chosen = data.states[number].filter((row, check) => row && (!promise || data.promises[check] === promise));
  return data.releases.map((_, release) => {
    const letters = chosen.map((row) => row[release]);
    return [...data.worst].find((letter) => letters.includes(letter)) || "-";
  });
}

function paint(row, letters) {
  letters.forEach((letter, release) => {
    const cell = row.cells[release + 1];
    if (cell.className === letter) return;
    const [word, sign] = data.legend[letter];
    cell.className = letter;
    cell.firstChild.textContent = sign;
    cell.firstChild.setAttribute("aria-label", word);
  });
}

function passes(number, letters, wanted) {
  const [kind, dtype, flags] = facts[number];
  return (
    (!wanted.name || data.cases[number].includes(wanted.name.trim().toLowerCase())) &&
    (!wanted.flag || flags.includes(wanted.flag)) &&
    (!wanted["covariance type"] || kind === wanted["covariance type"]) &&
    (!wanted.dtype || dtype === wanted.dtype) &&
    (!wanted.state || letters.includes(wanted.state))
  );
}

function filter() {
  const wanted = Object.fromEntries(new FormData(form));
  let shown = 0;
  rows.forEach((row, number) => {
    const letters = cellsOf(number, wanted.promise);
    paint(row, letters);
    row.hidden = details[number].hidden = !passes(number, letters, wanted);
    shown += !row.hidden;
  });
  document.getElementById("shown").textContent = `${shown} of ${rows.length} cases`;
  document.getElementById("none").hidden = shown > 0;
  const promised = document.getElementById("promised");
  promised.hidden = !wanted.promise;
  const chosen = data.checks.map((_, check) => check).filter((check) => data.promises[check] === wanted.promise);
  promised.replaceChildren(...chosen.map((check) => element("li", `${data.checks[check]}: ${data.known[check][0]}`)));
}

// What was said of a check with a release: stretches of [text, number of releases].
function textOf(stretches, release) {
  let left = release;
  for (const [text, length] of stretches) {
    if (left < length) return text < 0 ? "" : data.texts[text].replaceAll("{release}", data.releases[release]);
    left -= length;
  }
  return "";
}

function saidOf(number, check, release) {
  const said = data.seen[number].find((row) => row[0] === check);
  return said ? textOf(said.slice(1), release) : "";
}

function link(text, address) {
  const made = element("a", text);
  made.href = address;
  return made;
}

function element(name, text, className) {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function defectOf(number, check, release) {
  const listed = data.listed[number].find((row) => row[0] === check && row[2][release] === "1");
  return listed && data.defects[listed[1]];
}

function evidenceOf(number, check, release) {
  const letter = data.states[number][check][release];
  const [promise, headline, upstream] = data.known[check];
  const parts = [element("h3", data.checks[check])];
  const promised = element("p", promise, "quiet");
  if (upstream) promised.append(" ", link("upstream", upstream));
  if (promise) parts.push(promised);
  const line = element("p", data.legend[letter][1] + " " + data.legend[letter][0], "facts");
  const defect = letter === "k" || letter === "g" ? defectOf(number, check, release) : null;
  if (defect) line.append(": " + defect[0] + " ", link(defect[2], defect[1]));
  parts.push(line);
  if (headline && (letter === "k" || letter === "n")) parts.push(element("p", headline, "headline"));
  const text = saidOf(number, check, release);
  if (text) parts.push(element("pre", text));
  return parts;
}

function open(number, release) {
  const promise = form.elements.promise.value;
  const checks = data.checks.map((_, check) => check).filter((check) => {
    return data.states[number][check] && (!promise || data.promises[check] === promise);
  });
  const telling = checks.filter((check) => {
    const letter = data.states[number][check][release];
    // One that passes tells something where a part of it is not judged.
    return !"hs-".includes(letter) || (letter === "h" && saidOf(number, check, release));
  });
  telling.sort((one, other) => data.worst.indexOf(data.states[number][one][release]) - data.worst.indexOf(data.states[number][other][release]));
  const letters = checks.map((check) => data.states[number][check][release]);
  const counts = [...data.worst].map((letter) => [letters.filter((other) => other === letter).length, data.legend[letter][0]]);
  const name = data.cases[number];
  document.getElementById("evidence-title").textContent = `${name}, scikit-learn ${data.releases[release]}`;
  const fit = data.texts[data.fits[number][release]];
  const summary = counts.filter(([many]) => many).map(([many, word]) => `${many} ${word}`).join(", ");
  document.getElementById("evidence-fit").textContent = [`${checks.length} checks: ${summary}`, fit].filter(Boolean).join(" · ");
  const place = document.getElementById("evidence-checks");
  place.replaceChildren(...telling.flatMap((check) => evidenceOf(number, check, release)));
  if (!telling.length) {
    const skipped = checks.filter((check) => data.states[number][check][release] === "s");
    place.append(...skipped.flatMap((check) => evidenceOf(number, check, release)));
    if (!skipped.length) place.append(element("p", letters.includes("h") ? "Nothing to see: every check passes." : "No record tells of it."));
  }
  document.getElementById("evidence-case").href = "#case-" + name;
  const dialog = document.getElementById("evidence");
  dialog.showModal();
  dialog.scrollTop = 0;
}

// One cell of the table can be reached by Tab; arrow keys go on from there.
let current = null;
function focusCell(button) {
  if (current) current.tabIndex = -1;
  current = button;
  current.tabIndex = 0;
}

function placeOf(button) {
  const cell = button.parentElement;
  return [cell.parentElement, cell.cellIndex];
}

const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Home: [0, -1e6], End: [0, 1e6] };
function move(event) {
  const step = MOVES[event.key];
  if (!step || !event.target.closest("td")) return;
  event.preventDefault();
  const [row, column] = placeOf(event.target);
  const visible = rows.filter((one) => !one.hidden);
  const to = Math.min(Math.max(visible.indexOf(row) + step[0], 0), visible.length - 1);
  const cell = visible[to].cells[Math.min(Math.max(column + step[1], 1), data.releases.length)];
  focusCell(cell.firstChild);
  cell.firstChild.focus();
}

table.addEventListener("keydown", move);
table.addEventListener("focusin", (event) => event.target.matches("td button") && focusCell(event.target));
table.addEventListener("click", (event) => {
  const button = event.target.closest("td button");
  if (!button) return;
  focusCell(button);
  const [row, column] = placeOf(button);
  open(rows.indexOf(row), column - 1);
});
form.addEventListener("input", filter);
form.addEventListener("reset", () => setTimeout(filter));
form.addEventListener("submit", (event) => event.preventDefault());

const dialog = document.getElementById("evidence");
document.getElementById("close").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
document.getElementById("evidence-case").addEventListener("click", () => dialog.close());

// Pictures are text until they are looked at: most of the page opens in a fraction of the time.
function draw(details) {
  const kept = details.querySelector(".pictures noscript");
  if (kept) kept.outerHTML = kept.textContent;
}
details.forEach((one) => one.addEventListener("toggle", () => draw(one)));

// A link to a case opens it.
function openNamed() {
  const named = location.hash.startsWith("#case-") && document.getElementById(location.hash.slice(1));
  if (!named) return;
  named.hidden = false;
  named.open = true;
  draw(named);
  named.scrollIntoView();
}
window.addEventListener("hashchange", openNamed);
focusCell(table.querySelector("tbody td button"));
table.parentElement.scrollLeft = table.offsetWidth; // where there is no room for all, the newest release comes first
if (new URLSearchParams(new FormData(form)).toString().match(/=[^&]/)) filter(); // what a browser kept of a reload
openNamed();
