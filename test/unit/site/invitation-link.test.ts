import * as assert from "uvu/assert";
import { encodeLink, parseLink } from "../../../shared/site/invitation-link.ts";
import { toBase64Url } from "../../../shared/bytes.ts";
import type { DocumentHash, SiteId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";

const link = {
  relayUrl: "https://relay.example.com",
  site: toBase64Url(new Uint8Array(32).fill(1)) as SiteId,
  invitation: toBase64Url(new Uint8Array(32).fill(2)) as DocumentHash,
  seed: new Uint8Array(32).fill(3),
};

await group("an invitation's link", {}, (test) => {
  test("reads back, and keeps the private key in the fragment", () => {
    const text = encodeLink(link);
    assert.equal(parseLink(` ${text}\n`), link);
    assert.is(new URL(text).href.split("#")[0], "https://relay.example.com/join");
  });
  test("every shortened, lengthened or changed form is refused without quoting it", () => {
    const text = encodeLink(link);
    const wrong = [
      text.slice(0, -1),
      `${text}A`,
      `${text}.AAAA`,
      text.replace("/join", "/other"),
      text.replace("#", "?"),
      "",
      "x",
    ];
    for (const each of wrong) {
      assert.throws(
        () => parseLink(each),
        (thrown: Error) => thrown.message === "text is not an invitation link",
        each,
      );
    }
  });
});
