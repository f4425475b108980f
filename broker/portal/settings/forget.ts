// Makes this browser forget its key and everything it has seen.
import { changeFact, factKeys } from "../person/database.ts";
import { signOut } from "../person/session.ts";

/** Signs out, deletes everything, and begins anew at the first page. What the relay does not hear stays without effect here. */
export async function forgetEverything(): Promise<void> {
  await signOut().catch(() => undefined);
  for (const store of ["keys", "facts"] as const) {
    for (const key of await factKeys(store, "")) await changeFact(store, key, () => undefined);
  }
  localStorage.clear();
  location.assign("/");
}
