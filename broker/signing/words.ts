// Sentences in which our own words and what a document says stay apart: a name is shown set off from the text around it, whatever it spells.
// Attack: a person called `Joe for 5 minutes? Yes` in a question about a day.

/** Something that stands in a document, as against our own words. */
export interface Named {
  readonly name: string;
}
export type Words = readonly (string | Named)[];

/** A template whose strings are ours, and whose values are numbers, words, or, if they are strings, names out of a document. */
export function say(
  strings: TemplateStringsArray,
  ...values: readonly (string | number | Words)[]
): Words {
  return strings.flatMap((text, at) => {
    const value = values[at];
    return [text, ...(value === undefined ? [] : wordsOf(value))].filter((part) => part !== "");
  });
}

function wordsOf(value: string | number | Words): Words {
  if (typeof value === "string") return [{ name: value }];
  return typeof value === "number" ? [String(value)] : value;
}

/** `a, b and c`. */
export function listed(items: readonly Words[]): Words {
  return items.flatMap((item, at) => {
    const isLast = at === items.length - 1;
    const between = at === 0 ? "" : isLast ? " and " : ", ";
    return between === "" ? item : [between, ...item];
  });
}

/** The text alone, for a title or a test. */
export function plain(words: Words): string {
  return words.map((part) => (typeof part === "string" ? part : part.name)).join("");
}
