// The page's elements. Everything is written as text, never as markup, so that nothing in a document can become part of the page.
import type { Fact, Question } from "./question.ts";
import { page as texts } from "./texts.ts";
import { plain, type Words } from "./words.ts";

export interface Action {
  readonly text: string;
  readonly isMain?: boolean;
  readonly act: () => void;
}

/** A headline, a sentence, and what can be done. */
export interface Notice {
  readonly headline: Words;
  readonly sentence?: Words;
  /** In a fixed width: what a check has said. */
  readonly detail?: string;
  readonly isAlert?: boolean;
  readonly actions: readonly Action[];
}

const root = document.getElementById("page") ?? document.body;

export function showNotice({ headline, sentence, detail, isAlert, actions }: Notice): void {
  const text = element("div", "text");
  text.append(headlineOf(headline));
  if (sentence !== undefined) text.append(paragraph(sentence, "lead"));
  if (detail !== undefined) {
    const code = element("p", "detail");
    code.textContent = detail;
    text.append(code);
  }
  show([text, actionRow(actions)], headline, isAlert === true);
}

/** The question with its facts; `actions` stay in reach below them. */
export function showQuestion(question: Question, actions: readonly Action[]): void {
  const text = element("div", "text");
  text.append(headlineOf(question.question));
  if (question.meaning !== undefined) text.append(paragraph(question.meaning, "lead"));
  for (const warning of question.warnings) text.append(paragraph(warning, "warning"));
  const facts = element("dl", "facts");
  facts.append(...question.facts.map(factOf));
  text.append(facts);
  if (question.exactly.length > 0) text.append(exactly(question.exactly));
  show([text, actionRow(actions)], question.question, false);
}

/** While the device asks: the buttons rest, and the reader is told. */
export function showBusy(text: string): void {
  for (const button of root.querySelectorAll("button.main")) {
    button.setAttribute("aria-disabled", "true");
    button.textContent = text;
  }
}

function show(children: readonly Element[], headline: Words, isAlert: boolean): void {
  document.title = `${plain(headline)} – ${texts.name}`;
  root.setAttribute("aria-live", isAlert ? "assertive" : "off");
  root.replaceChildren(mast(), ...children);
  root.scrollTop = 0;
  root.querySelector("h1")?.focus();
}

function mast(): Element {
  const line = element("p", "mast");
  const name = element("span", "mark");
  name.textContent = texts.name;
  const host = element("span", "host");
  host.textContent = location.host;
  line.append(name, host);
  return line;
}

function headlineOf(words: Words): Element {
  const headline = element("h1");
  headline.tabIndex = -1; // focus goes to it, so that a screen reader begins with the question
  headline.append(...parts(words));
  return headline;
}

function factOf({ label, lines, isStriking, isCode }: Fact): Element {
  const pair = element("div", isStriking === true ? "fact striking" : "fact");
  const term = element("dt");
  term.textContent = label;
  const value = element("dd", isCode === true ? "code" : "");
  value.append(
    ...lines.map((line) => {
      const item = element("span", "line");
      item.append(...parts(line));
      return item;
    }),
  );
  pair.append(term, value);
  return pair;
}

function exactly(lines: readonly string[]): Element {
  const details = element("details");
  const summary = element("summary");
  summary.textContent = `${texts.exactly} (${lines.length})`;
  const list = element("ul", "exact");
  list.append(
    ...lines.map((line) => {
      const item = element("li");
      item.textContent = line;
      return item;
    }),
  );
  details.append(summary, list);
  return details;
}

function actionRow(actions: readonly Action[]): Element {
  const row = element("div", "actions");
  for (const { text, isMain, act } of actions) {
    const button = element("button", isMain === true ? "main" : "");
    button.type = "button";
    button.textContent = text;
    button.addEventListener("click", () => {
      if (button.getAttribute("aria-disabled") !== "true") act();
    });
    row.append(button);
  }
  return row;
}

function paragraph(words: Words, name: string): Element {
  const text = element("p", name);
  text.append(...parts(words));
  return text;
}

// <bdi>: a name in Hebrew or Arabic letters does not reorder the sentence around it.
function parts(words: Words): (string | Element)[] {
  return words.map((part) => {
    if (typeof part === "string") return part;
    const name = element("bdi");
    name.textContent = part.name;
    return name;
  });
}

function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  name = "",
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  if (name !== "") made.className = name;
  return made;
}
