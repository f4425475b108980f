// A table as text, RFC 4180 and what spreadsheets make of it: comma, semicolon or tab between cells, quotation marks around what holds one.
export interface Line {
  /** Where it begins in the text, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** The cells of each line that has any. The first line says which of three separators it is; a mark of byte order may stand in front. */
export function cellsOf(text: string): {
  readonly lines: Line[];
  /** Where a quotation mark was opened and never closed. */
  readonly openSince?: number;
} {
  const source = text.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n");
  const separator = separatorOf(source.split("\n", 1)[0] ?? "");
  const lines: Line[] = [];
  let cells: string[] = [];
  let cell = "";
  let line = 1;
  let startsAt = 1;
  let quotedSince: number | undefined;
  const endLine = (): void => {
    cells.push(cell);
    if (cells.some((each) => each.trim() !== "")) lines.push({ line: startsAt, cells });
    cells = [];
    cell = "";
  };
  for (let at = 0; at < source.length; at += 1) {
    const letter = source[at] ?? "";
    if (letter === "\n") line += 1;
    if (quotedSince !== undefined) {
      if (letter !== '"') cell += letter;
      else if (source[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else quotedSince = undefined;
    } else if (letter === '"' && cell.trim() === "") {
      cell = "";
      quotedSince = line;
    } else if (letter === separator) {
      cells.push(cell);
      cell = "";
    } else if (letter === "\n") {
      endLine();
      startsAt = line;
    } else cell += letter;
  }
  if (quotedSince !== undefined) return { lines, openSince: quotedSince };
  endLine();
  return { lines };
}

function separatorOf(head: string): string {
  const counted = [",", ";", "\t"].map((each) => ({ each, count: head.split(each).length }));
  return counted.toSorted((left, right) => right.count - left.count)[0]?.each ?? ",";
}
