// Where this edge belongs: the site that it pinned and the relays that it may dial, from its claim, kept for life.
// Invariant: a box that has a home takes no other claim; it has to be wiped first.
import * as v from "valibot";
import { fromUtf8 } from "../shared/bytes.ts";
import { SallyportError } from "../shared/errors.ts";
import { homeSchema, type Claim, type Home } from "./claim.ts";
import { readIfPresent, writeDurably } from "./durable-file.ts";

/** The home in `path`; at the first start it is taken from the claim. Throws `config_invalid` without either, `conflict` if they differ. */
export async function openHome(path: string, claim: Claim | undefined): Promise<Home> {
  const content = await readIfPresent(path);
  if (content === undefined) {
    if (claim === undefined) {
      throw new SallyportError(
        "config_invalid",
        "this edge belongs to no site yet; start it with --claim FILE, which `sallyport claim` writes",
      );
    }
    const home = { site: claim.site, relays: claim.relays };
    await writeDurably(path, `${JSON.stringify(home)}\n`);
    return home;
  }
  const home = v.parse(homeSchema, JSON.parse(fromUtf8(content)));
  if (claim !== undefined && claim.site !== home.site) {
    throw new SallyportError(
      "conflict",
      `this edge belongs to site "${home.site}", its claim is of site "${claim.site}"`,
    );
  }
  return home;
}
