// What became of what somebody did: said to a screen reader too, and "nothing was signed" without alarm.
import { Alert, Text } from "@mantine/core";
import { IconCheck, IconInfoCircle } from "@tabler/icons-react";
import { Trouble } from "../shell/page.tsx";
import { approvals } from "../texts/approvals.ts";
import type { Act } from "../shell/use-act.ts";

export function Told({ act, done }: { readonly act: Act; readonly done?: string | undefined }) {
  return (
    <>
      {done !== undefined && (
        <Alert color="green" role="status" icon={<IconCheck aria-hidden />}>
          <Text>{done}</Text>
        </Alert>
      )}
      {act.isCancelled && (
        <Alert color="gray" role="status" icon={<IconInfoCircle aria-hidden />}>
          <Text>{approvals.nothingSigned}</Text>
        </Alert>
      )}
      <Trouble error={act.error} />
    </>
  );
}
