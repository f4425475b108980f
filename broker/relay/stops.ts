// The unsigned stop: whoever may end sessions at a site asks, and the edge ends them for at most 15 minutes (design: denial needs no signature).
// Kept until it has lasted, so that an edge that comes back within that time still gets it; each one stands in the relay's record.
import { toBase64Url } from "../../shared/bytes.ts";
import { wallSeconds, type Clock } from "../../shared/clock.ts";
import type { DownMessage } from "../../shared/control.ts";
import type { CryptoSuite } from "../../shared/crypto/suite.ts";
import { findTarget } from "../../shared/document/manifest.ts";
import { SallyportError } from "../../shared/errors.ts";
import { parseDocumentHash, type EdgeId, type TargetId } from "../../shared/ids.ts";
import { FieldError } from "./answers.ts";
import type { Directory, Member } from "./directory.ts";
import type { AccountRows } from "./store/account-rows.ts";
import type { EdgeRows, StopRow, StopScope } from "./store/edge-rows.ts";
import { hasRole } from "./visibility.ts";

/** What an edge grants to a stop that nobody signed. */
export const stopSeconds = 15 * 60;

export interface StopParts {
  readonly suite: CryptoSuite;
  readonly clock: Clock;
  readonly directory: Directory;
  readonly edges: EdgeRows;
  readonly accounts: AccountRows;
  /** False if the edge is not connected. */
  readonly send: (edge: EdgeId, message: DownMessage<"stop">) => boolean;
}

export interface StopAsked {
  readonly edge: EdgeId;
  readonly scope: StopScope;
  /** A request's hash, a target's id, or null for the whole edge. */
  readonly id: string | null;
}

export class Stops {
  readonly #parts: StopParts;

  constructor(parts: StopParts) {
    this.#parts = parts;
  }

  /** Sends the stop; `sent` false means that the edge is away and gets it when it comes back in time. Throws `forbidden` or what is wrong. */
  async ask(
    member: Member,
    asked: StopAsked,
  ): Promise<{ readonly stop: string; readonly endsAt: number; readonly sent: boolean }> {
    const { suite, clock, edges, accounts } = this.#parts;
    if (!hasRole(member, "owner", "approver")) {
      throw new SallyportError("forbidden", "stopping is for owners and approvers");
    }
    const subject = await this.#subjectOf(member, asked);
    const now = wallSeconds(clock);
    const stop: StopRow = {
      id: toBase64Url(suite.randomBytes(16)),
      edge: asked.edge,
      scope: asked.scope,
      subject,
      person: member.person,
      endsAt: now + stopSeconds,
    };
    await edges.addStop(stop);
    await accounts.audit(member.site, {
      at: now,
      person: member.person,
      event: "stop-asked",
      details: { stop: stop.id, edge: stop.edge, scope: stop.scope, id: subject ?? null },
    });
    return { stop: stop.id, endsAt: stop.endsAt, sent: this.#send(stop) };
  }

  /** The edge is back: sends the stops that still last. The edge knows by their ids which it had. */
  async edgeOnline(edge: EdgeId): Promise<void> {
    for (const stop of await this.#parts.edges.stops(edge, wallSeconds(this.#parts.clock))) {
      this.#send(stop);
    }
  }

  #send({ id: stop, edge, scope, subject, person }: StopRow): boolean {
    return this.#parts.send(edge, { stop, scope, id: subject ?? null, by: person });
  }

  async #subjectOf(member: Member, { edge, scope, id }: StopAsked): Promise<string | undefined> {
    const { manifest } = await this.#parts.directory.held(member.site);
    if ((await this.#parts.edges.get(edge))?.site !== member.site) {
      throw new SallyportError("not_found", `edge "${edge}" is not of this site`);
    }
    switch (scope) {
      case "edge":
        if (id !== null && id !== edge) {
          throw new FieldError("id", "id is null where the whole edge is stopped");
        }
        return undefined;
      case "target":
        if (findTarget(manifest.payload, (id ?? "") as TargetId)?.edge !== edge) {
          throw new FieldError("id", `target "${id}" is not on that edge`);
        }
        return id ?? undefined;
      case "grant":
        try {
          return parseDocumentHash(id ?? "");
        } catch {
          throw new FieldError("id", "id is the hash of a request where a grant is stopped");
        }
    }
  }
}
