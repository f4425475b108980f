// Files of a desktop's drive over sealed channels of mode `file` (shared/protocol.md, "Files of a desktop"): each action is a channel of its own.
import type { ControlMessageOf } from "../../../shared/channel/messages.ts";
import type { TargetId } from "../../../shared/ids.ts";
import { SiteFault } from "../../../shared/site/fault.ts";
import type { LiveJob } from "../jobs/live-job.ts";

export interface DriveFile {
  readonly name: string;
  readonly bytes: number;
  readonly modifiedAt: number;
}

type Action = Extract<ControlMessageOf<"opening">, { mode: "file" }>["action"];
/** Of one piece that is read of a file and written to the channel. */
const pieceBytes = 32 * 1024;

export class DriveFiles {
  readonly #live: LiveJob;
  readonly #target: TargetId;

  constructor(live: LiveJob, target: TargetId) {
    this.#live = live;
    this.#target = target;
  }

  async list(): Promise<DriveFile[]> {
    const answer = await this.#ask("list", null);
    const text = await answer.text();
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as DriveFile);
  }

  /** The file as the drive has it; `onBytes` hears how much has come. */
  async get(name: string, onBytes: (bytes: number) => void): Promise<Blob> {
    return this.#ask("get", name, undefined, onBytes);
  }

  async put(file: File, onBytes: (bytes: number) => void): Promise<void> {
    await this.#ask("put", file.name, file, onBytes);
  }

  async remove(name: string): Promise<void> {
    await this.#ask("remove", name);
  }

  async #ask(
    action: Action,
    name: string | null,
    content?: Blob,
    onBytes: (bytes: number) => void = () => undefined,
  ): Promise<Blob> {
    this.#live.attended();
    const opening = { type: "opening", mode: "file", target: this.#target, action, name } as const;
    const channel = await this.#live.open(opening);
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    let bytes = 0;
    let drained = Promise.withResolvers<void>();
    const over = new Promise<void>((resolve, reject) => {
      channel.onData = (piece, settled) => {
        pieces.push(Uint8Array.from(piece));
        bytes += piece.length;
        if (content === undefined) onBytes(bytes);
        settled();
      };
      channel.onControl = () => undefined;
      channel.onAway = () => undefined;
      channel.onBack = () => undefined;
      channel.onDrain = () => drained.resolve();
      channel.onEnd = () => {
        if (content === undefined) channel.end();
        resolve();
      };
      channel.onClose = (how, error, reason) => {
        drained.resolve();
        if (how !== "ended") reject(faultOf(reason ?? error?.message ?? ""));
      };
    });
    over.catch(() => undefined);
    if (content !== undefined) {
      for (let at = 0; at < content.size; at += pieceBytes) {
        const piece = await content.slice(at, at + pieceBytes).arrayBuffer();
        drained = Promise.withResolvers<void>();
        if (!channel.write(new Uint8Array(piece))) await Promise.race([drained.promise, over]);
        onBytes(Math.min(content.size, at + pieceBytes));
      }
      channel.end();
    }
    await over;
    return new Blob(pieces);
  }
}

function faultOf(reason: string): Error {
  return new SiteFault("channel_aborted", reason);
}
