// Inviting somebody: who it is, then the link to hand over. A newcomer's keys are learned by it; the same person again adds a device or replaces a lost passkey.
import { Alert, Button, Checkbox, Container, Stack, TextInput } from "@mantine/core";
import { useEffect, useState, type FormEvent } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import type { InvitationSubject } from "../../../shared/document/invitation.ts";
import type { Role } from "../../../shared/document/manifest.ts";
import { parseCompanyId, parsePersonId } from "../../../shared/ids.ts";
import { ownCompany } from "../../../shared/site/rosters.ts";
import { useAct } from "../shell/use-act.ts";
import type { PageSide } from "../person/page-side.ts";
import { CardChoice } from "../shell/card-choice.tsx";
import { Page, Trouble } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { invite as texts, roles as roleNames, rolesHints } from "../texts/site.ts";
import { makeLink } from "./inviting.ts";
import { LinkCard } from "./link-card.tsx";
import { SlugField } from "./slug-field.tsx";
import { isSlug, slugOf } from "./slugs.ts";

const staffRoles: readonly Role[] = ["owner", "approver", "auditor"];
const ownerKinds = ["person", "vendor", "administrator"] as const;
type Kind = (typeof ownerKinds)[number] | "technician";

interface Wish {
  readonly kind: Kind;
  readonly name: string;
  readonly id: string;
  readonly company: string;
  readonly roles: readonly Role[];
}

export default function InvitePage() {
  const side = useSide();
  const [search] = useSearchParams();
  const [, navigate] = useLocation();
  const [link, setLink] = useState<{ readonly name: string; readonly text: string }>();
  const start = startOf(side, search);
  useEffect(() => {
    scrollTo(0, 0);
  }, [link]);
  const back = start.kind === "technician" ? "/company" : "/people";
  return (
    <Container size="xs" px={0}>
      <Page title={texts.title} about={texts.about}>
        {link === undefined ? (
          <InviteForm start={start} onLink={(name, text) => setLink({ name, text })} />
        ) : (
          <Stack gap="md">
            <LinkCard link={link.text} title={texts.ready(link.name)} />
            <Button size="lg" onClick={() => navigate(search.get("back") ?? back)}>
              {texts.done}
            </Button>
            <Button variant="subtle" onClick={() => setLink(undefined)}>
              {texts.another}
            </Button>
          </Stack>
        )}
      </Page>
    </Container>
  );
}

function InviteForm({
  start,
  onLink,
}: {
  readonly start: Wish;
  readonly onLink: (name: string, link: string) => void;
}) {
  const side = useSide();
  const [kind, setKind] = useState<Kind>(start.kind);
  const [name, setName] = useState(start.name);
  const [typedId, setTypedId] = useState(start.id);
  const [company, setCompany] = useState(start.company);
  const [roles, setRoles] = useState<readonly Role[]>(start.roles);
  const [isTried, setTried] = useState(false);
  const { isBusy, error, run } = useAct();
  const id = typedId === "" ? slugOf(name) : typedId;
  const ofCompany = kind === "administrator" || kind === "technician";
  const isRight = isSlug(id) && (!ofCompany || isSlug(company));
  const hasRoles = kind !== "person" || roles.length > 0;
  const isTaken = isListed(side, ofCompany ? `${company}/${id}` : id);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (!isRight || !hasRoles) return;
    const subject = subjectOf({ kind, name: name.trim(), id, company, roles });
    void run(async () => onLink(name.trim(), await makeLink(side, subject)));
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        {kind !== "technician" && (
          <CardChoice
            label={texts.kind}
            value={kind}
            choices={ownerKinds}
            words={texts.kinds}
            onChange={setKind}
          />
        )}
        <TextInput
          label={texts.name}
          value={name}
          required
          maxLength={120}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <SlugField
          label={texts.id}
          description={texts.idHint}
          value={id}
          error={isTried && !isSlug(id) ? texts.idWrong : undefined}
          onChange={setTypedId}
        />
        {kind === "administrator" && (
          <SlugField
            label={texts.company}
            description={texts.idHint}
            value={company}
            error={isTried && !isSlug(company) ? texts.idWrong : undefined}
            onChange={setCompany}
          />
        )}
        {isTaken && <Alert color="blue">{texts.idTaken}</Alert>}
        {kind === "person" && (
          <Checkbox.Group
            label={texts.roles}
            value={[...roles]}
            onChange={(value) => setRoles(value as Role[])}
            error={isTried && !hasRoles ? texts.rolesNone : undefined}
          >
            <Stack gap="sm" mt="xs">
              {staffRoles.map((role) => (
                <Checkbox
                  key={role}
                  value={role}
                  label={roleNames[role]}
                  description={rolesHints[role]}
                />
              ))}
            </Stack>
          </Checkbox.Group>
        )}
        <Trouble error={error} />
        <Button type="submit" size="lg" loading={isBusy}>
          {texts.make}
        </Button>
        <Button
          variant="subtle"
          component={Link}
          href={kind === "technician" ? "/company" : "/people"}
        >
          {texts.cancel}
        </Button>
      </Stack>
    </form>
  );
}

function subjectOf({ kind, name, id, company, roles }: Wish): InvitationSubject {
  if (kind === "administrator" || kind === "technician") {
    const person = parsePersonId(`${company}/${id}`);
    return { kind, company: parseCompanyId(company), id: person, name };
  }
  const granted: readonly Role[] = kind === "vendor" ? ["vendor"] : roles;
  return { kind: "person", id: parsePersonId(id), name, roles: granted };
}

// What the address asks for: `?as=owner`, `?as=vendor`, `?person=anna` for another device of somebody who is listed.
function startOf(side: PageSide, search: URLSearchParams): Wish {
  const company = ownCompany(side);
  const blank = { name: "", id: "", company: "", roles: ["approver"] as const };
  const again = search.get("person");
  if (company !== undefined && !side.hasRole("owner")) {
    const name = again === null ? "" : (search.get("name") ?? "");
    const id = again?.split("/")[1] ?? "";
    return { ...blank, kind: "technician", company, name, id };
  }
  const listed = side.held.manifest.payload.persons.find((each) => each.id === again);
  if (listed !== undefined) {
    const { id, name, roles } = listed;
    const isVendor = roles.every((role) => role === "vendor");
    return { ...blank, kind: isVendor ? "vendor" : "person", id, name, roles };
  }
  const administrator = side.held.manifest.payload.companies
    .flatMap(({ id, administrators }) => administrators.map((each) => ({ ...each, company: id })))
    .find((each) => each.id === again);
  if (administrator !== undefined) {
    const [, id = ""] = administrator.id.split("/");
    return { ...blank, ...administrator, kind: "administrator", id, roles: [] };
  }
  const as = search.get("as");
  if (as === "vendor") return { ...blank, kind: "vendor" };
  if (as === "owner") return { ...blank, kind: "person", roles: ["owner", "approver"] };
  return { ...blank, kind: "person" };
}

function isListed(side: PageSide, id: string): boolean {
  const { persons, companies } = side.held.manifest.payload;
  return (
    persons.some((each) => each.id === id) ||
    companies.some(({ administrators }) => administrators.some((each) => each.id === id))
  );
}
