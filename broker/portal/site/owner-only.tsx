// Pages that only owners have: anybody else who knows the address is told so. What counts is verified on the edges; this spares people a dead end.
import type { ComponentType } from "react";
import { Empty, Page } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { ownerNavigation } from "../texts/owner-navigation.ts";

type Load = () => Promise<{ readonly default: ComponentType }>;

export function ownerOnly(load: Load): Load {
  return async () => {
    const { default: OwnersPage } = await load();
    return {
      default: function Guarded() {
        if (useSide().hasRole("owner")) return <OwnersPage />;
        return (
          <Page title={ownerNavigation.notForYou}>
            <Empty title={ownerNavigation.notForYouHint} />
          </Page>
        );
      },
    };
  };
}
