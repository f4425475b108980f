// A folder of a test's own that goes with the test: `using folder = temporaryFolder()`.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TemporaryFolder extends Disposable {
  readonly path: string;
  /** The path of `name` in the folder; with `content` the file is written first, readable by its owner alone. */
  file(name: string, content?: string | Uint8Array): string;
}

/** Makes an empty folder of mode 0700 under the system's temporary folder; disposing removes it with all that is in it. */
export function temporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), "sallyport-"));
  return {
    path,
    file(name, content) {
      const file = join(path, name);
      if (content !== undefined) writeFileSync(file, content, { mode: 0o600 });
      return file;
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
