// Which edges a verb is about: those that `--edge` names, by name or id, else all that the site has.
import type { EdgeId } from "../../shared/ids.ts";
import { CommandError } from "./exit-codes.ts";
import type { Site } from "./site.ts";

/** The edge that `--edge` names, by name or id; else the site's only one. */
export function edgeNamed(site: Site, name: string | undefined): EdgeId {
  const [only, ...others] = edgesNamed(site, name);
  if (only !== undefined && others.length === 0) return only;
  throw new CommandError("usage", "site has several edges", "say which: --edge <name>");
}

/** The edges that `--edge` names; without it all of the manifest. */
export function edgesNamed(site: Site, name: string | undefined): EdgeId[] {
  const { edges } = site.held.manifest.payload;
  const found = edges
    .filter((edge) => name === undefined || edge.id === name || edge.name === name)
    .map(({ id }) => id);
  if (found.length > 0) return found;
  const known = edges.map((edge) => `"${edge.name}"`).join(", ");
  throw new CommandError(
    "notFound",
    name === undefined ? "site has no edge yet" : `edge "${name}" is not in the manifest`,
    known === "" ? "make a claim for one: sallyport claim <name>" : `expected one of ${known}`,
  );
}
