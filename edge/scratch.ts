// The folder for what lives no longer than a stream: a desktop's home, its drive, a transfer under way.
// Invariant: nothing of an earlier life is in it once the edge serves, however that life ended.
import { rm } from "node:fs/promises";
import { makeFolder } from "./durable-file.ts";

/** Makes the folder anew, 0700 and empty, and gives its path. To be called by the one process that holds the state folder. */
export async function emptyScratch(path: string): Promise<string> {
  await rm(path, { recursive: true, force: true });
  await makeFolder(path);
  return path;
}
