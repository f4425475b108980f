// The changes of a site that nobody has signed yet, kept in this browser from one visit to the next. Passwords stand in it sealed, as they will be given
// to the edge; what was typed in clear is in memory alone, for a test of the device.
import { useEffect, useSyncExternalStore } from "react";
import type { Secret } from "../../../shared/document/secret.ts";
import type { SiteId } from "../../../shared/ids.ts";
import { changeFact, readFact } from "../person/database.ts";
import { placeOf, withChange, type Change } from "./changes.ts";

const none: readonly Change[] = [];

class Draft {
  readonly #place: string;
  readonly #listeners = new Set<() => void>();
  #changes = none;
  #isRead: Promise<void> | undefined;

  constructor(site: SiteId) {
    this.#place = `drafts/${site}`;
  }

  get = (): readonly Change[] => this.#changes;

  listen = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Reads what an earlier visit left; once. */
  read(): Promise<void> {
    this.#isRead ??= readFact<readonly Change[]>("facts", this.#place).then((kept) => {
      if (kept !== undefined && this.#changes.length === 0) this.#set(kept);
    });
    return this.#isRead;
  }

  async add(...changes: readonly Change[]): Promise<void> {
    await this.read();
    await this.#keep(changes.reduce(withChange, this.#changes));
  }

  async drop(...changes: readonly Change[]): Promise<void> {
    await this.read();
    const places = new Set(changes.map(placeOf));
    await this.#keep(this.#changes.filter((each) => !places.has(placeOf(each))));
  }

  async #keep(changes: readonly Change[]): Promise<void> {
    this.#set(changes);
    await changeFact<readonly Change[]>("facts", this.#place, () =>
      changes.length === 0 ? undefined : changes,
    );
  }

  #set(changes: readonly Change[]): void {
    this.#changes = changes;
    for (const listener of this.#listeners) listener();
  }
}

const drafts = new Map<SiteId, Draft>();

export type { Draft };

export function draftOf(site: SiteId): Draft {
  let draft = drafts.get(site);
  if (draft === undefined) {
    draft = new Draft(site);
    drafts.set(site, draft);
  }
  return draft;
}

/** The site's unsigned changes, as they stand. */
export function useChanges(site: SiteId): readonly Change[] {
  const draft = draftOf(site);
  useEffect(() => void draft.read(), [draft]);
  return useSyncExternalStore(draft.listen, draft.get);
}

const typed = new Map<string, Secret>();

/** Keeps what was just typed for a target in memory, so that it can be tried before it is signed. */
export function rememberTyped(site: SiteId, target: string, secret: Secret | undefined): void {
  if (secret === undefined) typed.delete(`${site} ${target}`);
  else typed.set(`${site} ${target}`, secret);
}

/** What was typed for a target on this visit, if it was. */
export function typedSecret(site: SiteId, target: string): Secret | undefined {
  return typed.get(`${site} ${target}`);
}
