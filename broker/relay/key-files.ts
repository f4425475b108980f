// Secrets of the relay's data directory: made at first start, readable by the relay's own account alone, never replaced.
// A key file that others may read, or of another length, stops the start: silently making a new one would orphan what it sealed.
import { randomBytes, randomUUID } from "node:crypto";
import { link, open, readFile, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { fromBase64Url, toBase64Url } from "../../shared/bytes.ts";
import { messageOf, SallyportError } from "../../shared/errors.ts";

const keyBytes = 32;
const minTokenChars = 16;

/** The 32 bytes in the file (one line of base64url), made from fresh randomness if there is no file. Throws `file_invalid`. */
export async function openKeyFile(path: string): Promise<Uint8Array> {
  await createOnce(path, `${toBase64Url(randomBytes(keyBytes))}\n`);
  const text = await readPrivateFile(path);
  try {
    return fromBase64Url(text.trimEnd(), keyBytes);
  } catch (cause) {
    throw new SallyportError("file_invalid", `key file "${path}": ${messageOf(cause)}`, { cause });
  }
}

/** The operator's own token in the file, or one that is made if there is no file. Throws `file_invalid`, also for one that can be guessed. */
export async function openTokenFile(path: string): Promise<string> {
  await createOnce(path, `${toBase64Url(randomBytes(keyBytes))}\n`);
  const token = (await readPrivateFile(path)).trim();
  if (token.length >= minTokenChars) return token;
  throw new SallyportError(
    "file_invalid",
    `token in "${path}" has ${token.length} characters, expected ${minTokenChars} or more`,
  );
}

/** The text of a file that its owner alone may read; throws `file_invalid` otherwise. */
export async function readPrivateFile(path: string): Promise<string> {
  try {
    const mode = (await stat(path)).mode & 0o777;
    if ((mode & 0o077) !== 0) {
      throw new SallyportError(
        "file_invalid",
        `mode 0${mode.toString(8)} lets others read it, expected 0600`,
      );
    }
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new SallyportError("file_invalid", `file "${path}": ${messageOf(cause)}`, { cause });
  }
}

/** Writes a whole new durable file of mode 0600, or leaves the one that is there untouched and answers false. */
export async function createOnce(path: string, text: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}.new`;
  const file = await open(draft, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(draft, path); // atomic, and fails where a file stands: a kill leaves a draft, never half a key
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "EEXIST") return false;
    throw thrown;
  } finally {
    await unlink(draft);
  }
  const directory = await open(dirname(path), "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
  return true;
}
