// The frame around every page of somebody who is signed in: header, navigation at the side (on a phone at the bottom, where the thumb is), notices.
import {
  ActionIcon,
  Alert,
  Anchor,
  AppShell,
  Box,
  Group,
  Menu,
  NativeSelect,
  NavLink,
  Stack,
  Text,
  useMantineColorScheme,
} from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import {
  IconDeviceDesktop,
  IconLogout,
  IconMoon,
  IconPlugConnectedX,
  IconSettings,
  IconSun,
  IconUserCircle,
} from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { parseSiteId } from "../../../shared/ids.ts";
import { navigation } from "../areas.ts";
import { signOut } from "../person/session.ts";
import { shell } from "../texts/shell.ts";
import { Logo } from "./logo.tsx";
import { wordsOf } from "./page.tsx";
import type { NavigationEntry } from "./page-route.ts";
import { usePerson } from "./person-context.tsx";

const onPhone = "(max-width: 47.99em)";
const inBottomBar = 4;

export function Frame({ children }: { readonly children: ReactNode }) {
  const { side } = usePerson();
  const isPhone = useMediaQuery(onPhone, matchMedia(onPhone).matches, {
    getInitialValueInEffect: false,
  });
  const entries = side === undefined ? [] : navigation.filter(({ isFor }) => isFor(side));
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 232, breakpoint: "sm", collapsed: { mobile: true } }}
      footer={isPhone ? { height: 64 } : { height: 0 }}
      padding="md"
    >
      <Anchor href="#content" className="skip-link">
        {shell.skip}
      </Anchor>
      <AppShell.Header>
        <Header />
      </AppShell.Header>
      {!isPhone && (
        <AppShell.Navbar p="xs" aria-label={shell.navigation}>
          {entries.map((entry) => (
            <SideEntry key={entry.path} entry={entry} />
          ))}
        </AppShell.Navbar>
      )}
      <AppShell.Main id="content">
        <Box maw={1080} mx="auto">
          <Notices />
          {children}
        </Box>
      </AppShell.Main>
      {isPhone && (
        <AppShell.Footer component="nav" aria-label={shell.navigation}>
          <BottomBar entries={entries} />
        </AppShell.Footer>
      )}
    </AppShell>
  );
}

function Header() {
  const { side, sides, choose } = usePerson();
  return (
    <Group h="100%" px="md" justify="space-between" wrap="nowrap" gap="sm">
      <Group gap="sm" wrap="nowrap" miw={0}>
        <Anchor component={Link} href="/" aria-label={shell.home} c="inherit" underline="never">
          <Logo />
        </Anchor>
        {sides.length > 1 ? (
          <NativeSelect
            size="sm"
            aria-label={shell.site}
            value={side?.id}
            data={sides.map((each) => ({ value: each.id, label: each.held.manifest.payload.name }))}
            onChange={(event) => choose(parseSiteId(event.currentTarget.value))}
          />
        ) : (
          <Text truncate fw={600}>
            {side?.held.manifest.payload.name}
          </Text>
        )}
      </Group>
      <AccountMenu />
    </Group>
  );
}

function AccountMenu() {
  const { session, side, leave } = usePerson();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const who = session?.sites.find(({ site }) => site === side?.id) ?? session?.sites[0];
  const schemes = [
    { value: "light", icon: IconSun, label: shell.appearance.light },
    { value: "dark", icon: IconMoon, label: shell.appearance.dark },
    { value: "auto", icon: IconDeviceDesktop, label: shell.appearance.auto },
  ] as const;
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <ActionIcon aria-label={shell.account} color="gray">
          <IconUserCircle aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {who !== undefined && (
          <Menu.Label>
            {who.displayName} · {who.roles.join(", ") || who.person}
          </Menu.Label>
        )}
        <Menu.Item
          component={Link}
          href="/settings"
          leftSection={<IconSettings size={18} aria-hidden />}
        >
          {shell.settings}
        </Menu.Item>
        <Menu.Divider />
        {schemes.map(({ value, icon: SchemeIcon, label }) => (
          <Menu.Item
            key={value}
            role="menuitemradio"
            aria-checked={colorScheme === value}
            leftSection={<SchemeIcon size={18} aria-hidden />}
            onClick={() => setColorScheme(value)}
          >
            {label}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item
          leftSection={<IconLogout size={18} aria-hidden />}
          onClick={() => void signOut().finally(() => void leave())}
        >
          {shell.signOut}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function SideEntry({ entry }: { readonly entry: NavigationEntry }) {
  const [location] = useLocation();
  const isHere = isWithin(location, entry.path);
  return (
    <NavLink
      component={Link}
      href={entry.path}
      label={entry.label}
      active={isHere}
      aria-current={isHere ? "page" : undefined}
      leftSection={<entry.icon size={20} aria-hidden />}
    />
  );
}

function BottomBar({ entries }: { readonly entries: readonly NavigationEntry[] }) {
  const [location] = useLocation();
  const shown = entries.slice(0, inBottomBar);
  const rest = entries.slice(inBottomBar);
  return (
    <Group h="100%" gap={0} grow wrap="nowrap">
      {shown.map((entry) => {
        const isHere = isWithin(location, entry.path);
        return (
          <Anchor
            key={entry.path}
            component={Link}
            href={entry.path}
            underline="never"
            c={isHere ? undefined : "dimmed"}
            aria-current={isHere ? "page" : undefined}
          >
            <Stack gap={2} align="center">
              <entry.icon size={22} aria-hidden />
              <Text size="xs">{entry.label}</Text>
            </Stack>
          </Anchor>
        );
      })}
      {rest.length > 0 && (
        <Menu position="top-end">
          <Menu.Target>
            <Box component="button" className="plain-button" type="button">
              <Stack gap={2} align="center">
                <IconUserCircle size={22} aria-hidden />
                <Text size="xs">{shell.menu}</Text>
              </Stack>
            </Box>
          </Menu.Target>
          <Menu.Dropdown>
            {rest.map((entry) => (
              <Menu.Item
                key={entry.path}
                component={Link}
                href={entry.path}
                leftSection={<entry.icon size={18} aria-hidden />}
              >
                {entry.label}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
    </Group>
  );
}

function Notices() {
  const { fault, warnings, unknownSites, side } = usePerson();
  return (
    <Stack gap="sm" mb={fault !== undefined || warnings.length > 0 ? "md" : 0}>
      {fault !== undefined && (
        <Alert
          color="yellow"
          role="status"
          icon={<IconPlugConnectedX aria-hidden />}
          title={wordsOf(fault).title}
        >
          {wordsOf(fault).advice || wordsOf(fault).detail}
        </Alert>
      )}
      {warnings.map((warning) => (
        <Alert key={warning} color="yellow" role="status">
          {warning}
        </Alert>
      ))}
      {side === undefined &&
        unknownSites.map(({ site, name }) => (
          <Alert key={site} color="blue" title={shell.unknownHere(name)}>
            {shell.unknownHereHint}
          </Alert>
        ))}
    </Stack>
  );
}

function isWithin(location: string, path: string): boolean {
  return location === path || location.startsWith(`${path}/`);
}
