// The operator's use notice (IEC 62443-3-3 SR 1.12): a text that pages show before anybody signs in.
import { readFile } from "node:fs/promises";
import { messageOf, SallyportError } from "../../shared/errors.ts";

const maxBytes = 16 * 1024;

/** The text of the file, null without a file; throws `file_invalid`. */
export async function readUseNotice(path: string | undefined): Promise<string | null> {
  if (path === undefined) return null;
  try {
    const bytes = await readFile(path);
    if (bytes.length > maxBytes) {
      throw new SallyportError("file_invalid", `${bytes.length} bytes exceed ${maxBytes}`);
    }
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes).trim();
    if (text === "") throw new SallyportError("file_invalid", "no text in it");
    return text;
  } catch (cause) {
    const message = `use notice "${path}": ${messageOf(cause)}`;
    throw new SallyportError("file_invalid", message, { cause });
  }
}
