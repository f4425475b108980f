// Where an evidence bundle goes while it comes: into the file that the person chose, where the browser can write one, else into this page's memory
// up to a stated bound.
import { SallyportError } from "../../../shared/errors.ts";
import { saveFile } from "./save-file.ts";

/** What a page may hold on a laptop without being ended by the browser. */
export const mostHeldBytes = 512 * 1024 * 1024;

export interface BundleFile {
  write(piece: Uint8Array): Promise<void>;
  /** The file is whole. */
  close(): Promise<void>;
  /** Nothing is left of it. */
  discard(): Promise<void>;
}

interface Picker {
  showSaveFilePicker(options: { suggestedName: string }): Promise<FileSystemFileHandle>;
}

export function canWriteFiles(): boolean {
  return "showSaveFilePicker" in window;
}

/** Asks where to; to be called in the click. Undefined if the person changed their mind. */
export async function openBundleFile(name: string): Promise<BundleFile | undefined> {
  if (!canWriteFiles()) return heldFile(name);
  try {
    const handle = await (window as unknown as Picker).showSaveFilePicker({ suggestedName: name });
    const stream = await handle.createWritable();
    return {
      write: (piece) => stream.write(piece as Uint8Array<ArrayBuffer>),
      close: () => stream.close(),
      discard: () => stream.abort(),
    };
  } catch (thrown) {
    if (thrown instanceof DOMException && thrown.name === "AbortError") return undefined;
    throw thrown;
  }
}

function heldFile(name: string): BundleFile {
  let pieces: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  return {
    async write(piece) {
      bytes += piece.length;
      if (bytes > mostHeldBytes)
        throw new SallyportError(
          "frame_too_large",
          `bundle of more than ${mostHeldBytes} bytes exceeds what this page holds`,
        );
      pieces.push(piece.slice());
    },
    async close() {
      saveFile(name, pieces, "application/x-tar");
      pieces = [];
    },
    async discard() {
      pieces = [];
    },
  };
}
