// How one is told: this device, mail, webhook; each tested and seen; duty and hand-over; and for owners, whom no message reaches.
import { Alert, Anchor, Stack } from "@mantine/core";
import { IconBellOff } from "@tabler/icons-react";
import { Link } from "wouter";
import { Loading, Page, Trouble } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { notifications } from "../texts/notifications.ts";
import { Duty } from "./duty.tsx";
import { MailSetUp } from "./mail-set-up.tsx";
import { PhoneSetUp } from "./phone-set-up.tsx";
import { ReachablePeople } from "./reachable-people.tsx";
import { useOwnNotify } from "./use-notify.ts";
import { Ways } from "./ways.tsx";
import { WebhookSetUp } from "./webhook-set-up.tsx";

export default function NotificationsPage() {
  const side = useSide();
  const { value, error, reload, api } = useOwnNotify();
  return (
    <Page title={notifications.title} about={notifications.about}>
      {value === undefined ? (
        error === undefined ? (
          <Loading />
        ) : (
          <Trouble error={error} retry={reload} />
        )
      ) : (
        <Stack gap="lg">
          {value.flag !== null && (
            <Alert color="orange" role="status" icon={<IconBellOff aria-hidden />}>
              {notifications.flag[value.flag]}
            </Alert>
          )}
          <PhoneSetUp api={api} own={value} onChange={reload} />
          <MailSetUp api={api} own={value} onChange={reload} />
          <Ways api={api} own={value} onChange={reload} />
          {side.hasRole("approver") && <Duty api={api} own={value} onChange={reload} />}
          {side.hasRole("owner") && <ReachablePeople api={api} />}
          {side.hasRole("owner", "approver") && (
            <Anchor component={Link} href="/notifications/order">
              {notifications.order.link}
            </Anchor>
          )}
          {side.hasRole("owner", "approver") && <WebhookSetUp api={api} onChange={reload} />}
        </Stack>
      )}
    </Page>
  );
}
