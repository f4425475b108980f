// Short names of people, companies, machines and rules: made from what somebody is called, and checked.
const slug = /^[a-z0-9][a-z0-9-]{0,31}$/;

/** A short name out of a name: `Anna Müller` gives `anna-muller`; empty if nothing of it is left. */
export function slugOf(name: string): string {
  return name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/ß/g, "ss")
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 32)
    .replace(/^-+|-+$/g, "");
}

export function isSlug(text: string): boolean {
  return slug.test(text);
}
