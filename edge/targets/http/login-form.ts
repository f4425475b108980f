// A login form as it stands in a page (HTML, "form submission"), as far as a browser would send it: its hidden fields, such as a token against forged
// requests that is good once. Invariant: read in bounded text, with bounded results; nothing of it is run, followed or shown.

/** Forms of ASP.NET carry some; nobody's carries hundreds. */
const maxHiddenFields = 32;
const maxValueCharacters = 16 * 1024;

// Attack: beginnings of tags without end, each of which would be looked through to the page's end.
const inputTag = /<input\b[^<>]*>/gi;

export type FormField = readonly [name: string, value: string];

/** Whether a page holds a form with this field. */
export function holdsField(html: string, name: string): boolean {
  return placeOf(html, name) !== undefined;
}

/** The hidden fields of the form that has this field; none if there is no such form. */
export function hiddenFieldsBeside(html: string, name: string): readonly FormField[] {
  const place = placeOf(html, name);
  if (place === undefined) return [];
  const begins = Math.max(0, html.slice(0, place).toLowerCase().lastIndexOf("<form"));
  const ends = html.slice(place).search(/<\/form\b/i);
  const form = html.slice(begins, ends === -1 ? undefined : place + ends);
  const fields: FormField[] = [];
  for (const [tag] of form.matchAll(inputTag)) {
    if (attribute(tag, "type")?.toLowerCase() !== "hidden") continue;
    const field = attribute(tag, "name");
    const value = attribute(tag, "value") ?? "";
    if (field === undefined || field === "" || value.length > maxValueCharacters) continue;
    fields.push([field, value]);
    if (fields.length === maxHiddenFields) break;
  }
  return fields;
}

function placeOf(html: string, name: string): number | undefined {
  for (const match of html.matchAll(inputTag)) {
    if (attribute(match[0], "name") === name) return match.index;
  }
  return undefined;
}

function attribute(tag: string, name: string): string | undefined {
  const pattern = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, "i");
  const [, double, single, bare] = pattern.exec(tag) ?? [];
  const text = double ?? single ?? bare;
  return text === undefined ? undefined : unescaped(text);
}

const named: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

function unescaped(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/gi,
    (all, ...found) => {
      const [hex, decimal, word] = found as (string | undefined)[];
      if (word !== undefined) return named[word.toLowerCase()] ?? all;
      const point = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : all;
    },
  );
}
